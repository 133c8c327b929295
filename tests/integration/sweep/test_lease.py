"""A run has one owner at a time; when the owner dies, another delivery takes over."""

import pytest

from background_sync.records import runs
from background_sync.records.counters import complete_run
from background_sync.rules.policy import HOUR_MS
from tests.integration.world import LEASE_MS, NOW, World, message


def spend_attempts(world: World) -> None:
    """Claim the run as often as it may be tried; each lease expires."""
    for _ in range(runs.MAX_ATTEMPTS):
        world.claim()
        world.clock.time += LEASE_MS


def test_a_leased_run_is_not_acknowledged_and_is_taken_over_when_the_lease_expires(world: World) -> None:
    world.workspace()
    world.stale_contacts(1)
    world.claim()
    assert not world.run()
    assert (world.flagged(), world.record().attempts) == (set(), 1)
    world.clock.time += LEASE_MS
    assert world.run(receive_count=2)
    assert (world.record().status, world.record().attempts) == ("completed", 2)


def test_a_delivery_that_lost_its_lease_changes_nothing(world: World) -> None:
    lost = world.claim()
    world.clock.time += LEASE_MS
    world.claim()
    with pytest.raises(runs.LeaseLost):
        runs.update_held(lost, runs.Run.selection.set({}))
    with pytest.raises(runs.LeaseLost):
        complete_run(world.database, lost, {"flagged": 9}, [], 4)
    assert world.record().flagged is None


def test_a_completed_run_is_acknowledged_and_not_repeated(world: World) -> None:
    world.workspace()
    world.run()
    world.stale_contacts(1)
    assert world.run(receive_count=2)
    assert world.flagged() == set()


def test_a_repeated_message_may_try_three_times(world: World) -> None:
    spend_attempts(world)
    assert not world.run(receive_count=4)
    assert (world.record().status, world.record().error) == ("failed", "lease expired without a result")


def test_a_message_sent_anew_may_always_try(world: World) -> None:
    world.workspace()
    spend_attempts(world)
    assert world.run(receive_count=1)
    assert world.record().status == "completed"


def test_a_run_older_than_the_latest_claimed_one_flags_nobody(world: World) -> None:
    world.workspace()
    world.run(run_at=NOW + HOUR_MS)
    world.stale_contacts(1)
    assert world.run(run_at=NOW)
    assert (world.record().status, world.record().superseded) == ("completed", 1)
    assert world.flagged() == set()


def test_a_message_received_near_the_deadline_does_not_count_as_an_attempt(world: World) -> None:
    world.workspace()
    world.clock.tick_ms = 100_000
    assert not world.deliver(message())
    assert runs.find("w1", NOW) is None


def test_a_message_returned_five_times_without_an_attempt_continues_as_a_fresh_copy(world: World) -> None:
    received = message(receive_count=5)
    world.clock.tick_ms = 100_000
    assert world.deliver(received)
    assert [each.message for each in world.receive()] == [received.message]
