"""Many workspaces, some of which fail in every sweep: the others do not notice."""

from collections import Counter
from typing import Any

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS
from tests.conftest import Tally
from tests.integration.world import ACTIVE, NOW, World

SWEEPS = 3
POISON: tuple[dict[str, Any], ...] = (
    {"settings": "not a map"},
    {"latest_run_at": ["yesterday"]},
    {"kapso_phone_id": {"id": 1}},
    {"settings": {"fails": True}},
)
"""Workspaces with attributes that cannot be used, and one kind whose contacts cannot be read."""


def put(world: World, count: int, every: int) -> dict[str, dict[str, Any]]:
    """Put workspaces with one stale contact each, and poison among them; returns the poison by workspace."""
    names = [f"w{number:05d}" for number in range(count)]
    poison = {name: POISON[at % len(POISON)] for at, name in enumerate(names[::every])}
    tables = world.database.tables
    world.put_many(
        tables.workspaces, ({"workspace_id": each, **ACTIVE, **poison.get(each, {})} for each in names)
    )
    contact = {
        "lead_status": "new",
        "last_activity_at": NOW - DAY_MS,
        "activity_at": NOW - DAY_MS,
    }
    world.put_many(tables.contacts, ({"workspace_id": each, "contact_id": each, **contact} for each in names))
    return poison


@pytest.mark.timeout(7200)
@pytest.mark.usefixtures("faults")
def test_workspaces_that_always_fail_leave_the_others_unharmed(
    world: World, exhaustive: bool, tally: Tally
) -> None:
    # moto copies all its records for each transaction, so time grows with the square of the workspaces.
    count, every = (200, 50) if exhaustive else (24, 6)
    poison = put(world, count, every)
    failing = {name for name, attributes in poison.items() if attributes == POISON[-1]}
    skipped = {name for name, attributes in poison.items() if "kapso_phone_id" in attributes}

    def fail(request: Any, **_: object) -> None:
        if any(f'"{name}"'.encode() in request.body for name in failing):
            raise RuntimeError("boom")

    world.database.client.meta.events.register("before-send.dynamodb.Query", fail)
    try:
        for hour in range(SWEEPS):
            run_at = NOW + hour * HOUR_MS
            world.dispatch(run_at)
            waiting, received = world.receive(), Counter[str]()
            while waiting:
                received.update(each.message.workspace_id for each in waiting)
                waiting = [each for each in waiting if not world.deliver(each) and each.receive_count <= 3]
                world.clock.time += HOUR_MS // 20
            swept = world.swept(run_at)
            assert (swept["skipped"], swept["failed"]) == (len(skipped), len(failing))
            assert swept["completed"] == count - len(skipped) - len(failing)
            assert swept["flagged"] == (swept["completed"] if hour == 0 else 0)
            assert received == {name: 3 if name in failing else 1 for name in received}
    finally:
        world.database.client.meta.events.unregister("before-send.dynamodb.Query", fail)
    assert len(world.flagged()) == count - len(skipped) - len(failing)
    tally("a workspace that fails in a sweep", SWEEPS * (len(failing) + len(skipped)))
    tally("a workspace beside failing ones", SWEEPS * (count - len(failing) - len(skipped)))
