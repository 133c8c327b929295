"""GET /health/runs: the newest runs, of all workspaces or of one."""

from typing import Any

import pytest

from background_sync.records import runs
from background_sync.rules.policy import DAY_MS, HOUR_MS
from background_sync.rules.values import shard_of
from tests.integration.health.api import Api
from tests.integration.world import LEASE_MS, NOW, World


def begin(workspace_id: str, run_at: int) -> None:
    runs.claim(workspace_id, run_at, run_at, LEASE_MS, first_delivery=True)


def listed(api: Api, **parameters: Any) -> list[tuple[str, int]]:
    answer = api.get("/health/runs", **parameters)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    return [(run["workspace_id"], run["run_at"]) for run in answer.document["runs"]]


def test_without_runs_there_is_no_summary(api: Api, world: World) -> None:
    world.workspace("w2")
    begin("w1", NOW)
    assert api.get("/health/runs", workspace_id="w2").document == {"runs": [], "summary": None}


def test_the_newest_runs_of_all_shards_come_first(api: Api) -> None:
    begun = [(f"w{number}", NOW + number * 7 % 25) for number in range(25)]
    for workspace_id, run_at in begun:
        begin(workspace_id, run_at)
    newest = sorted(begun, key=lambda each: -each[1])
    assert len({shard_of(workspace_id, 16) for workspace_id, _ in newest[:10]}) > 3
    assert listed(api) == newest[:10]
    assert listed(api, limit=1) == newest[:1]
    assert listed(api, limit=100) == newest


def test_runs_of_the_same_time_are_sorted_by_workspace(api: Api) -> None:
    for name in ("w3", "w1", "w2"):
        begin(name, NOW)
    assert listed(api) == [("w1", NOW), ("w2", NOW), ("w3", NOW)]


def test_only_the_runs_of_the_given_workspace_are_listed(api: Api) -> None:
    for hour in range(3):
        begin("w1", NOW - hour * HOUR_MS)
        begin("w10", NOW - hour * HOUR_MS)
    assert listed(api, workspace_id="w1", limit=2) == [("w1", NOW), ("w1", NOW - HOUR_MS)]


@pytest.mark.parametrize("name", ["日本 & Söhne/1", "a+b%20c", "x" * 2000])
def test_a_workspace_id_may_have_any_characters(api: Api, name: str) -> None:
    begin(name, NOW)
    assert listed(api, workspace_id=name) == [(name, NOW)]


def test_a_run_has_its_counts(api: Api, world: World) -> None:
    world.workspace(settings={"max_flags_per_run": 1})
    world.stale_contacts(3)
    world.contact("629")
    world.run()
    [run] = api.get("/health/runs").document["runs"]
    counted = {"contacts_checked": 4, "stale_found": 3, "flagged": 1, "fresh": 1, "over_cap": 2, "invalid": 0}
    assert {name: run[name] for name in counted} == counted
    assert (run["status"], run["attempts"], run["error"], run["duration_ms"]) == ("completed", 1, None, 0)


def test_a_running_run_has_no_counts_and_no_fields_that_only_a_retry_needs(api: Api) -> None:
    begin("w1", NOW)
    [run] = api.get("/health/runs").document["runs"]
    assert (run["status"], run["flagged"], run["finished_at"]) == ("running", None, None)
    internal = {"lease_owner", "lease_until", "checkpoint", "selection", "time_shard", "expires_at"}
    assert not internal & set(run)


@pytest.mark.parametrize(("stale", "average"), [((1, 2), 2), ((1, 1, 2), 1), ((0, 0), 0)])
def test_the_summary_covers_its_runs(api: Api, world: World, stale: tuple[int, ...], average: int) -> None:
    for number, count in enumerate(stale):
        world.workspace(f"w{number}")
        world.stale_contacts(count, f"w{number}")
        world.run(f"w{number}")
    summary = api.get("/health/runs").document["summary"]
    assert summary == {"last_run": NOW, "avg_stale": average, "total_flagged": sum(stale)}


def test_the_summary_covers_no_other_runs(api: Api, world: World) -> None:
    world.workspace()
    world.contact("628", DAY_MS)
    world.run(run_at=NOW)
    world.run(run_at=NOW + HOUR_MS)
    summary = api.get("/health/runs", limit=1).document["summary"]
    assert summary == {"last_run": NOW + HOUR_MS, "avg_stale": 1, "total_flagged": 0}
