"""The built functions, in processes of their own, make all calls that their roles allow, and no others."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from background_sync_ops.kapso import KapsoServer, KapsoStore
from background_sync_ops.stack.stack import LocalStack
from tests.e2e.conftest import HOUR_MS, RUN_AT, event, put, put_workspace
from tests.e2e.recorder import Recorder, recording

PHONE_ID = "110987654321"


@pytest.fixture
def recorder(stack: LocalStack) -> Iterator[Recorder]:
    with recording(stack) as recorder:
        yield recorder


@pytest.fixture
def kapso(stack: LocalStack) -> Iterator[KapsoServer]:
    """A number with a missed message of a person with a phone, and of one without."""
    store, key = KapsoStore(), "kapso-key"
    store.add_number(PHONE_ID, key)
    for person in (store.add_person("621"), store.add_person(business_scoped_user_id="ID.1")):
        store.message(PHONE_ID, person, "inbound", RUN_AT - HOUR_MS // 2)
    name = f"{stack.outputs['TokenParameterPrefix']}abc"
    stack.client("ssm").put_parameter(Name=name, Value=key, Type="SecureString", Overwrite=True)
    with KapsoServer(store, lambda: RUN_AT) as server:
        stack.functions["ReconcilerFunction"].override({"KAPSO_BASE_URL": server.url})
        yield server


def dispatch_without_time_left(stack: LocalStack) -> None:
    dispatcher = stack.functions["DispatcherFunction"]
    dispatcher.spec = replace(dispatcher.spec, timeout_s=15)
    dispatcher.override({})
    stack.invoke("DispatcherFunction", {"run_at": RUN_AT - HOUR_MS}).result()


def forget_somebody(stack: LocalStack, workspace_id: str) -> None:
    """From now on, a person without a contact may be one who was forgotten."""
    put(
        stack,
        "ContactsTableName",
        workspace_id=f"#erased#{workspace_id}",
        contact_id="0f",
        forgotten_at=RUN_AT,
    )
    name = stack.outputs["ErasureKeyParameter"]
    stack.client("ssm").put_parameter(Name=name, Value="hash-key", Type="SecureString", Overwrite=True)


def receive_and_record(stack: LocalStack) -> None:
    """A first message, another one, and a person who takes another number."""
    name = f"{stack.outputs['SecretParameterPrefix']}acme"
    stack.client("ssm").put_parameter(Name=name, Value="example-secret", Type="SecureString")
    assert stack.invoke("IntakeFunction", event("intake-webhook")).result() == {"statusCode": 200}
    [message] = event("recorder-received")["Records"]
    change = '"previous_phone": "12125550100", "phone": "12125550199"'
    later = message["body"].replace("wamid.HBgN", "wamid.2").replace("1767261590000", "1767261595000")
    for body in (message["body"], later, later.replace('"phone": "12125550100"', change), "{}"):
        record = {**message, "body": body}
        assert stack.invoke("RecorderFunction", {"Records": [record]}).result() == {"batchItemFailures": []}
    key = {"workspace_id": {"S": "acme"}, "contact_id": {"S": "12125550199"}}
    answer = stack.client("dynamodb").get_item(TableName=stack.outputs["ContactsTableName"], Key=key)
    assert answer["Item"]["last_activity_at"] == {"N": "1767261595000"}


def test_the_functions_make_every_call_that_their_roles_allow_and_no_other(
    stack: LocalStack, kapso: KapsoServer, recorder: Recorder
) -> None:
    assert ("HealthRole", ("dynamodb:Scan", "WorkspacesTable")) in recorder.permissions.unused()
    put_workspace(stack, "acme", 2)
    put_workspace(stack, "shop", 0, 3, settings={"verify": "repair"})
    for workspace_id in ("acme", "shop"):
        forget_somebody(stack, workspace_id)
    far = RUN_AT + 90 * 24 * HOUR_MS
    put(stack, "SyncHealthTableName", workspace_id="#sweep", run_at=far, status="dispatched")
    for _ in range(2):
        stack.invoke("DispatcherFunction", {"run_at": RUN_AT}).result()
    stack.mappings["ReconcilerFunctionWork"].drain()
    assert "/conversations" in str([each.path for each in kapso.requests])
    lease = {
        "run_at": RUN_AT + 1,
        "status": "running",
        "lease_until": far,
        "lease_owner": "other",
        "attempts": 1,
    }
    put(stack, "SyncHealthTableName", workspace_id="acme", started_at=RUN_AT, **lease)
    [message] = event("reconciler-run")["Records"]
    held = message["body"].replace(str(RUN_AT), str(RUN_AT + 1))
    for body, received in ((held, "1"), (held, "9"), ("{}", "1")):
        attributes = {**message["attributes"], "ApproximateReceiveCount": received}
        record = {**message, "body": body, "attributes": attributes}
        stack.invoke("ReconcilerFunction", {"Records": [record]})
    stack.invoke("ReconcilerFunction", event("reconciler-audit"))
    for name in ("health-get", "health-workspaces"):
        stack.invoke("HealthFunction", event(name)).result()
    for asked in ({}, {"workspace_id": "nobody"}, {"workspace_id": "acme", "run_at": str(RUN_AT)}):
        stack.invoke("HealthFunction", {**event("health-runs"), "queryStringParameters": asked}).result()
    stack.invoke("MonitorFunction", event("monitor-scheduled")).result()
    dispatch_without_time_left(stack)
    receive_and_record(stack)
    assert recorder.permissions.unused() == set()
