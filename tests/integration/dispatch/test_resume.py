"""A dispatch that is killed is continued by the next one, which does not start over."""

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS
from tests.integration.dispatch.many import put_workspaces, sent
from tests.integration.faults import Faults
from tests.integration.killer import Killed
from tests.integration.world import NOW, World

LEASE_MS = 60_000


def kill_dispatch(world: World, faults: Faults, operation: str, after: int, run_at: int = NOW) -> None:
    faults.fail(operation, Killed(), after=after)
    with pytest.raises(Killed):
        world.dispatch(run_at)
    world.clock.time += LEASE_MS


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("after", [0, 2, 4])
def test_the_next_dispatch_continues_and_counts_exactly(world: World, faults: Faults, after: int) -> None:
    active = put_workspaces(world, 35, without_token=5)
    world.segments = 3
    kill_dispatch(world, faults, "UpdateItem", after)
    done = world.dispatch()
    assert (done.dispatched, done.skipped, done.complete) == (35, 5, True)
    assert sent(world).keys() == set(active)


@pytest.mark.usefixtures("small_pages")
def test_messages_sent_before_a_saved_cursor_are_not_sent_again(world: World, faults: Faults) -> None:
    active = put_workspaces(world, 15)
    kill_dispatch(world, faults, "Scan", 1)
    assert sent(world).total() == 10
    world.dispatch()
    assert sent(world).total() == len(active) - 10


def test_the_next_dispatch_waits_for_the_lease_of_the_killed_one(world: World, faults: Faults) -> None:
    world.workspace()
    kill_dispatch(world, faults, "Scan", 0)
    world.clock.time -= LEASE_MS
    assert world.dispatch().complete
    assert world.clock.time >= NOW + LEASE_MS
    assert sent(world) == {"w1": 1}


def test_the_next_sweep_first_resumes_an_unfinished_one(world: World, faults: Faults) -> None:
    world.workspace("w1")
    kill_dispatch(world, faults, "Scan", 0)
    world.clock.time = NOW + HOUR_MS
    assert world.dispatch(NOW + HOUR_MS).complete
    assert [each.message.run_at for each in world.receive()] == [NOW, NOW + HOUR_MS]
    assert world.swept(NOW)["status"] == "dispatched"


def test_a_daily_sweep_that_is_a_second_late_resumes_the_last_one(world: World, faults: Faults) -> None:
    world.interval_ms = DAY_MS
    world.workspace("w1")
    kill_dispatch(world, faults, "Scan", 0)
    world.clock.time = later = NOW + DAY_MS + 1_000
    assert world.dispatch(later).complete
    assert [each.message.run_at for each in world.receive()] == [NOW, later]


def test_a_sweep_older_than_a_day_and_an_interval_is_not_resumed(world: World, faults: Faults) -> None:
    world.workspace("w1")
    kill_dispatch(world, faults, "Scan", 0)
    world.clock.time = later = NOW + DAY_MS + HOUR_MS + 1
    assert world.dispatch(later).complete
    assert [each.message.run_at for each in world.receive()] == [later]


def test_the_next_sweep_does_not_repeat_a_finished_dispatch(world: World) -> None:
    world.workspace("w1")
    world.sweep(NOW)
    world.dispatch(NOW + HOUR_MS)
    assert [each.message.run_at for each in world.receive()] == [NOW + HOUR_MS]
