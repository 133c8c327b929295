"""Each event in events/, through the built function that it is for."""

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from background_sync.records.database import serialize
from background_sync_ops.stack.stack import LocalStack
from tests.e2e.conftest import RUN_AT

HEALTH = ["health-get", "health-openapi", "health-runs", "health-sweeps", "health-workspaces"]
EVENTS = Path(__file__).parents[2] / "events"
WORKSPACE = {
    "workspace_id": "acme",
    "kapso_phone_id": "110987654321",
    "kapso_token_parameter": "/background-sync/kapso-tokens/abc",
}
CONTACT = {
    "workspace_id": "acme",
    "contact_id": "628239250",
    "last_activity_at": RUN_AT - 7_200_000,
    "activity_at": RUN_AT - 7_200_000,
}


def event(name: str) -> Any:
    return json.loads((EVENTS / f"{name}.json").read_text())


@pytest.fixture(scope="module", autouse=True)
def records(stack: LocalStack) -> None:
    for output, record in (("WorkspacesTableName", WORKSPACE), ("ContactsTableName", CONTACT)):
        item = {name: serialize(value) for name, value in record.items()}
        stack.aws.client("dynamodb").put_item(TableName=stack.outputs[output], Item=item)


def item(stack: LocalStack, workspace_id: str) -> dict[str, Any]:
    key = {"workspace_id": {"S": workspace_id}, "run_at": {"N": str(RUN_AT)}}
    answer = stack.aws.client("dynamodb").get_item(TableName=stack.outputs["SyncHealthTableName"], Key=key)
    return dict(answer["Item"])


@pytest.mark.parametrize("name", ["dispatcher-scheduled", "dispatcher-manual"])
def test_the_dispatcher_dispatches(stack: LocalStack, name: str) -> None:
    result = stack.invoke("DispatcherFunction", event(name)).result()
    assert result == {"run_at": RUN_AT, "dispatched": 1, "skipped": 0, "complete": True}


def test_the_reconciler_runs(stack: LocalStack) -> None:
    assert stack.invoke("ReconcilerFunction", event("reconciler-run")).result() == {"batchItemFailures": []}
    run = item(stack, "acme")
    assert (run["status"], run["flagged"]) == ({"S": "completed"}, {"N": "1"})


def test_the_reconciler_audits(stack: LocalStack) -> None:
    assert stack.invoke("ReconcilerFunction", event("reconciler-audit")).result() == {"batchItemFailures": []}
    assert item(stack, "#audit#acme")["contacts_checked"] == {"N": "1"}


def test_a_message_that_cannot_be_read_fails_alone(stack: LocalStack) -> None:
    batch = event("reconciler-run")
    [good] = batch["Records"]
    bad = {**good, "messageId": "bad", "body": "{}"}
    result = stack.invoke("ReconcilerFunction", {"Records": [bad, good]}).result()
    assert result == {"batchItemFailures": [{"itemIdentifier": "bad"}]}


@pytest.mark.parametrize("name", HEALTH)
def test_health_answers(stack: LocalStack, name: str) -> None:
    answer = stack.invoke("HealthFunction", event(name)).result()
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])


def test_health_answers_people(stack: LocalStack) -> None:
    answer = stack.invoke("HealthFunction", event("health-page")).result()
    assert (answer["statusCode"], answer["headers"]["Content-Encoding"]) == (200, "gzip")
    assert b"Background Sync" in gzip.decompress(base64.b64decode(answer["body"]))


def test_the_monitor_measures(stack: LocalStack) -> None:
    measured = stack.invoke("MonitorFunction", event("monitor-scheduled")).result()
    assert 0 <= measured["sweep_age_intervals"] < 1
    assert measured["last_sweep_failed_share"] == 0


def test_every_event_is_one_of_these() -> None:
    tried = {"dispatcher-scheduled", "dispatcher-manual", "reconciler-run", "reconciler-audit"}
    tried |= {*HEALTH, "health-page", "monitor-scheduled"}
    assert {path.stem for path in EVENTS.iterdir()} == tried
