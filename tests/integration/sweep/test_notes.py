"""A flag keeps the notes of others, and the latest notes of sync."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from background_sync.records.contacts import read_contact, write_flag
from background_sync.rules.notes import AUTHOR, Note
from background_sync.rules.policy import DAY_MS
from tests.integration.world import NOW, World

FLAG = Note("Sync check: No activity for 9 hours", AUTHOR, NOW)


def sync_note(at: int) -> dict[str, Any]:
    return {"content": "Sync check: No activity for 1 hours", "added_by": AUTHOR, "added_at": at}


def test_a_contact_too_large_to_write_gives_its_place_to_the_next(world: World) -> None:
    world.workspace(settings={"max_flags_per_run": 1})
    world.contact("621", 3 * DAY_MS, blob="x" * 409_450)
    world.contact("622", 2 * DAY_MS)
    world.run()
    assert world.flagged() == {"622"}
    assert world.counts("flagged", "unwritable") == (1, 1)
    world.contact("623", DAY_MS)
    world.run(run_at=NOW + 1)
    assert world.flagged() == {"622", "623"}
    assert world.record(run_at=NOW + 1).unwritable == 0


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.text(max_size=9)
    | st.binary(min_size=1, max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    others=st.lists(anything, max_size=6),
    ours=st.lists(st.integers(1, NOW), max_size=9),
    limit=st.integers(1, 4),
)
def test_others_notes_keep_their_order(world: World, others: list[Any], ours: list[int], limit: int) -> None:
    mixed = [*others[:2], *(sync_note(at) for at in ours), *others[2:]]
    world.contact("628", DAY_MS, notes=mixed)
    read = read_contact(world.database, "w1", "628")
    assert read is not None
    write_flag(world.database, "w1", read, FLAG, limit)
    after = read_contact(world.database, "w1", "628")
    assert after is not None
    written = [note for note in after["notes"]["L"] if note.get("M", {}).get("added_by") != {"S": AUTHOR}]
    was = [note for note in read["notes"]["L"] if note.get("M", {}).get("added_by") != {"S": AUTHOR}]
    assert written == was
    assert len(after["notes"]["L"]) - len(written) == min(len(ours) + 1, limit)
