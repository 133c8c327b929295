"""Flagging that takes longer than one invocation."""

import pytest

from background_sync.rules.policy import DAY_MS
from tests.integration.world import World


@pytest.fixture(autouse=True)
def many_to_flag_and_little_time(world: World) -> None:
    world.workspace(settings={"max_flags_per_run": 6})
    world.stale_contacts(10)
    world.clock.tick_ms = 14_000


def notes(world: World) -> list[int]:
    return [len(each["notes"]) for each in world.items(world.database.tables.contacts) if "notes" in each]


def test_it_goes_on_and_counts_each_once(world: World) -> None:
    world.run()
    world.work()
    assert world.record().attempts > 1
    assert (world.record().flagged, world.record().over_cap) == (6, 4)
    assert notes(world) == [1] * 6


def test_from_the_selection_that_was_made_first(world: World) -> None:
    world.run()
    chosen = world.record().selection["contact_ids"]
    world.contact("1", 90 * DAY_MS)
    world.work()
    assert world.flagged() <= set(chosen)
    assert world.record().contacts_checked == 10


def test_those_that_cannot_be_flagged_any_more_do_not_hold_it_up(world: World) -> None:
    world.run()
    flagged = len(world.flagged())
    assert 0 < flagged < 6
    for contact_id in world.flagged():
        world.contact(contact_id)  # active again, and its flag gone
    for _ in range(12):
        assert all(world.deliver(each) for each in world.receive())
    assert (world.record().status, world.record().flagged) == ("completed", 6)
    assert len(notes(world)) == 6 - flagged


def test_whom_the_database_refuses_is_remembered_all_the_same(world: World) -> None:
    world.contact("6299", 90 * DAY_MS, notes="no list")
    world.run()
    world.work()
    assert (world.record().flagged, world.record().unwritable) == (6, 1)
    assert world.items(world.database.tables.workspaces)[0]["unwritable"] == ["6299"]
