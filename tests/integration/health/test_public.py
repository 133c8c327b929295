"""What anybody may read: states, ages and shares; nothing of tenants, nothing of the inside."""

from datetime import datetime
from typing import Any

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS
from background_sync.status.runbook import GUIDES
from tests.integration.faults import Faults
from tests.integration.health.api import Api
from tests.integration.world import NOW, World


@pytest.fixture(autouse=True)
def a_sweep_with_a_failure_and_a_dead_letter(api: Api, world: World, faults: Faults) -> None:
    for name in ("acme-corp", "globex", "initech", "umbrella"):
        world.workspace(name)
        world.contact("62823925000", DAY_MS, name)
    world.dispatch()
    faults.fail("Query", RuntimeError("the secret is 42"))
    for received in world.receive():
        world.deliver(received)
    world.sqs.send_message(QueueUrl=api.dead_letter_queue_url, MessageBody="dead", MessageGroupId="w1")
    world.clock.time = NOW + HOUR_MS // 2


def numbers(tree: Any) -> list[float]:
    if isinstance(tree, dict):
        return [found for each in tree.values() for found in numbers(each)]
    if isinstance(tree, list):
        return [found for each in tree for found in numbers(each)]
    return [tree] if isinstance(tree, int | float) else []


def test_it_is_health_json(api: Api) -> None:
    answer = api.get("/health")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/health+json")
    document = answer.document
    assert set(document) == {"status", "serviceId", "description", "links", "checks"}
    assert set(document["checks"]) == set(GUIDES)
    for name, [check] in document["checks"].items():
        assert check["links"] == {"runbook": f"docs/operations.md#{GUIDES[name].anchor}"}
        assert check["status"] in ("pass", "warn", "fail")
        assert datetime.fromisoformat(check["time"]).timestamp() * 1000 == NOW + HOUR_MS // 2


def test_it_says_ages_and_shares(api: Api) -> None:
    checks = api.get("/health").document["checks"]
    assert (checks["sweep:age"][0]["observedValue"], checks["sweep:age"][0]["observedUnit"]) == (1_800, "s")
    assert checks["runs:failed"][0]["observedValue"] == 0.25


def test_and_no_totals(api: Api) -> None:
    assert numbers(api.get("/health").document) == [1_800, 0.25, 0, 0.0, 0.0, 0.0]


def test_unless_they_are_public(api: Api) -> None:
    api.restart(public_totals=True)
    checks = api.get("/health").document["checks"]
    assert checks["runs:failed"][0]["output"] == "1 of 4 runs failed"
    assert checks["deadLetters:waiting"][0]["observedValue"] == 1


@pytest.mark.parametrize("public_totals", [False, True])
@pytest.mark.parametrize("path", ["/", "/health", "/openapi.json"])
def test_nothing_of_tenants_and_nothing_of_the_inside(
    api: Api, world: World, path: str, public_totals: bool
) -> None:
    api.restart(public_totals=public_totals)
    text = api.get(path).text.lower()
    inside = [world.queue.url, api.dead_letter_queue_url, *vars_of(world.database.tables)]
    tenants = [
        "acme",
        "globex",
        "initech",
        "umbrella",
        "62823925000",
        "secret",
        "runtimeerror",
        "arn:aws",
        "amazonaws",
    ]
    assert [each for each in [*inside, *tenants] if each.lower() in text] == []


def vars_of(tables: Any) -> list[str]:
    return [tables.workspaces, tables.contacts, tables.sync_health]


@pytest.mark.parametrize("path", ["/", "/health", "/openapi.json"])
def test_it_may_be_kept_for_30_seconds_on_the_way(api: Api, path: str) -> None:
    assert api.get(path).headers["Cache-Control"] == "public, max-age=30"


@pytest.mark.parametrize("path", ["/health/runs", "/health/sweeps", "/health/workspaces"])
def test_the_lists_must_not_be_kept_on_the_way(api: Api, path: str) -> None:
    assert api.get(path).headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("path", ["/", "/health", "/health/runs", "/nothing"])
def test_no_other_site_may_read_any_of_it(api: Api, path: str) -> None:
    answer = api.get(path, headers={"origin": "https://elsewhere.example"})
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]
