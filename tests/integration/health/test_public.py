"""The public answers: states, ages and shares. They say nothing about tenants or about the inside."""

import tomllib
from datetime import datetime
from typing import Any

import pytest

from background_sync.records.heard import remember_heard
from background_sync.rules.policy import DAY_MS, HOUR_MS
from background_sync.status.runbook import GUIDES
from background_sync_ops.stack.stack import LocalStack
from tests.integration.faults import Faults
from tests.integration.health.api import LISTS, PUBLIC, ROOT, Api, requests_of
from tests.integration.world import NOW, World

TENANTS = ("acme", "globex", "initech", "umbrella", "62823925000")


@pytest.fixture(autouse=True)
def a_sweep_with_a_failed_run_and_a_dead_letter(api: Api, world: World, faults: Faults) -> None:
    for name in TENANTS[:4]:
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


def test_health_is_health_json_with_a_runbook_link_for_each_check(api: Api) -> None:
    remember_heard(NOW)
    api.restart(runbook_url="https://wiki.example/runbook")
    answer = api.get("/health")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/health+json")
    checks = answer.document["checks"]
    assert set(checks) == set(GUIDES)
    for name, [check] in checks.items():
        assert check["links"] == {"runbook": f"https://wiki.example/runbook#{GUIDES[name].anchor}"}
        assert datetime.fromisoformat(check["time"]).timestamp() * 1000 == NOW + HOUR_MS // 2


def test_health_says_why_a_check_does_not_pass_in_ages_and_shares_and_names_its_version(api: Api) -> None:
    answer = api.get("/health")
    checks = answer.document["checks"]
    assert "docs/operations.md" not in answer.text
    assert {name for name, [check] in checks.items() if "output" in check} == {
        "runs:failed",
        "deadLetters:waiting",
    }
    [sweep_age], [failed] = checks["sweep:age"], checks["runs:failed"]
    assert failed["output"] == "Some workspaces could not be checked in the last sweep."
    assert (sweep_age["observedValue"], sweep_age["observedUnit"]) == (1_800, "s")
    assert failed["observedValue"] == 0.25
    assert set(numbers(answer.document)) == {1_800, 0.25, 0}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (answer.document["version"], answer.document["releaseId"]) == ("1", project["version"])


def test_totals_are_shown_only_if_they_are_public(api: Api) -> None:
    api.restart(public_totals=True)
    checks = api.get("/health").document["checks"]
    assert checks["runs:failed"][0]["output"] == "1 of 4 runs failed"
    assert checks["deadLetters:waiting"][0]["observedValue"] == 1


def test_totals_are_not_public_in_the_template(engine: LocalStack) -> None:
    assert engine.deployment.functions["HealthFunction"].environment["PUBLIC_TOTALS"] == "false"


@pytest.mark.parametrize("public_totals", [False, True])
@pytest.mark.parametrize("path", PUBLIC)
def test_public_answers_name_no_tenant(api: Api, world: World, path: str, public_totals: bool) -> None:
    api.restart(public_totals=public_totals)
    text = api.get(path).text.lower()
    tables = world.database.tables
    inside = [
        world.queue.url,
        api.dead_letter_queue_url,
        tables.workspaces,
        tables.contacts,
        tables.sync_health,
        *("secret", "runtimeerror", "arn:aws", "amazonaws"),
    ]
    assert [each for each in [*inside, *TENANTS] if each.lower() in text] == []


@pytest.mark.parametrize("path", [*PUBLIC, "/health/runs", "/nothing"])
def test_other_sites_may_read_no_answer(api: Api, path: str) -> None:
    answer = api.get(path, headers={"origin": "https://elsewhere.example"})
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_the_function_only_reads(api: Api, world: World) -> None:
    with requests_of(world) as requests:
        for path in (*PUBLIC, *LISTS):
            api.get(path)
        api.get("/health/runs", workspace_id="acme")
    assert set(requests) <= {"GetItem", "Query", "BatchGetItem", "Scan"}
