from functools import reduce
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from background_sync.rules.contact import activity_index_value
from background_sync.rules.policy import DAY_MS
from background_sync_ops.snapshot.merge import changes
from background_sync_ops.snapshot.values import Record
from tests.unit.snapshot.making import NOW, contact, merge_contacts

IMPOSSIBLE = st.sampled_from([0, 5, NOW * 1000, NOW + 400 * DAY_MS])
TIMES = st.none() | IMPOSSIBLE | st.integers(NOW - 6, NOW)
OWN_TIMES = st.none() | st.integers(0, 6)
NOTES = st.lists(
    st.builds(
        lambda content, by, at: {"content": content, "addedBy": by, "addedAt": at},
        st.sampled_from(["a", "b", "Sync check: No activity for 2 hours"]),
        st.sampled_from(["rina", "background-sync"]),
        OWN_TIMES,
    ),
    max_size=4,
)
FIELDS = st.fixed_dictionaries(
    {"lastActivityAt": TIMES, "updated_at": TIMES, "created_at": TIMES, "_creationTime": TIMES},
    optional={
        "notes": NOTES,
        "name": st.text(max_size=2),
        "city": st.text(max_size=2),
        "flagged_at": OWN_TIMES,
    },
)


@st.composite
def documents(draw: st.DrawFn) -> list[Record]:
    """Documents of one person, each with its own id."""
    found = draw(st.lists(FIELDS, min_size=2, max_size=4))
    return [contact(_id=f"c{number}", **fields) for number, fields in enumerate(found)]


def note_keys(record: Record) -> set[tuple[Any, ...]]:
    return {(note["content"], note["added_by"], note.get("added_at", 0)) for note in record.get("notes", ())}


def without_notes(record: Record) -> Record:
    return {name: value for name, value in record.items() if name != "notes"}


@given(documents())
def test_the_order_of_two_documents_makes_no_difference(people: list[Record]) -> None:
    one, two = people[:2]
    forwards, backwards = merge_contacts(one, two), merge_contacts(two, one)
    assert without_notes(forwards) == without_notes(backwards)
    assert note_keys(forwards) == note_keys(backwards)


@given(documents())
def test_importing_again_changes_nothing(people: list[Record]) -> None:
    stored = reduce(merge_contacts, people)
    for document in people:
        assert changes(stored, merge_contacts(stored, document)) == {}


@given(documents())
def test_no_note_is_lost_or_added(people: list[Record]) -> None:
    merged = reduce(merge_contacts, people)
    assert note_keys(merged) == set().union(*map(note_keys, people))
    assert len(merged.get("notes", ())) <= sum(len(each.get("notes", ())) for each in people)


@given(documents())
def test_the_newest_activity_and_the_newest_flag_remain(people: list[Record]) -> None:
    merged = reduce(merge_contacts, people)
    assert merged["activity_at"] == activity_index_value(merged, NOW)
    assert merged["activity_at"] == max(each["activity_at"] for each in people)
    assert merged.get("flagged_at", 0) == max(each.get("flagged_at", 0) for each in people)


@given(documents())
def test_no_field_is_lost(people: list[Record]) -> None:
    assert reduce(merge_contacts, people).keys() >= set().union(*people)
