"""One event for each finished sweep, at least once."""

import pytest

from background_sync.notices import Notices
from background_sync.rules.policy import HOUR_MS
from background_sync.status.announce import announce_sweeps
from background_sync_ops.stack.stack import LocalStack
from tests.integration.faults import Faults
from tests.integration.notices.conftest import Events
from tests.integration.world import NOW, World

SWEEP = "Sweep finished"


def announce(world: World) -> None:
    with world.acting("MonitorRole"):
        announce_sweeps(world.database, world.clock, world.notices)


def sweep_ids(events: Events) -> list[str]:
    return [event["id"] for event in events() if event["event"] == SWEEP]


def sweep_id(hour: int) -> str:
    return f"stack/sweep/{NOW + hour * HOUR_MS}"


def test_a_sweep_is_told_with_its_totals_once_it_is_finished(world: World, events: Events) -> None:
    world.workspace("w1")
    world.workspace("w2")
    world.stale_contacts(2)
    world.dispatch()
    announce(world)
    assert events() == []
    world.work()
    for _ in range(2):
        announce(world)
    _, event = events()
    assert (event["event"], event["id"], event["run_at"]) == (SWEEP, sweep_id(0), NOW)
    assert (event["dispatched"], event["completed"], event["failed"], event["skipped"]) == (2, 2, 0, 0)
    assert (event["counts"]["flagged"], event["summary"]) == (2, "2 workspaces checked: 2 flagged")


def test_a_sweep_that_found_nothing_is_told_too(world: World, events: Events) -> None:
    world.sweep()
    announce(world)
    [event] = events()
    assert event["summary"] == "0 workspaces checked: nothing found"


def test_a_new_bus_is_not_told_the_past_and_then_each_sweep(world: World, events: Events) -> None:
    for hour in range(3):
        world.sweep(NOW + hour * HOUR_MS)
    announce(world)
    assert sweep_ids(events) == [sweep_id(2)]
    for hour in (3, 4):
        world.sweep(NOW + hour * HOUR_MS)
    announce(world)
    announce(world)
    assert sweep_ids(events) == [sweep_id(2 + 1), sweep_id(4)]


def test_a_broken_bus_is_told_when_it_works_again(world: World, engine: LocalStack, events: Events) -> None:
    world.sweep()
    bus, world.notices = world.notices, Notices("missing", "stack", engine.aws.client("events"))
    with pytest.raises(Exception, match="missing"):
        announce(world)
    assert "noticed_at" not in str(world.items(world.database.tables.sync_health))
    world.notices = bus
    announce(world)
    assert sweep_ids(events) == [sweep_id(0)]


def test_a_sweep_that_was_told_but_not_marked_is_told_again(
    world: World, faults: Faults, events: Events
) -> None:
    world.sweep()
    faults.fail("UpdateItem", RuntimeError("no"))
    with pytest.raises(RuntimeError):
        announce(world)
    announce(world)
    first, second = events()
    assert first == second


def test_without_a_bus_nothing_is_read_or_written(world: World, faults: Faults) -> None:
    world.sweep()
    for operation in ("Query", "BatchGetItem", "UpdateItem"):
        faults.fail(operation, RuntimeError("no"))
    announce(world)
