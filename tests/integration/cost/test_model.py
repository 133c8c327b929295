"""The model of `background-sync cost` says of real runs exactly what they cost."""

import pytest

from background_sync.messages import AUDIT, RUN
from background_sync.rules.policy import HOUR_MS
from background_sync_ops.units import item_size, read_units
from background_sync_ops.workload import (
    AT,
    AUDITING,
    VERIFYING,
    WORKSPACE_ID,
    Units,
    contact,
    dispatch_units,
    flag_units,
    run_units,
    slim_bytes,
)
from tests.dynamodb.capacity import Cost, metered
from tests.integration.verify.number import OFF, REPORT, served
from tests.integration.world import World

SIZE = 2048


@pytest.fixture(autouse=True)
def sweep(world: World) -> None:
    """A sweep whose first run was already: it reads how many counters the sweep has."""
    world.clock.time = AT
    for name in ("w0", WORKSPACE_ID):
        world.workspace(name, settings=OFF)
    world.dispatch(AT)
    world.run("w0", AT)


def put(world: World, count: int, size: int = SIZE, notes: int = 0) -> None:
    items = [{"PutRequest": {"Item": contact(number, size, notes)}} for number in range(count)]
    world._write(world.database.tables.contacts, items)


def measured(world: World, kind: str = RUN, run_at: int = AT) -> Units:
    with metered(world.database.client) as cost:
        assert world.run(WORKSPACE_ID, run_at, kind=kind)
    return units(cost)


def units(cost: Cost) -> Units:
    return Units(cost.read, cost.write)


@pytest.mark.parametrize(
    ("contacts", "size", "notes"), [(0, SIZE, 0), (60, SIZE, 0), (60, SIZE, 5), (9, 9000, 3)]
)
def test_a_run_costs_its_survey_its_record_and_its_flags(
    world: World, contacts: int, size: int, notes: int
) -> None:
    put(world, contacts, size, notes)
    flags = flag_units(size, notes) * min(contacts, 50)
    assert measured(world) == run_units(contacts * slim_bytes(size, notes), contacts) + flags


def test_an_audit_costs_its_record_and_all_bytes(world: World) -> None:
    put(world, 30)
    assert measured(world, AUDIT) == AUDITING + Units(read_units(30 * item_size(contact(0, SIZE))))


@pytest.mark.parametrize("segments", [1, 4])
def test_a_dispatch_costs_its_segments_and_pages(world: World, segments: int) -> None:
    world.segments = segments
    with metered(world.database.client) as cost:
        world.dispatch(AT + HOUR_MS)
    assert units(cost) == dispatch_units(2, segments)


def test_a_run_that_verifies_costs_this_more(world: World) -> None:
    with served(world):
        world.workspace(WORKSPACE_ID, settings=REPORT)
        for run_at in (AT + HOUR_MS, AT + 2 * HOUR_MS):
            world.dispatch(run_at)
            world.run("w0", run_at)
            cost = measured(world, run_at=run_at)
        assert cost == run_units(0, 0) + VERIFYING
