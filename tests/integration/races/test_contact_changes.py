"""Somebody else writes a contact between its reading and its flag."""

from typing import Any

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS
from tests.integration.faults import FOR_GOOD, Faults
from tests.integration.world import NOW, World

CLAIM_REMEMBER_SELECT = 3
"""The updates that a run makes before its first flag."""
HERS = {"content": "called her", "added_by": "ana", "added_at": NOW}


@pytest.fixture(autouse=True)
def one_stale_contact(world: World) -> None:
    world.workspace()
    world.contact("628", DAY_MS)


def outcome(world: World) -> dict[str, int]:
    record = world.record()
    names = ("flagged", "in_cooldown", "lost_race", "invalid", "over_cap")
    assert record.contacts_checked == record.fresh + record.closed_leads + record.invalid + record.stale_found
    return {name: getattr(record, name) for name in names if getattr(record, name)}


def test_it_is_read_again_and_both_notes_stay(world: World, faults: Faults) -> None:
    faults.meanwhile(
        "UpdateItem", lambda: world.contact("628", DAY_MS, notes=[HERS]), after=CLAIM_REMEMBER_SELECT
    )
    world.run()
    assert [note["added_by"] for note in world.read("628")["notes"]] == ["ana", "background-sync"]
    assert outcome(world) == {"flagged": 1}


def test_five_times_in_a_row_is_a_lost_race(world: World, faults: Faults) -> None:
    calls: list[int] = []

    def write() -> None:
        calls.append(1)
        world.contact("628", DAY_MS, notes=[HERS] * len(calls))

    faults.meanwhile("UpdateItem", write, times=5, after=CLAIM_REMEMBER_SELECT)
    world.run()
    assert world.read("628")["notes"] == [HERS] * 5
    assert outcome(world) == {"lost_race": 1}


@pytest.mark.parametrize(
    ("change", "counted"),
    [
        ({"lead_status": "converted"}, {"lost_race": 1}),
        ({"last_activity_at": NOW}, {"lost_race": 1}),
        ({"flagged_at": NOW - HOUR_MS}, {"in_cooldown": 1}),
        ({"flagged_at": NOW + HOUR_MS}, {"in_cooldown": 1}),
        ({"flagged_at": "today"}, {"invalid": 1}),
        ({"lead_status": 5}, {"invalid": 1}),
    ],
)
def test_what_it_has_become_is_judged_again(
    world: World, faults: Faults, change: dict[str, Any], counted: dict[str, int]
) -> None:
    faults.meanwhile(
        "UpdateItem", lambda: world.contact("628", DAY_MS, **change), after=CLAIM_REMEMBER_SELECT
    )
    world.run()
    assert "notes" not in world.read("628")
    assert outcome(world) == counted


def test_one_that_is_deleted_is_not_made_again(world: World, faults: Faults) -> None:
    key = {"workspace_id": {"S": "w1"}, "contact_id": {"S": "628"}}
    faults.meanwhile(
        "UpdateItem",
        lambda: world.database.client.delete_item(TableName=world.database.tables.contacts, Key=key),
        after=CLAIM_REMEMBER_SELECT,
    )
    world.run()
    assert world.items(world.database.tables.contacts) == []
    assert outcome(world) == {"lost_race": 1}


def test_who_loses_the_race_gives_the_place_to_the_next(world: World, faults: Faults) -> None:
    world.workspace(settings={"max_flags_per_run": 1})
    world.contact("629", 2 * HOUR_MS)
    faults.meanwhile("UpdateItem", lambda: world.contact("628"), after=CLAIM_REMEMBER_SELECT)
    world.run()
    assert world.flagged() == {"629"}
    assert outcome(world) == {"flagged": 1, "lost_race": 1}


def test_one_that_moves_between_two_pages_is_flagged_and_counted_once(world: World, faults: Faults) -> None:
    world.page_size = 1
    world.contact("621", 9 * HOUR_MS)
    faults.meanwhile("Query", lambda: world.contact("628", 5 * HOUR_MS), after=1)
    world.run()
    assert world.record().flagged == len(world.flagged()) == 2


def test_nothing_of_this_is_for_ever(world: World, faults: Faults) -> None:
    faults.meanwhile(
        "UpdateItem", lambda: world.contact("628", DAY_MS, seen=world.clock.now()), times=FOR_GOOD
    )
    assert world.run()
    assert outcome(world) == {"flagged": 1}
