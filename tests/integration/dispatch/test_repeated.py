"""A dispatch of the same sweep again sends messages for runs that are missing or failed, and no others."""

import pytest

from tests.integration.dispatch.many import sent
from tests.integration.faults import Faults
from tests.integration.world import LEASE_MS, World


@pytest.fixture(autouse=True)
def two_workspaces(world: World) -> None:
    world.workspace("w1")
    world.workspace("w2")
    world.workspace("w3", kapso_phone_id=None)


def counts(world: World) -> tuple[int, ...]:
    sweep = world.swept()
    return tuple(sweep[name] for name in ("dispatched", "skipped", "completed", "failed"))


def test_completed_runs_are_neither_sent_again_nor_counted_twice(world: World) -> None:
    world.sweep()
    again = world.dispatch()
    assert (again.dispatched, again.skipped, again.complete) == (2, 1, True)
    assert not sent(world)
    assert counts(world) == (2, 1, 2, 0)


def test_messages_that_still_wait_are_not_sent_again(world: World) -> None:
    world.dispatch()
    world.dispatch()
    assert sent(world) == {"w1": 1, "w2": 1}
    assert counts(world) == (2, 1, 0, 0)


def test_a_lost_message_is_sent_again(world: World) -> None:
    world.dispatch()
    sent(world)
    assert world.run("w1")
    world.dispatch()
    assert sent(world) == {"w2": 1}


def test_a_failed_run_is_sent_again_and_then_counts_as_completed(world: World, faults: Faults) -> None:
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


def test_runs_that_are_leased_are_not_sent_again(world: World) -> None:
    world.dispatch()
    sent(world)
    for name in ("w1", "w2"):
        world.claim(partition=name)
    world.dispatch()
    assert not sent(world)


def test_a_run_whose_lease_expired_is_sent_again(world: World) -> None:
    world.dispatch()
    sent(world)
    world.claim()
    world.run("w2")
    world.clock.time += LEASE_MS
    world.dispatch()
    assert sent(world) == {"w1": 1}


def test_a_workspace_created_since_takes_part(world: World) -> None:
    world.sweep()
    world.workspace("w4")
    assert world.dispatch().dispatched == 3
    assert sent(world) == {"w4": 1}


def test_a_workspace_created_while_others_wait_is_sent_or_not_counted(world: World) -> None:
    world.dispatch()
    world.workspace("w4")
    world.dispatch()
    world.work()
    sweep = world.swept()
    assert sweep["dispatched"] == sweep["completed"]
