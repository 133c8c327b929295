"""Each event in events/, sent to the built function that it is for."""

import base64
import gzip
import json
from typing import Any

import pytest

from background_sync_ops.stack.stack import LocalStack
from tests.e2e.conftest import EVENTS, RUN_AT, event, put_workspace

HEALTH = ["health-get", "health-openapi", "health-runs", "health-sweeps", "health-workspaces"]


@pytest.fixture(scope="module", autouse=True)
def records(stack: LocalStack) -> None:
    put_workspace(stack, "acme", 2)


def health_record(stack: LocalStack, partition: str) -> dict[str, Any]:
    key = {"workspace_id": {"S": partition}, "run_at": {"N": str(RUN_AT)}}
    answer = stack.client("dynamodb").get_item(TableName=stack.outputs["SyncHealthTableName"], Key=key)
    return dict(answer["Item"])


@pytest.mark.parametrize("name", ["dispatcher-scheduled", "dispatcher-manual"])
def test_the_dispatcher_dispatches(stack: LocalStack, name: str) -> None:
    result = stack.invoke("DispatcherFunction", event(name)).result()
    assert result == {"run_at": RUN_AT, "dispatched": 1, "skipped": 0, "complete": True}


def test_the_reconciler_runs(stack: LocalStack) -> None:
    assert stack.invoke("ReconcilerFunction", event("reconciler-run")).result() == {"batchItemFailures": []}
    run = health_record(stack, "acme")
    assert (run["status"], run["flagged"]) == ({"S": "completed"}, {"N": "1"})


def test_the_reconciler_audits(stack: LocalStack) -> None:
    assert stack.invoke("ReconcilerFunction", event("reconciler-audit")).result() == {"batchItemFailures": []}
    assert health_record(stack, "#audit#acme")["contacts_checked"] == {"N": "1"}


def test_an_invalid_message_of_a_batch_is_acknowledged_with_the_others(stack: LocalStack) -> None:
    batch = event("reconciler-run")
    [good] = batch["Records"]
    bad = {**good, "messageId": "bad", "body": "{}"}
    result = stack.invoke("ReconcilerFunction", {"Records": [bad, good]}).result()
    # It is moved to the dead-letter queue; a retry could not make it valid.
    assert result == {"batchItemFailures": []}


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
    stack.invoke("DispatcherFunction", event("dispatcher-manual")).result()
    stack.invoke("ReconcilerFunction", event("reconciler-run")).result()
    measured = stack.invoke("MonitorFunction", event("monitor-scheduled")).result()
    assert 0 <= measured["sweep_age_intervals"] < 1
    assert measured["last_sweep_failed_share"] == 0


def test_the_intake_queues_and_the_recorder_records(stack: LocalStack) -> None:
    name = f"{stack.outputs['SecretParameterPrefix']}acme"
    stack.client("ssm").put_parameter(Name=name, Value="example-secret", Type="SecureString")
    webhook = event("intake-webhook")
    assert stack.invoke("IntakeFunction", webhook).result() == {"statusCode": 200}
    assert stack.invoke("IntakeFunction", webhook | {"body": "{}"}).result() == {"statusCode": 401}
    [batch] = stack.mappings["RecorderFunctionReceived"].drain()
    assert len(batch.message_ids) == 1
    assert stack.invoke("RecorderFunction", event("recorder-received")).result() == {"batchItemFailures": []}
    key = {"workspace_id": {"S": "acme"}, "contact_id": {"S": "12125550100"}}
    answer = stack.client("dynamodb").get_item(TableName=stack.outputs["ContactsTableName"], Key=key)
    assert answer["Item"]["kapso_name"] == {"S": "Ann"}


def test_every_event_is_tested() -> None:
    tried = {"dispatcher-scheduled", "dispatcher-manual", "reconciler-run", "reconciler-audit"}
    tried |= {*HEALTH, "health-page", "monitor-scheduled", "intake-webhook", "recorder-received"}
    assert {path.stem for path in EVENTS.iterdir()} == tried
