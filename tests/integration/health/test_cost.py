"""The cost of an answer depends on what is asked, and not on the size of the tables."""

from typing import Any

import pytest

from background_sync.rules.policy import HOUR_MS
from tests.integration.health.api import Api, requests_of
from tests.integration.world import NOW, World

TIMES = [NOW - hour * HOUR_MS for hour in range(12)]
NAMES = [f"w{number:02d}" for number in range(12)]


@pytest.fixture(autouse=True)
def sweeps_whose_runs_are_all_completed(world: World) -> None:
    for name in NAMES:
        world.workspace(name)
    table = world.database.tables.sync_health
    sweep = {"status": "dispatched", "pass_number": 1, "shards": 16, "segments": 1, "dispatched": 12}
    world.put_many(
        table,
        [
            {"workspace_id": "#sweep", "run_at": at, "dispatched_at": at, "skipped_why": "{}", **sweep}
            for at in TIMES
        ],
    )
    world.put_many(
        table,
        [{"workspace_id": "#sweep-shard#03", "run_at": at, "completed": 12, "flagged": 1} for at in TIMES],
    )
    runs = [
        {"workspace_id": name, "run_at": at, "status": "completed", "time_shard": str(number)}
        for at in TIMES
        for number, name in enumerate(NAMES)
    ]
    world.put_many(table, runs)


def cost(api: Api, world: World, path: str, **parameters: Any) -> list[str]:
    with requests_of(world) as seen:
        assert api.get(path, **parameters).status == 200
    return sorted(seen)


def test_health_and_the_page_read_only_sweeps_and_once_for_both(api: Api, world: World) -> None:
    assert cost(api, world, "/health") == ["BatchGetItem", "BatchGetItem", "GetItem", "Query"]
    assert cost(api, world, "/") == []


def test_the_totals_of_a_finished_sweep_are_read_once_for_each_pass(api: Api, world: World) -> None:
    cost(api, world, "/health")
    world.clock.time += 30_000
    assert cost(api, world, "/health") == ["GetItem", "Query"]
    cost(api, world, "/health/sweeps", limit=12)
    assert cost(api, world, "/health/sweeps", limit=12) == ["Query"]
    world.dispatch(NOW)
    assert cost(api, world, "/health/sweeps") == ["BatchGetItem", "Query"]


def test_the_newest_runs_cost_one_query_for_each_shard(api: Api, world: World) -> None:
    assert cost(api, world, "/health/runs") == ["BatchGetItem", *["Query"] * 16]
    assert cost(api, world, "/health/runs", workspace_id="w01") == ["Query"]


@pytest.mark.parametrize("parameters", [{"limit": 5}, {"limit": 10}, {"state": "failing"}])
def test_a_page_of_them_costs_three_requests(api: Api, world: World, parameters: dict[str, object]) -> None:
    assert cost(api, world, "/health/workspaces", **parameters) == ["BatchGetItem", "Query", "Scan"]
