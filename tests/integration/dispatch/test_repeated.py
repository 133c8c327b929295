"""The same scheduled time again: what is missing or failed, and nothing else."""

import pytest

from background_sync.records import runs
from background_sync.rules.policy import HOUR_MS
from tests.integration.dispatch.many import sent
from tests.integration.faults import Faults
from tests.integration.world import LEASE_MS, NOW, World


@pytest.fixture(autouse=True)
def two_workspaces(world: World) -> None:
    world.workspace("w1")
    world.workspace("w2")
    world.workspace("w3", kapso_phone_id=None)


def counts(world: World) -> tuple[int, ...]:
    sweep = world.swept()
    return tuple(sweep[name] for name in ("dispatched", "skipped", "completed", "failed"))


def test_what_is_completed_is_not_sent_again_nor_counted_twice(world: World) -> None:
    world.sweep()
    again = world.dispatch()
    assert (again.dispatched, again.skipped, again.complete) == (2, 1, True)
    assert not sent(world)
    assert counts(world) == (2, 1, 2, 0)


def test_what_still_waits_is_not_sent_again(world: World) -> None:
    world.dispatch()
    world.dispatch()
    assert sent(world) == {"w1": 1, "w2": 1}
    assert counts(world) == (2, 1, 0, 0)


def test_what_was_lost_is(world: World) -> None:
    world.dispatch()
    sent(world)
    assert world.run("w1")
    world.dispatch()
    assert sent(world) == {"w2": 1}


def test_what_failed_is_and_then_counts_as_completed(world: World, faults: Faults) -> None:
    world.dispatch()
    faults.fail("Query", RuntimeError("boom"))
    first, second = world.receive()
    assert (world.deliver(first), world.deliver(second)) == (False, True)
    assert counts(world) == (2, 1, 1, 1)
    world.dispatch()
    again = world.receive()
    assert [each.message for each in again] == [first.message]
    world.work(again)
    assert counts(world) == (2, 1, 2, 0)


def test_what_is_being_worked_on_is_not(world: World) -> None:
    world.dispatch()
    sent(world)
    for name in ("w1", "w2"):
        runs.claim(name, NOW, world.clock.now(), LEASE_MS, first_delivery=True)
    world.dispatch()
    assert not sent(world)


def test_what_died_is_when_nothing_waits_any_more(world: World) -> None:
    world.dispatch()
    sent(world)
    runs.claim("w1", NOW, world.clock.now(), LEASE_MS, first_delivery=True)
    world.run("w2")
    world.clock.time += LEASE_MS
    world.dispatch()
    assert sent(world) == {"w1": 1}


def test_a_workspace_that_came_since_takes_part(world: World) -> None:
    world.sweep()
    world.workspace("w4")
    assert world.dispatch().dispatched == 3
    assert sent(world) == {"w4": 1}


def test_one_that_came_while_others_wait_is_sent_too_or_not_counted(world: World) -> None:
    world.dispatch()
    world.workspace("w4")
    world.dispatch()
    world.work()
    sweep = world.swept()
    assert sweep["dispatched"] == sweep["completed"]


def test_the_next_sweep_is_another(world: World) -> None:
    world.sweep()
    later = world.sweep(NOW + HOUR_MS)
    assert (later["dispatched"], later["completed"]) == (2, 2)
    assert counts(world) == (2, 1, 2, 0)
