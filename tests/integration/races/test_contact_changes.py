"""Somebody else writes a contact between the moment a run reads it and the moment it flags it."""

from collections.abc import Callable
from typing import Any

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS
from tests.integration.faults import FOR_GOOD, Faults
from tests.integration.world import NOW, World

CLAIM_REMEMBER_SELECT = 3
"""The updates that a run makes before its first flag."""
NOTE = {"content": "called her", "added_by": "ana", "added_at": NOW}


@pytest.fixture(autouse=True)
def one_stale_contact(world: World) -> None:
    world.workspace()
    world.contact("628", DAY_MS)


def before_flag(faults: Faults, act: Callable[[], object], times: int = 1) -> None:
    faults.meanwhile("UpdateItem", act, times=times, after=CLAIM_REMEMBER_SELECT)


def outcome(world: World) -> dict[str, int]:
    record = world.record()
    names = ("flagged", "in_cooldown", "lost_race", "invalid", "over_cap")
    assert record.contacts_checked == record.fresh + record.closed_leads + record.invalid + record.stale_found
    return {name: getattr(record, name) for name in names if getattr(record, name)}


def test_a_note_added_meanwhile_is_kept_beside_the_flag(world: World, faults: Faults) -> None:
    before_flag(faults, lambda: world.contact("628", DAY_MS, notes=[NOTE]))
    world.run()
    assert [note["added_by"] for note in world.read("628")["notes"]] == ["ana", "background-sync"]
    assert outcome(world) == {"flagged": 1}


def test_a_contact_that_changes_five_times_in_a_row_is_a_lost_race(world: World, faults: Faults) -> None:
    calls: list[int] = []

    def write() -> None:
        calls.append(1)
        world.contact("628", DAY_MS, notes=[NOTE] * len(calls))

    before_flag(faults, write, times=5)
    world.run()
    assert world.read("628")["notes"] == [NOTE] * 5
    assert outcome(world) == {"lost_race": 1}


@pytest.mark.parametrize(
    ("change", "counted"),
    [
        ({"lead_status": "converted"}, {"lost_race": 1}),
        ({"last_activity_at": NOW}, {"lost_race": 1}),
        ({"flagged_at": NOW - HOUR_MS}, {"in_cooldown": 1}),
        ({"flagged_at": NOW + 1}, {"in_cooldown": 1}),
        ({"flagged_at": "today"}, {"invalid": 1}),
        ({"lead_status": 5}, {"invalid": 1}),
    ],
)
def test_a_contact_that_changed_meanwhile_is_judged_again(
    world: World, faults: Faults, change: dict[str, Any], counted: dict[str, int]
) -> None:
    before_flag(faults, lambda: world.contact("628", DAY_MS, **change))
    world.run()
    assert "notes" not in world.read("628")
    assert outcome(world) == counted


def test_a_contact_deleted_meanwhile_is_not_created_again(world: World, faults: Faults) -> None:
    before_flag(faults, lambda: world.delete_contact("628"))
    world.run()
    assert world.contacts() == {}
    assert outcome(world) == {"lost_race": 1}


def test_a_contact_that_lost_the_race_gives_its_place_to_the_next(world: World, faults: Faults) -> None:
    world.workspace(settings={"max_flags_per_run": 1})
    world.contact("629", 2 * HOUR_MS)
    before_flag(faults, lambda: world.contact("628"))
    world.run()
    assert world.flagged() == {"629"}
    assert outcome(world) == {"flagged": 1, "lost_race": 1}


def test_the_cap_holds_while_others_change_contacts_that_are_written_together(
    world: World, faults: Faults
) -> None:
    world.workspace(settings={"max_flags_per_run": 10})
    chosen = world.stale_contacts(20)
    before_flag(faults, lambda: [world.contact(each) for each in chosen[:5]])
    world.run()
    assert world.flagged() == {"628", *chosen[5:14]}
    assert outcome(world) == {"flagged": 10, "lost_race": 5, "over_cap": 6}


def test_a_contact_that_moves_between_two_pages_counts_once(world: World, faults: Faults) -> None:
    world.page_size = 1
    world.contact("621", 9 * HOUR_MS)
    faults.meanwhile("Query", lambda: world.contact("628", 5 * HOUR_MS), after=1)
    world.run()
    assert world.record().flagged == len(world.flagged()) == 2


def test_a_run_ends_even_if_every_write_meets_a_change(world: World, faults: Faults) -> None:
    faults.meanwhile(
        "UpdateItem", lambda: world.contact("628", DAY_MS, seen=world.clock.now()), times=FOR_GOOD
    )
    assert world.run()
    assert outcome(world) == {"flagged": 1}
