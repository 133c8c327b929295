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
@pytest.mark.parametrize(("latest", "writes"), [(NOW, True), (NOW + HOUR_MS, False)])
def test_only_the_newest_run_writes(world: World, name: str, latest: int, writes: bool) -> None:
    world.workspace(latest_run_at=latest, **MEMORY)
    assert WRITES[name](world.database, NOW) is writes
    kept = {each: world.workspace_record().get(each) for each in MEMORY}
    assert (kept[name] != MEMORY[name], kept == MEMORY) == (writes, not writes)
