"""A contact that moves to another id, because its person has another number or business-scoped user id."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path

from background_sync.records.contacts import COMPARED, Conflict, contact_key
from background_sync.records.database import Database, placeholders
from background_sync.records.typed import AttributeValue, Item, deserialize, serialize
from background_sync.rules.contact import activity_index_value

ACTIVITY = ("last_activity_at", "updated_at", "activity_at")


def whole_contact(database: Database, workspace_id: str, contact_id: str) -> Item | None:
    """A contact with all its attributes, as it is now."""
    key = contact_key(workspace_id, contact_id)
    answer = database.client.get_item(TableName=database.tables.contacts, Key=key, ConsistentRead=True)
    return answer.get("Item")


def move(
    database: Database,
    workspace_id: str,
    contact: Item,
    new_id: str,
    values: Mapping[str, AttributeValue],
    other: Item | None,
) -> None:
    """Put a contact under `new_id` with all that is stored of it, and with these values.

    `other` is the same person's contact that stands there already: it is replaced; its notes are kept, and
    its activity where that is newer. Raises `Conflict` if either was changed meanwhile.
    """
    moved = {**(other or {}), **contact, **_newest(database, contact, other), **values}
    notes = [each for item in (contact, other) if item for each in item.get("notes", {}).get("L", ())]
    if notes:
        moved["notes"] = {"L": notes}
    moved |= contact_key(workspace_id, new_id)
    old_id, table = contact["contact_id"]["S"], {"TableName": database.tables.contacts}
    there = other if other is not None else (contact if new_id == old_id else None)
    steps: list[Any] = [{"Put": {**table, "Item": moved, **_if(_unchanged(there))}}]
    if new_id != old_id:
        old_key = contact_key(workspace_id, old_id)
        steps.append({"Delete": {**table, "Key": old_key, **_if(_unchanged(contact))}})
    try:
        database.client.transact_write_items(TransactItems=steps)
    except ClientError as error:
        if error.response["Error"]["Code"] == "TransactionCanceledException":
            raise Conflict(error.response["Error"]["Message"]) from error
        raise


def _newest(database: Database, contact: Item, other: Item | None) -> dict[str, AttributeValue]:
    now = database.clock.now()
    at, other_at = (activity_index_value(deserialize(each), now) for each in (contact, other or {}))
    return dict.fromkeys(ACTIVITY, serialize(other_at)) if other_at > at else {}


def _unchanged(item: Item | None) -> Condition:
    if item is None:
        missing: Condition = Path("contact_id").does_not_exist()
        return missing
    condition: Condition = Path("contact_id").exists()
    for name in (*COMPARED, "notes"):
        condition &= Path(name) == item[name] if name in item else Path(name).does_not_exist()
    return condition


def _if(condition: Condition) -> dict[str, Any]:
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    return {"ConditionExpression": condition.serialize(names, values), **placeholders(names, values)}
