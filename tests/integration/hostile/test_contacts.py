"""Contacts with any content are counted, and do not stop the others from being flagged."""

from decimal import Decimal
from typing import Any

import pytest

from background_sync.records.contacts import record_activity
from background_sync.rules.identity import MAX_WORKSPACE_ID_BYTES
from background_sync.rules.policy import DAY_MS, HOUR_MS
from tests.integration.world import NOW, World


def stale(contact_id: str, age_ms: int = 3 * DAY_MS, **attributes: Any) -> dict[str, Any]:
    times = {"activity_at": NOW - age_ms, "last_activity_at": NOW - age_ms}
    return {"workspace_id": "w1", "contact_id": contact_id, **times, **attributes}


def put(world: World, contact_id: str, **attributes: Any) -> None:
    """Put a stale contact with `attributes`; None is stored as a null."""
    world.put_many(world.database.tables.contacts, [stale(contact_id, **attributes)])


@pytest.fixture(autouse=True)
def workspace_with_one_valid_contact(world: World) -> None:
    world.workspace()
    world.contact("6200", 2 * HOUR_MS)


def run_counts(world: World) -> dict[str, int]:
    assert world.run()
    record = world.record()
    assert "6200" in world.flagged()
    assert record.contacts_checked == record.fresh + record.closed_leads + record.invalid + record.stale_found
    names = ("flagged", "in_cooldown", "over_cap", "lost_race", "unwritable", "invalid", "fresh")
    return {name: getattr(record, name) for name in names if getattr(record, name)}


@pytest.mark.parametrize(
    "notes",
    [
        None,
        [],
        [None],
        ["text", 5, True, b"x", [], {}],
        [{"content": None, "added_by": None}],
        [{"content": ["Sync check:"], "added_by": "background-sync"}],
        [{"content": "Sync check: x", "added_by": {"name": "background-sync"}}],
    ],
)
def test_list_notes_of_any_content_are_kept(world: World, notes: list[object] | None) -> None:
    put(world, "6201", notes=notes)
    assert run_counts(world) == {"flagged": 2}
    assert world.read("6201")["notes"][:-1] == (notes or [])


@pytest.mark.parametrize("notes", ["text", 5, True, {"a": 1}, {"set"}, b"x"])
def test_notes_that_are_not_a_list_are_not_changed(world: World, notes: object) -> None:
    put(world, "6201", notes=notes)
    assert run_counts(world) == {"flagged": 1, "unwritable": 1}
    assert world.read("6201")["notes"] == notes
    assert "flagged_at" not in world.read("6201")


@pytest.mark.parametrize(
    "valid",
    [
        {"lead_status": None},
        {"flagged_at": None},
        {"updated_at": None},
        {"flagged_at": NOW - 2 * DAY_MS + Decimal("0.25")},
    ],
)
def test_nulls_and_fractions_of_a_millisecond_are_valid(world: World, valid: dict[str, object]) -> None:
    put(world, "6201", **valid)
    assert run_counts(world) == {"flagged": 2}


@pytest.mark.parametrize(
    "wrong",
    [
        {"lead_status": 5},
        {"lead_status": ["archived"]},
        {"flagged_at": "x"},
        {"flagged_at": -1},
        {"flagged_at": True},
        {"last_activity_at": "x"},
        {"last_activity_at": -1},
        {"last_activity_at": [NOW]},
        {"last_activity_at": 0, "updated_at": b"x"},
        {"activity_at": -5},
    ],
)
def test_a_wrong_type_is_invalid(world: World, wrong: dict[str, object]) -> None:
    put(world, "6201", **wrong)
    assert run_counts(world) == {"flagged": 1, "invalid": 1}


@pytest.mark.parametrize("contact_id", ["x" * 1024, "日" * 341, "\x00\x01", "a b/c?d#e", "\U0001f600" * 256])
def test_a_contact_id_may_have_any_characters(world: World, contact_id: str) -> None:
    put(world, contact_id)
    assert run_counts(world) == {"flagged": 2}


