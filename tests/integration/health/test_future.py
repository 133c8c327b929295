"""Sweeps and runs of a time in the future: health says so, and they hide nothing."""

from decimal import Decimal
from typing import Any

import pytest

from background_sync.records.sweeps import open_sweep
from background_sync.rules.policy import DAY_MS, HOUR_MS
from background_sync.status.monitor import measure
from tests.integration.health.api import Api
from tests.integration.world import NOW, World


@pytest.mark.parametrize("at", [NOW + HOUR_MS, NOW + 36_500 * DAY_MS, 10**30])
def test_health_fails_on_a_future_sweep_until_the_next_removes_it(world: World, api: Api, at: int) -> None:
    world.workspace()
    world.sweep()
    world.clock.time += HOUR_MS // 2
    open_sweep(at, NOW, shards=1, segments=1)
    assert measure(world.database, world.clock, HOUR_MS)["sweep_age_intervals"] == 0.5
    [check] = api.get("/health").document["checks"]["sweep:age"]
    assert (check["status"], check["output"]) == ("fail", "the newest sweep is in the future")
    assert api.get("/").status == 200
    assert api.get("/health/sweeps").status == 200
    world.sweep(NOW + HOUR_MS)
    api.restart()
    assert api.get("/health").document["status"] == "pass"


def test_runs_in_the_future_do_not_hide_the_others_in_lists(world: World, api: Api) -> None:
    world.workspace()
    world.sweep()
    run: dict[str, Any] = {"workspace_id": "w1", "time_shard": "0", "status": "completed"}
    far = [run | {"run_at": NOW + number * DAY_MS} for number in range(1, 12)]
    world.put_many(world.database.tables.sync_health, far)
    for answer in (api.get("/health/runs"), api.get("/health/runs", workspace_id="w1")):
        assert [each["run_at"] for each in answer.document["runs"]] == [NOW]
    [workspace] = api.get("/health/workspaces").document["workspaces"]
    assert workspace["last_run_at"] == NOW


@pytest.mark.parametrize("number", [10**30, -(10**30), Decimal("0.5"), -1])
def test_every_answer_stands_any_stored_number(world: World, api: Api, number: Any) -> None:
    world.workspace(latest_run_at=number, watermark=number, webhook="off", webhook_since=number)
    world.sweep()
    world.change_workspace(latest_run_at=number, watermark=number)
    table = world.database.tables.sync_health
    kept = {"workspace_id", "run_at", "expires_at", "lease_until"}
    for item in world.items(table):
        numbers = {name: number for name, value in item.items() if isinstance(value, Decimal)}
        world.put_many(table, [item | {name: at for name, at in numbers.items() if name not in kept}])
    world.put_many(table, [{"workspace_id": "#sweep", "run_at": number}])
    world.put_many(table, [{"workspace_id": "w1", "run_at": number, "time_shard": "0"}])
    for path in ("/", "/health", "/health/runs", "/health/sweeps", "/health/workspaces"):
        api.restart()
        assert api.get(path).status in (200, 503), path
    measure(world.database, world.clock, HOUR_MS)
