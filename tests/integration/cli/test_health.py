"""`background-sync health`: the answer of the API, and its state as exit status."""

import json
import re
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.cli.health_stub import HealthStub
from tests.integration.cli.kapso_numbers import KapsoNumbers
from tests.integration.cli.running import Operator, get, run_here

STATES = ("pass", "warn", "fail")


def test_health_shows_checks_sweeps_and_runs(operator: Operator) -> None:
    result = operator.run("health")
    title, state = result.words.split()[:2]
    # Other tests on this stack may have caused problems.
    assert (title, result.status) == ("Health", STATES.index(state))
    assert "2026-01-01T10:00:00Z" in result.stdout
    assert "Oldest open sweep" in result.stdout


@pytest.mark.parametrize("state", STATES)
def test_the_state_of_health_is_the_exit_status_and_has_a_next_step(tmp_path: Path, state: str) -> None:
    with closing(HealthStub(tmp_path)) as api:
        api.states["deadLetters:waiting"] = state
        api.dead_letters = 3 * STATES.index(state)
        result = run_here(tmp_path, "health", "--state-dir", str(tmp_path))
    assert result.status == STATES.index(state)
    next_step = "\nDead letters: background-sync redrive; docs/operations.md#dead-letters\n"
    assert (next_step in result.stdout) is (state != "pass")
    [number] = re.findall(r"\nDead letters +\w+ *(.*)", result.stdout)
    assert number.strip() == {"pass": "", "warn": "3 messages", "fail": "6 messages"}[state]


def test_json_holds_the_health_and_the_lists_of_the_api(operator: Operator) -> None:
    document = operator.health("--workspace", "acme", "--limit", "1")
    assert document["health"]["status"] in STATES
    _, _, body = get(f"{operator.info.api_url}/health/runs?workspace_id=acme&limit=1")
    assert {name: document[name] for name in ("runs", "summary")} == json.loads(body)
    assert (document["sweeps"], document["dead_letters"]) == (None, 0)
    assert operator.health()["sweeps"]


def test_a_pipe_gets_whole_rows(operator: Operator, numbers: KapsoNumbers) -> None:
    long_id = "w" * 200
    numbers.add(long_id)
    operator.add_contact(long_id, long_id, name="Ana", lead_status="new")
    commands = {"workspaces": "never run", "webhooks": "none", f"contacts {long_id}": f"{long_id}, Ana"}
    for command, state in commands.items():
        [row] = [line for line in operator.run(*command.split()).stdout.splitlines() if long_id in line][:1]
        assert state in row
