"""What verification writes on a contact: never over newer data, and stamped with the run, so that it counts
once."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from botocore.exceptions import ClientError

from background_sync.records.contacts import (
    COMPARED,
    CONFLICTS,
    Conflict,
    Unwritable,
    contact_key,
    set_if_unchanged,
    with_sync_note,
)
from background_sync.records.database import AttributeValue, Database, Item, deserialize_value, serialize
from background_sync.rules.notes import Note

DEPENDS_ON = tuple(name for name in COMPARED if name != "contact_id")


@dataclass(frozen=True, slots=True)
class Facts:
    """What Kapso knows of a person; `activity_at` in ms."""

    activity_at: int
    phone: str | None = None
    business_scoped_user_id: str | None = None
    profile_name: str | None = None


def create_contact(database: Database, workspace_id: str, contact_id: str, facts: Facts, run_at: int) -> None:
    """Make a contact as the CRM makes one from a first message; raises `Conflict` where it is there
    by now."""
    at = facts.activity_at
    record = {
        "last_activity_at": at,
        "activity_at": at,
        "created_at": at,
        "updated_at": at,
        "lead_status": "new",
        "source": "whatsapp",
        "repaired_at": run_at,
        "created_by_run": run_at,
        "phone": facts.phone,
        "business_scoped_user_id": facts.business_scoped_user_id,
        "name": facts.profile_name,
        "kapso_name": facts.profile_name,
    }
    values = {name: serialize(value) for name, value in record.items() if value is not None}
    try:
        database.client.update_item(
            TableName=database.tables.contacts,
            Key=contact_key(workspace_id, contact_id),
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
            ConditionExpression="attribute_not_exists(contact_id)",
            ExpressionAttributeNames={f"#{name}": name for name in values},
            ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
            ReturnConsumedCapacity="TOTAL",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] in CONFLICTS:
            raise Conflict(contact_id) from error
        raise


def repair(
    database: Database,
    workspace_id: str,
    read: Item,
    facts: Facts,
    run_at: int,
    note: Note | None,
    max_sync_notes: int,
) -> None:
    """Move a contact's activity on, with its names and, where it can take one, a note.

    Raises:
        Conflict: somebody else wrote it at the same moment.
        Unwritable: it has no room even without a note.
    """
    at = serialize(facts.activity_at)
    stamped = {"last_activity_at": at, "activity_at": at, "repaired_at": serialize(run_at)}
    values = {**stamped, **missing_profile(read, facts, run_at)}
    contact_id = read["contact_id"]["S"]
    if note is not None:
        with suppress(Unwritable):
            noted = {**values, "notes": with_sync_note(read, note, max_sync_notes)}
            set_if_unchanged(database, workspace_id, contact_id, read, DEPENDS_ON, noted)
            return
    set_if_unchanged(database, workspace_id, contact_id, read, DEPENDS_ON, values)


def update_profile(database: Database, workspace_id: str, read: Item, facts: Facts, run_at: int) -> bool:
    """Bring names and identity in step; whether a name was written. Raises `Conflict`, `Unwritable`."""
    values = missing_profile(read, facts, run_at)
    if values:
        set_if_unchanged(database, workspace_id, read["contact_id"]["S"], read, DEPENDS_ON, values)
    return "renamed_at" in values


def missing_profile(read: Item, facts: Facts, run_at: int) -> Mapping[str, AttributeValue]:
    """What a contact does not know yet: `kapso_name` follows the profile; a `name` that a person set, and an
    identity that is known, stay."""
    values = {}
    if facts.profile_name is not None and _of(read, "kapso_name") != facts.profile_name:
        values["kapso_name"] = serialize(facts.profile_name)
    if facts.profile_name is not None and not _of(read, "name"):
        values["name"] = serialize(facts.profile_name)
    if values:
        values["renamed_at"] = serialize(run_at)
    if facts.business_scoped_user_id is not None and not _of(read, "business_scoped_user_id"):
        values["business_scoped_user_id"] = serialize(facts.business_scoped_user_id)
    return values


def _of(read: Item, name: str) -> object:
    return deserialize_value(read[name]) if name in read else None
