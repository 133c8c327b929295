"""The two writers of docs/adopting.md store the same contact, and never older activity."""

import re
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from background_sync.rules.policy import HOUR_MS
from background_sync_ops.kapso import KapsoStore
from background_sync_ops.kapso.documents import event_document
from background_sync_ops.kapso.model import Event
from tests.integration.world import NOW, World

DOCUMENT = (Path(__file__).parents[2] / "docs" / "adopting.md").read_text()
PYTHON, TYPESCRIPT = re.findall(r"```(?:python|typescript)\n(.*?)```", DOCUMENT, re.DOTALL)


def message_event(at: int) -> dict[str, Any]:
    """An event as Kapso sends it."""
    store, events = KapsoStore(), list[Event]()
    store.subscribe(events.append)
    store.message("1", store.add_person("628123", name="Sari"), "inbound", at)
    return event_document(events[0])


def write_in_python(world: World, at: int) -> None:
    names: dict[str, Any] = {}
    exec(PYTHON, names)  # noqa: S102 - the document's own code
    names["on_message"](world.database, "w1", message_event(at))


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
