"""Flagging that takes longer than one invocation."""

import pytest

from background_sync.rules.policy import DAY_MS
from background_sync.sync.flag import MAX_THREADS
from tests.integration.world import World

CAP = 2 * MAX_THREADS + 1


@pytest.fixture(autouse=True)
def many_to_flag_and_little_time(world: World) -> None:
    world.workspace(settings={"max_flags_per_run": CAP})
    world.stale_contacts(CAP + 4)
    world.clock.tick_ms = 14_000


def notes(world: World) -> list[int]:
    return [len(each["notes"]) for each in world.contacts().values() if "notes" in each]


def test_flagging_continues_in_follow_ups_and_counts_each_contact_once(world: World) -> None:
    world.run()
    world.work()
    assert world.record().attempts > 1
    assert world.counts("flagged", "over_cap") == (CAP, 4)
    assert notes(world) == [1] * CAP


def test_follow_ups_use_the_saved_selection(world: World) -> None:
    world.run()
    chosen = world.record().selection["contact_ids"]
    world.contact("1", 90 * DAY_MS)
    world.work()
    assert world.flagged() <= set(chosen)
    assert world.record().contacts_checked == CAP + 4


def test_selected_contacts_that_became_active_do_not_delay_the_run(world: World) -> None:
    world.run()
    flagged = len(world.flagged())
    assert 0 < flagged < CAP
    for contact_id in world.flagged():
        world.contact(contact_id)  # It is active again, and its flag is gone.
    for _ in range(12):
        assert all(world.deliver(each) for each in world.receive())
    assert (world.record().status, world.record().flagged) == ("completed", CAP)
    assert len(notes(world)) == CAP - flagged


def test_a_contact_refused_by_the_database_is_remembered(world: World) -> None:
    world.contact("6299", 90 * DAY_MS, notes="not a list")
    world.run()
    world.work()
    assert world.counts("flagged", "unwritable") == (CAP, 1)
    assert world.workspace_record()["unwritable"] == ["6299"]
