"""A run whose lease expired without a result is closed as failed by the workspace's next run."""

import pytest

from background_sync.records import runs
from background_sync.rules.policy import HOUR_MS
from tests.integration.faults import Faults
from tests.integration.killer import kill_run
from tests.integration.world import LEASE_MS, NOW, World

NEXT = NOW + HOUR_MS


@pytest.fixture(autouse=True)
def sweep_whose_message_is_lost(world: World) -> None:
    world.workspace()
    world.stale_contacts(2)
    world.dispatch()
    world.receive()


@pytest.mark.parametrize(
    ("operation", "after"),
    [("GetItem", 0), ("BatchGetItem", 0), ("UpdateItem", 1), ("UpdateItem", 2), ("Query", 0)],
)
def test_the_next_closes_an_expired_run(world: World, faults: Faults, operation: str, after: int) -> None:
    kill_run(world, faults, operation, after=after)
    world.sweep(NEXT)
    assert (world.record(run_at=NOW).status, world.swept(NOW)["failed"]) == ("failed", 1)
    assert world.swept(NOW)["finished"]


def test_an_expired_run_is_closed_even_if_the_next_run_dies_too(world: World, faults: Faults) -> None:
    kill_run(world, faults, "Query")
    world.clock.time = NEXT
    world.dispatch(NEXT)
    [received] = world.receive()
    kill_run(world, faults, "Query", run_at=NEXT)
    world.work([received])
    assert world.record(run_at=NEXT).status == "completed"
    assert world.record(run_at=NOW).status == "failed"


def test_an_expired_run_of_an_inactive_workspace_is_closed(world: World, faults: Faults) -> None:
    kill_run(world, faults, "Query")
    world.clock.time = NEXT
    world.dispatch(NEXT)
    world.workspace(kapso_phone_id=None)
    world.work()
    assert world.record(run_at=NOW).status == "failed"


def test_a_run_whose_lease_has_not_expired_is_not_closed(world: World) -> None:
    world.workspace(latest_run_at=NOW)
    runs.claim("w1", NOW, NEXT, LEASE_MS, first_delivery=True)
    world.sweep(NEXT)
    assert world.record(run_at=NOW).status == "running"


def test_a_failed_run_is_not_counted_twice(world: World, faults: Faults) -> None:
    faults.fail("Query", RuntimeError("boom"))
    assert not world.run()
    world.sweep(NEXT)
    assert (world.swept(NOW)["failed"], world.swept(NOW)["completed"]) == (1, 0)
