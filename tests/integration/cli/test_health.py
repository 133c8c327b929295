"""`background-sync health` on a running stack."""

import json

from tests.integration.cli.running import Operator, get, run_here


def test_it_shows_health_sweeps_and_runs_and_its_status_is_the_health(operator: Operator) -> None:
    ended = operator.run("health")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split()[:2] == ["Health", "pass"]
    assert max(map(len, ended.stdout.splitlines())) <= 80
    assert "2026-01-01T10:00:00Z" in ended.stdout
    assert "Oldest open sweep pass none open" in " ".join(ended.stdout.split())


def test_json_is_the_document_of_the_api(operator: Operator) -> None:
    printed = operator.json("health", "--workspace", "acme", "--limit", "1")
    _, _, body = get(f"{operator.info.api_url}/health/runs?workspace_id=acme&limit=1")
    assert printed == json.loads(body)
    assert set(printed) == {"runs", "summary"}
    assert set(printed["summary"]) == {"last_run", "avg_stale", "total_flagged"}


def test_a_workspace_without_runs_has_no_summary(operator: Operator) -> None:
    assert operator.json("health", "--workspace", "off") == {"runs": [], "summary": None}


def test_a_workspace_that_is_not_there_is_one_line(operator: Operator) -> None:
    ended = operator.run("health", "--workspace", "nobody")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == "error: there is no workspace nobody in the local stack\n"


def test_a_workspaces_runs_show_units_as_unknown(operator: Operator) -> None:
    ended = operator.run("health", "--workspace", "acme")
    assert "unknown" in ended.stdout
    assert max(map(len, ended.stdout.splitlines())) <= 80


def test_a_name_that_the_api_refuses_is_one_line(operator: Operator) -> None:
    ended = operator.run("health", "--workspace", "#sweep")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == "error: workspace_id must not begin with #\n"


def test_another_folder_is_found_by_its_option(operator: Operator) -> None:
    state_dir = operator.folder / ".background-sync"
    ended = run_here(operator.folder.parent, "health", "--state-dir", str(state_dir))
    assert ended.returncode == 0, ended.stderr
