"""What a question costs rests on what is asked, and not on what the tables hold."""

from typing import Any

import pytest

from background_sync.rules.policy import HOUR_MS
from tests.integration.health.api import Api
from tests.integration.health.requests import requests_of
from tests.integration.world import NOW, World

SWEEPS = 12


@pytest.fixture(autouse=True)
def history(world: World) -> None:
    """Sweeps whose runs are all completed."""
    for number in range(12):
        world.workspace(f"w{number:02d}")
    table = world.database.tables.sync_health
    times = [NOW - hour * HOUR_MS for hour in range(SWEEPS)]
    sweep = {"status": "dispatched", "pass_number": 1, "shards": 16, "segments": 1, "dispatched": 12}
    world.put_many(
        table,
        [
            {"workspace_id": "#sweep", "run_at": at, "dispatched_at": at, "skipped_why": "{}", **sweep}
            for at in times
        ],
    )
    world.put_many(
        table,
        [{"workspace_id": "#sweep-shard#03", "run_at": at, "completed": 12, "flagged": 1} for at in times],
    )
    runs = [
        {"workspace_id": f"w{number:02d}", "run_at": at, "status": "completed", "time_shard": str(number)}
        for at in times
        for number in range(12)
    ]
    world.put_many(table, runs)


def cost(api: Api, world: World, path: str, **parameters: Any) -> list[str]:
    with requests_of(world) as seen:
        assert api.get(path, **parameters).status == 200
    return sorted(seen)


def test_health_and_page_read_the_sweeps_alone(api: Api, world: World) -> None:
    assert cost(api, world, "/health") == ["BatchGetItem", "BatchGetItem", "Query"]
    assert cost(api, world, "/") == []


def test_the_totals_of_what_is_over_are_read_once(api: Api, world: World) -> None:
    cost(api, world, "/health")
    world.clock.time += 30_000
    assert cost(api, world, "/health") == ["Query"]
    cost(api, world, "/health/sweeps", limit=12)
    assert cost(api, world, "/health/sweeps", limit=12) == ["Query"]


def test_but_those_of_another_pass_are_read_anew(api: Api, world: World) -> None:
    cost(api, world, "/health/sweeps")
    world.dispatch(NOW)
    assert cost(api, world, "/health/sweeps") == ["BatchGetItem", "Query"]


def test_the_newest_runs_are_one_query_a_shard(api: Api, world: World) -> None:
    assert cost(api, world, "/health/runs") == ["BatchGetItem", *["Query"] * 16]
    assert cost(api, world, "/health/runs", workspace_id="w01") == ["Query"]


@pytest.mark.parametrize("limit", [5, 10])
def test_a_page_of_workspaces_is_three_requests(api: Api, world: World, limit: int) -> None:
    assert cost(api, world, "/health/workspaces", limit=limit) == ["BatchGetItem", "Query", "Scan"]


def test_so_is_looking_for_a_state(api: Api, world: World) -> None:
    assert cost(api, world, "/health/workspaces", state="failing") == ["BatchGetItem", "Query", "Scan"]
