"""A run that died without a word is closed as failed by its workspace's next run."""

import pytest

from background_sync.records import runs
from background_sync.rules.policy import HOUR_MS
from tests.integration.faults import Faults
from tests.integration.world import LEASE_MS, NOW, World

NEXT = NOW + HOUR_MS


class Dead(BaseException):
    """The process ends here."""


def die(world: World, faults: Faults, operation: str, *, after: int = 0, run_at: int = NOW) -> None:
    faults.fail(operation, Dead(), after=after)
    with pytest.raises(Dead):
        world.run(run_at=run_at)
    world.clock.time += LEASE_MS


@pytest.fixture(autouse=True)
def one_sweep_is_dispatched_and_its_message_lost(world: World) -> None:
    world.workspace()
    world.stale_contacts(2)
    world.dispatch()
    world.receive()


@pytest.mark.parametrize(
    ("operation", "after"),
    [("GetItem", 0), ("GetItem", 1), ("UpdateItem", 1), ("UpdateItem", 2), ("Query", 0)],
)
def test_wherever_a_workspaces_first_run_died(
    world: World, faults: Faults, operation: str, after: int
) -> None:
    die(world, faults, operation, after=after)
    world.sweep(NEXT)
    assert (world.record(run_at=NOW).status, world.swept(NOW)["failed"]) == ("failed", 1)
    assert world.swept(NOW)["finished"]


def test_and_when_the_next_one_dies_too_before_it_did_so(world: World, faults: Faults) -> None:
    die(world, faults, "Query")
    world.clock.time = NEXT
    world.dispatch(NEXT)
    [received] = world.receive()
    die(world, faults, "Query", run_at=NEXT)
    world.work([received])
    assert world.record(run_at=NEXT).status == "completed"
    assert world.record(run_at=NOW).status == "failed"


def test_and_when_the_workspace_has_become_inactive(world: World, faults: Faults) -> None:
    die(world, faults, "Query")
    world.clock.time = NEXT
    world.dispatch(NEXT)
    world.workspace(kapso_phone_id=None)
    world.work()
    assert world.record(run_at=NOW).status == "failed"


def test_one_that_still_lives_is_left_alone(world: World) -> None:
    world.workspace(latest_run_at=NOW)
    runs.claim("w1", NOW, NEXT, LEASE_MS, first_delivery=True)
    world.sweep(NEXT)
    assert world.record(run_at=NOW).status == "running"


def test_one_that_failed_is_not_counted_twice(world: World, faults: Faults) -> None:
    faults.fail("Query", RuntimeError("boom"))
    assert not world.run()
    world.sweep(NEXT)
    assert (world.swept(NOW)["failed"], world.swept(NOW)["completed"]) == (1, 0)
