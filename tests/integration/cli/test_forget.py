"""`background-sync forget` on a running stack."""

import io

import pytest

from background_sync_ops.forgetting import RECORDER_S
from background_sync_ops.stack.template import read_source
from tests.integration.cli.running import Operator
from tests.integration.conftest import TEMPLATE


@pytest.fixture
def workspace(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("background_sync_ops.forgetting.RECORDER_S", 0)
    workspace = operator.add_workspace("leaving", name="Leaving")
    for contact_id in ("621", "622"):
        operator.add_contact(workspace, contact_id, name=f"Person {contact_id}")
    return workspace


def ids(operator: Operator, workspace: str) -> list[str]:
    return [each["contact_id"] for each in operator.json("contacts", workspace)["contacts"]]


def answered(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))


def test_it_shows_whom_and_deletes_nobody_without_a_yes(
    operator: Operator, workspace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(monkeypatch, "n\n")
    result = operator.run("forget", workspace, "+62 1")
    assert (result.status, result.stdout) == (1, "Nothing was deleted.\n")
    assert "The contact 621, Person 621 of leaving, in all tables." in result.stderr
    assert operator.run("forget", workspace, "621").status == 2
    assert ids(operator, workspace) == ["621", "622"]


def test_a_person_then_a_workspace_is_deleted_and_it_says_what_remains(
    operator: Operator, workspace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(monkeypatch, "y\n")
    result = operator.run("forget", workspace, "621")
    assert (result.status, ids(operator, workspace)) == (0, ["622"])
    assert result.stdout.startswith("Forgotten: 1 contact and 0 records.\n")
    assert "dead letters of the intake: at most 14 days" in result.stdout
    document = operator.json("forget", workspace, "--yes")
    assert document["deleted"]["contacts"] == 1
    assert {each["what"] for each in document["remains"]} >= {"logs", "messages of the intake"}
    assert operator.run("contacts", workspace).status == 3
    missing = operator.run("forget", workspace, "--yes")
    assert (missing.status, missing.stderr) == (
        3,
        "error: there is no workspace leaving in the local stack\n",
    )


def test_it_waits_as_long_as_the_recorder_may_run() -> None:
    assert read_source(TEMPLATE)["Resources"]["RecorderFunction"]["Properties"]["Timeout"] == RECORDER_S
