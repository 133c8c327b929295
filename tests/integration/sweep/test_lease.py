"""One owner at a time, and nothing waits for the dead."""

import pytest

from background_sync.messages import RUN, Message
from background_sync.records import runs
from background_sync.records.counters import complete_run
from background_sync.rules.policy import HOUR_MS
from tests.integration.world import LEASE_MS, NOW, Received, World


def claim(world: World, run_at: int = NOW) -> runs.Run:
    return runs.claim("w1", run_at, world.clock.now(), LEASE_MS, first_delivery=True)


def test_a_message_of_a_run_owned_elsewhere_is_not_acknowledged(world: World) -> None:
    world.workspace()
    world.stale_contacts(1)
    claim(world)
    assert not world.run()
    assert world.flagged() == set()
    assert world.record().attempts == 1


def test_when_the_lease_is_over_it_is_taken_over(world: World) -> None:
    world.workspace()
    world.stale_contacts(1)
    claim(world)
    world.clock.time += LEASE_MS
    assert world.run(receive_count=2)
    assert (world.record().status, world.record().attempts) == ("completed", 2)


def test_who_was_overtaken_changes_nothing(world: World) -> None:
    mine = claim(world)
    world.clock.time += LEASE_MS
    claim(world)
    with pytest.raises(runs.LeaseLost):
        runs.update_held(mine, runs.Run.selection.set({}))
    with pytest.raises(runs.LeaseLost):
        complete_run(world.database, mine, {"flagged": 9}, [], 4)
    assert world.record().flagged is None


def test_a_completed_run_is_acknowledged_without_a_second_look(world: World) -> None:
    world.workspace()
    world.run()
    world.stale_contacts(1)
    assert world.run(receive_count=2)
    assert world.flagged() == set()


def test_a_repeat_may_try_three_times(world: World) -> None:
    for _ in range(runs.MAX_ATTEMPTS):
        claim(world)
        world.clock.time += LEASE_MS
    assert not world.run(receive_count=4)
    assert (world.record().status, world.record().error) == ("failed", "lease expired without a result")


def test_but_a_message_sent_anew_may_always(world: World) -> None:
    world.workspace()
    for _ in range(runs.MAX_ATTEMPTS):
        claim(world)
        world.clock.time += LEASE_MS
    assert world.run(receive_count=1)
    assert world.record().status == "completed"


def test_the_next_run_closes_one_that_died(world: World) -> None:
    world.workspace()
    world.dispatch(NOW)
    [lost] = world.receive()
    claim(world)
    assert world.run(run_at=NOW) is False
    world.workspace(latest_run_at=NOW)
    world.sweep(NOW + HOUR_MS)
    assert world.swept(NOW)["failed"] == 1
    assert world.deliver(lost)
    assert (world.swept(NOW)["failed"], world.swept(NOW)["completed"], world.swept(NOW)["superseded"]) == (
        0,
        1,
        1,
    )


def test_a_run_older_than_one_claimed_since_flags_nobody(world: World) -> None:
    world.workspace()
    world.run(run_at=NOW + HOUR_MS)
    world.stale_contacts(1)
    assert world.run(run_at=NOW)
    assert (world.record().status, world.record().superseded) == ("completed", 1)
    assert world.flagged() == set()


def test_a_message_not_begun_near_the_deadline_is_no_attempt(world: World) -> None:
    world.workspace()
    received = Received(Message(RUN, "w1", NOW).body(), "none")
    world.clock.tick_ms = 100_000
    assert not world.deliver(received)
    assert runs.find("w1", NOW) is None


def test_one_put_back_too_often_goes_on_as_a_fresh_copy(world: World) -> None:
    received = Received(Message(RUN, "w1", NOW).body(), "none", receive_count=5)
    world.clock.tick_ms = 100_000
    assert world.deliver(received)
    assert [each.message for each in world.receive()] == [received.message]
