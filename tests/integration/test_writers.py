"""The two writers of docs/deploying.md store the same contact, and never older activity."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from background_sync.records import database as records
from background_sync.rules.policy import DAY_MS, HOUR_MS
from background_sync_ops.kapso import KapsoStore
from background_sync_ops.kapso.documents import event_document
from background_sync_ops.kapso.model import Event
from background_sync_ops.kapso.sending import signature
from tests.integration.world import NOW, World

DOCUMENT = (Path(__file__).parents[2] / "docs" / "deploying.md").read_text()
PYTHON, TYPESCRIPT, *_ = re.findall(r"```(?:python|typescript)\n(.*?)```", DOCUMENT, re.DOTALL)
SECRET = "a secret"
RECEIVED = "whatsapp.message.received"


def message_event(at: int) -> dict[str, Any]:
    """An event as Kapso sends it, of the number 1."""
    store, events = KapsoStore(), list[Event]()
    store.subscribe(events.append)
    store.message("1", store.add_person("628123", name="Sari"), "inbound", at)
    return event_document(events[0])


def deliver(world: World, document: Any, name: str = RECEIVED, *, secret: str = SECRET) -> int:
    """The status with which the receiver answers a webhook. A function URL passes a body in base64."""
    body = json.dumps(document).encode()
    headers = {"x-webhook-event": name, "x-webhook-signature": signature(secret, body)}
    variables = {"WEBHOOK_SECRET": SECRET, "WORKSPACES": '{"1": "w1"}'}
    tables = {f"{name}_TABLE": name for name in ("WORKSPACES", "CONTACTS", "SYNC_HEALTH")}
    names: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "connect", lambda _: world.database)
        for variable, value in {**variables, **tables}.items():
            patch.setenv(variable, value)
        exec(PYTHON, names)  # noqa: S102 - the document's own code
    encoded = {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    status: int = names["handler"]({**encoded, "headers": headers}, None)["statusCode"]
    return status


def write_in_python(world: World, at: int) -> None:
    assert deliver(world, message_event(at)) == 200


def write_in_typescript(world: World, at: int) -> None:
    def expression(name: str) -> str:
        [found] = re.findall(rf"{name}: (.*?),\n  [A-Z]", TYPESCRIPT, re.DOTALL)
        return "".join(re.findall(r'"(.*?)"', found))

    values = {":at": {"N": str(at)}, ":name": {"S": "Sari"}, ":new": {"S": "new"}, ":phone": {"S": "628123"}}
    world.database.client.update_item(
        TableName=world.database.tables.contacts,
        Key={"workspace_id": {"S": "w1"}, "contact_id": {"S": "628123"}},
        UpdateExpression=expression("UpdateExpression"),
        ConditionExpression=expression("ConditionExpression"),
        ExpressionAttributeNames={"#name": "name", "#source": "source"},
        ExpressionAttributeValues={**values, ":whatsapp": {"S": "whatsapp"}},
    )


def test_both_writers_store_the_same_new_contact(world: World) -> None:
    write_in_python(world, NOW)
    stored = world.contacts()
    world.clear()
    write_in_typescript(world, NOW)
    assert world.contacts() == stored
    assert stored["628123"]["activity_at"] == NOW


def test_neither_writer_stores_older_activity(world: World) -> None:
    write_in_python(world, NOW)
    stored = world.contacts()
    write_in_python(world, NOW - HOUR_MS)
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        write_in_typescript(world, NOW - HOUR_MS)
    assert world.contacts() == stored


def test_a_batch_is_stored_and_again_without_effect(world: World) -> None:
    batch = {"type": RECEIVED, "batch": True, "data": [message_event(NOW), message_event(NOW - HOUR_MS)]}
    assert deliver(world, batch) == 200
    stored = world.contacts()
    assert stored["628123"]["activity_at"] == NOW
    assert deliver(world, batch) == 200
    assert world.contacts() == stored


def test_a_wrong_signature_is_refused_and_nothing_is_stored(world: World) -> None:
    assert deliver(world, message_event(NOW), secret="another") == 401
    assert world.contacts() == {}


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"phone_number_id": "unknown"}, RECEIVED),
        ({}, "whatsapp.message.delivered"),
        (message_event(NOW + 2 * DAY_MS), RECEIVED),
    ],
)
def test_what_is_not_recorded_is_answered_with_200_all_the_same(
    world: World, change: dict[str, Any], name: str
) -> None:
    """Every other answer counts towards switching the webhook off."""
    assert deliver(world, {**message_event(NOW), **change}, name) == 200
    assert world.contacts() == {}
