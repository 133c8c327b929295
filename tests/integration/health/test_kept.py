"""The public answer is kept for 30 seconds: asking often costs nothing."""

from collections.abc import Iterator

import pytest

from tests.integration.health.api import Api
from tests.integration.health.requests import requests_of
from tests.integration.world import World


@pytest.fixture
def requests(world: World) -> Iterator[list[str]]:
    """The requests to the tables, by their names."""
    with requests_of(world) as seen:
        yield seen


def test_within_30_seconds_nothing_is_read(api: Api, world: World, requests: list[str]) -> None:
    first = api.get("/health")
    requests.clear()
    world.clock.time += 29_999
    assert api.get("/health") == first
    assert api.get("/").status == 200
    assert requests == []


def test_after_30_seconds_it_is_made_anew(api: Api, world: World, requests: list[str]) -> None:
    api.get("/health")
    world.sweep()
    requests.clear()
    world.clock.time += 30_000
    assert api.get("/health").document["status"] == "pass"
    assert requests != []


def test_when_the_clock_is_set_back_too(api: Api, world: World) -> None:
    api.get("/health")
    world.sweep()
    world.clock.time -= 1
    assert api.get("/health").document["status"] == "pass"


def test_the_lists_are_not_kept(api: Api, world: World) -> None:
    assert api.get("/health/sweeps").document["sweeps"] == []
    world.sweep()
    assert len(api.get("/health/sweeps").document["sweeps"]) == 1


def test_health_only_reads(api: Api, world: World, requests: list[str]) -> None:
    world.workspace()
    world.sweep()
    requests.clear()
    for path in ("/", "/health", "/health/runs", "/health/sweeps", "/health/workspaces"):
        api.get(path)
    api.get("/health/runs", workspace_id="w1")
    assert set(requests) <= {"GetItem", "Query", "BatchGetItem", "Scan"}
