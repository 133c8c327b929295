"""A run that a newer run overtook does not restore an older state of its workspace."""

from collections.abc import Callable
from typing import Any

import pytest

from background_sync.records import workspaces
from background_sync.records.database import Database
from background_sync.rules.policy import HOUR_MS
from tests.integration.world import NOW, World

MEMORY: dict[str, Any] = {
    "unwritable": ["621"],
    "webhook": "active",
    "webhook_since": NOW,
    "webhook_failing": True,
    "pending_scan": {"pages": 1},
}
WRITES: dict[str, Callable[[Database, int], bool]] = {
    "unwritable": lambda database, run_at: workspaces.remember_unwritable(database, "w1", run_at, ["622"]),
    "webhook": lambda database, run_at: workspaces.remember_webhook(database, "w1", run_at, "off", run_at),
    "webhook_failing": lambda database, run_at: workspaces.remember_failing(database, "w1", run_at, False),
    "pending_scan": lambda database, run_at: workspaces.forget_verification(database, "w1", run_at),
}


@pytest.mark.parametrize("name", WRITES)
def test_an_older_run_changes_nothing(world: World, name: str) -> None:
    world.workspace(latest_run_at=NOW + HOUR_MS, **MEMORY)
    assert not WRITES[name](world.database, NOW)
    [record] = world.items(world.database.tables.workspaces)
    assert {each: record[each] for each in MEMORY} == MEMORY


@pytest.mark.parametrize("name", WRITES)
def test_the_newest_run_writes(world: World, name: str) -> None:
    world.workspace(latest_run_at=NOW, **MEMORY)
    assert WRITES[name](world.database, NOW)
    [record] = world.items(world.database.tables.workspaces)
    assert record.get(name) != MEMORY[name]