def test_long_contact_ids_fit_the_run_record_at_the_largest_cap(world: World) -> None:
    world.workspace(settings={"max_flags_per_run": 500})
    world.put_many(
        world.database.tables.contacts,
        (
            stale(f"{number:03d}".rjust(1024, "x"), DAY_MS, flagged_at=NOW - HOUR_MS * 25 + number)
            for number in range(430)
        ),
    )
    world.page_size, world.clock.tick_ms = 220, 0
    assert world.run()
    assert 200 < world.record().flagged < 431  # as many as a run_counts's record has room for
    assert world.run(run_at=NOW + 1)
    assert all(each.get("flagged_at", 0) >= NOW for each in world.contacts().values())


def test_many_contacts_that_cannot_be_written_do_not_hold_up_others(world: World) -> None:
    world.workspace(settings={"max_flags_per_run": 5})
    world.put_many(
        world.database.tables.contacts,
        (stale(f"63{number:03d}", DAY_MS, notes="not a list") for number in range(33)),
    )
    for hour in range(6):
        world.run(run_at=NOW + hour * HOUR_MS)
    assert world.flagged() == {"6200"}


@pytest.mark.parametrize(
    "nulls", [{"last_activity_at": None}, {"updated_at": None}, {"last_activity_at": None, "created_at": 5}]
)
def test_activity_is_recorded_although_a_time_is_null(world: World, nulls: dict[str, object]) -> None:
    put(world, "6201", **nulls)
    assert record_activity(world.database, "w1", "6201", NOW - 5)
    assert world.read("6201")["last_activity_at"] == NOW - 5


@pytest.mark.parametrize("at", [NOW // 1000, NOW * 1000, NOW + DAY_MS + 1, 0, -1])
def test_a_time_that_cannot_be_is_refused_by_name_and_nothing_is_written(world: World, at: int) -> None:
    with pytest.raises(ValueError, match=f"at is {at}, expected a time in ms from 2000-01-01"):
        record_activity(world.database, "w1", "6209", at)
    assert "6209" not in world.contacts()


@pytest.mark.parametrize("at", [NOW // 1000, NOW * 1000, NOW + 400 * DAY_MS])
def test_a_stored_time_that_cannot_be_does_not_hold_up_true_ones(world: World, at: int) -> None:
    put(world, "6201", last_activity_at=at, activity_at=at, updated_at=at)
    assert record_activity(world.database, "w1", "6201", NOW)
    names = ("last_activity_at", "activity_at", "updated_at")
    assert [world.contacts()["6201"][name] for name in names] == [NOW] * 3
    assert not record_activity(world.database, "w1", "6201", NOW - 1)


def test_an_empty_id_or_name_of_an_activity_is_none(world: World) -> None:
    """DynamoDB refuses an empty text as an index's key."""
    assert record_activity(
        world.database, "w1", "6201", NOW, phone="", business_scoped_user_id="", profile_name=""
    )
    assert world.contacts()["6201"].keys().isdisjoint({"phone", "business_scoped_user_id", "name"})


@pytest.mark.parametrize(
    ("name", "limit"),
    [("workspace_id", MAX_WORKSPACE_ID_BYTES), ("contact_id", 1024), ("business_scoped_user_id", 1024)],
)
def test_an_activity_takes_the_longest_keys_and_refuses_longer_ones(
    world: World, name: str, limit: int
) -> None:
    ids = {"workspace_id": "w1", "contact_id": "6201"}
    assert record_activity(world.database, **{**ids, name: "ü" * (limit // 2)}, at=NOW)
    with pytest.raises(ValueError, match=f"{name} has {limit + 1} bytes, expected 1 to {limit}"):
        record_activity(world.database, **{**ids, name: "x" * (limit + 1)}, at=NOW)


@pytest.mark.parametrize("at", [NOW // 1000, NOW * 1000, NOW + 400 * DAY_MS])
def test_an_index_value_that_cannot_be_is_invalid_until_the_audit_heals_it(world: World, at: int) -> None:
    put(world, "6201", last_activity_at=at, activity_at=at, updated_at=NOW - DAY_MS)
    assert run_counts(world) == {"flagged": 1, "invalid": 1}
    assert world.audit()
    audited = world.record("#audit#w1")
    assert (audited.invalid, audited.fixed_outdated) == (1, 1)
    assert world.run(run_at=NOW + HOUR_MS)
    assert world.notes("6201") == ["Sync check: No activity for 25 hours"]
