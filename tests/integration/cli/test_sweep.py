"""`background-sync sweep` on a running stack."""

import re

import pytest

from background_sync.rules.policy import HOUR_MS
from background_sync_ops.cli.times import iso
from tests.integration.cli.running import AT_MS, Operator


def test_it_sweeps_now_and_prints_what_came_of_it(operator: Operator) -> None:
    ended = operator.run("sweep")
    assert ended.returncode == 0, ended.stderr
    assert "0 failed" in ended.stdout
    assert max(map(len, ended.stdout.splitlines())) <= 80


def test_a_sweep_an_hour_later_flags_nobody_twice(operator: Operator) -> None:
    workspace = operator.add_workspace("hourly")
    for number in range(3):
        operator.add_contact(workspace, str(number))
    flagged = [
        each["flagged"]
        for at in (AT_MS + HOUR_MS, AT_MS + 2 * HOUR_MS)
        for each in operator.json("sweep", "--at", iso(at))["runs"]
        if each["workspace_id"] == workspace
    ]
    assert flagged == [3, 0]


@pytest.fixture
def broken(operator: Operator) -> str:
    """A workspace whose run at a time of its own fails on every attempt."""
    workspace = operator.add_workspace("broken")
    operator.put("SyncHealthTableName", {"workspace_id": workspace, "run_at": BROKEN_AT, "selection": "{}"})
    return workspace


BROKEN_AT = AT_MS + 48 * HOUR_MS


def test_a_run_that_fails_is_told_and_mended_by_asking_again(operator: Operator, broken: str) -> None:
    at = iso(BROKEN_AT)
    ended = operator.run("sweep", "--at", at)
    assert ended.returncode == 1
    assert "1 failed" in ended.stdout
    assert f"failed: {broken} at {at}: KeyError" in ended.stderr
    mend(operator, broken, BROKEN_AT)
    again = operator.json("sweep", "--at", at)
    assert (again["sweep"]["failed"], again["sweep"]["finished"]) == (0, True)
    assert {run["workspace_id"]: run["status"] for run in again["runs"]}[broken] == "completed"


def mend(operator: Operator, workspace: str, run_at: int) -> None:
    operator.aws.client("dynamodb").update_item(
        TableName=operator.info.outputs["SyncHealthTableName"],
        Key={"workspace_id": {"S": workspace}, "run_at": {"N": str(run_at)}},
        UpdateExpression="REMOVE selection",
    )


def test_what_does_not_finish_in_time_is_told(operator: Operator) -> None:
    run_at = AT_MS + 72 * HOUR_MS
    held = {"status": "running", "attempts": 1, "time_shard": "0", "lease_until": run_at, "lease_owner": "x"}
    operator.put(
        "SyncHealthTableName", {"workspace_id": operator.add_workspace("held"), "run_at": run_at, **held}
    )
    ended = operator.run("sweep", "--at", iso(run_at), "--timeout", "4s")
    assert ended.returncode == 1
    assert "error: the sweep did not finish within 4 s: " in ended.stderr
    # A busy machine may not have come to the other workspaces yet, and then they are open too.
    under_way = r"\d+ of \d+ runs are open, \d+ of them under way \([^)]*\bheld\b"
    assert re.search(under_way, ended.stderr)
