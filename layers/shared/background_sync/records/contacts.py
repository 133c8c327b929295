"""Contacts: the CRM's records of people, read and written with everything in them left as it was.

They are worked on as items, `{"N": "1"}`, so that what others wrote goes back exactly as it came.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from background_sync.records.database import (
    CONDITION_FAILED,
    AttributeValue,
    Database,
    Item,
    deserialize,
    deserialize_value,
    read_many,
    serialize,
)
from background_sync.rules.contact import TIME_ATTRIBUTES
from background_sync.rules.notes import Note, is_report, is_sync_note, with_note

JUDGED = (*TIME_ATTRIBUTES, "lead_status", "flagged_at", "behind_at", "reported_at")
"""What the rules judge: a write depends on all of it being as it was read."""
BY_ACTIVITY = "by_activity"
INDEXED = ("lead_status", "flagged_at", "behind_at", "reported_at")
"""What that index projects, for the rules to judge."""
CONFLICTS = frozenset({CONDITION_FAILED, "TransactionConflictException"})


class Conflict(Exception):
    """Somebody else wrote the contact at the same moment."""


class Unwritable(Exception):
    """DynamoDB does not take the contact with a note more: it would be too large, or its notes are no
    list."""


@dataclass(frozen=True, slots=True)
class IndexPage:
    """One page of the index `by_activity`: key attributes and those of `INDEXED`.

    `next_key` is where the next page begins; None at the end.
    """

    entries: list[dict[str, object]]
    next_key: Item | None


@dataclass(frozen=True, slots=True)
class TablePage:
    """One page of the table itself, with the attributes that an audit compares."""

    items: list[Item]
    next_contact_id: str | None


def index_page(
    database: Database, workspace_id: str, start: Item | None, page_size: int | None = None
) -> IndexPage:
    """A page of a workspace's contacts, the oldest activity first; at most 1 MB, or `page_size` contacts."""
    options: dict[str, Any] = {}
    if start is not None:
        options["ExclusiveStartKey"] = start
    if page_size is not None:
        options["Limit"] = page_size
    answer = database.client.query(
        TableName=database.tables.contacts,
        IndexName=BY_ACTIVITY,
        KeyConditionExpression="workspace_id = :workspace",
        ExpressionAttributeValues={":workspace": {"S": workspace_id}},
        ProjectionExpression=", ".join(("contact_id", "activity_at", *INDEXED)),
        ReturnConsumedCapacity="TOTAL",
        **options,
    )
    return IndexPage([deserialize(item) for item in answer["Items"]], answer.get("LastEvaluatedKey"))


def table_page(
    database: Database, workspace_id: str, after: str | None, page_size: int | None = None
) -> TablePage:
    """A page of a workspace's contacts from the table itself, by contact id."""
    options: dict[str, Any] = {}
    if after is not None:
        options["ExclusiveStartKey"] = contact_key(workspace_id, after)
    if page_size is not None:
        options["Limit"] = page_size
    answer = database.client.query(
        TableName=database.tables.contacts,
        KeyConditionExpression="workspace_id = :workspace",
        ExpressionAttributeValues={":workspace": {"S": workspace_id}},
        ProjectionExpression=", ".join(("contact_id", "activity_at", *TIME_ATTRIBUTES)),
        ReturnConsumedCapacity="TOTAL",
        **options,
    )
    last = answer.get("LastEvaluatedKey")
    return TablePage(list(answer["Items"]), None if last is None else last["contact_id"]["S"])


def read_contact(database: Database, workspace_id: str, contact_id: str) -> Item | None:
    """What sync's writes depend on, as it is now: times, status, flag time, notes; None where it is gone."""
    answer = database.client.get_item(
        TableName=database.tables.contacts,
        Key=contact_key(workspace_id, contact_id),
        ConsistentRead=True,
        ProjectionExpression=", ".join(("contact_id", "notes", "activity_at", *JUDGED)),
        ReturnConsumedCapacity="TOTAL",
    )
    return answer.get("Item")


def write_flag(
    database: Database,
    workspace_id: str,
    contact_id: str,
    read: Item,
    note: Note,
    max_sync_notes: int,
) -> None:
    """Append `note` and set the flag time, if all that was judged and the notes are still as `read`.

    One that tells of missed activity has told of all that is known to be missed.

    Raises:
        Conflict: they are not.
        Unwritable: the contact cannot take it.
    """
    values = {"notes": with_sync_note(read, note, max_sync_notes), "flagged_at": serialize(note.added_at)}
    if is_report(note.content) and "behind_at" in read:
        values["reported_at"] = read["behind_at"]
    set_if_unchanged(database, workspace_id, contact_id, read, (*JUDGED, "notes"), values)


def fix_index(database: Database, workspace_id: str, read: Item, activity_at: int) -> None:
    """Set the index attribute, if the times are still as `read`; raises `Conflict`."""
    values = {"activity_at": serialize(activity_at)}
    contact_id, depends_on = read["contact_id"]["S"], ("activity_at", *TIME_ATTRIBUTES)
    set_if_unchanged(database, workspace_id, contact_id, read, depends_on, values)


def set_if_unchanged(
    database: Database,
    workspace_id: str,
    contact_id: str,
    read: Item,
    depends_on: Sequence[str],
    values: Mapping[str, AttributeValue],
) -> None:
    """Set attributes of a contact, if those that the change `depends_on` are still as `read`.

    Raises:
        Conflict: they are not, or the contact is gone.
        Unwritable: the contact would be too large.
    """
    same = [f"#{name} = :was_{name}" for name in depends_on if name in read]
    absent = [f"attribute_not_exists(#{name})" for name in depends_on if name not in read]
    was = {f":was_{name}": read[name] for name in depends_on if name in read}
    try:
        database.client.update_item(
            TableName=database.tables.contacts,
            Key=contact_key(workspace_id, contact_id),
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
            ConditionExpression=" AND ".join(["attribute_exists(contact_id)", *same, *absent]),
            ExpressionAttributeNames={f"#{name}": name for name in {*depends_on, *values}},
            ExpressionAttributeValues={**was, **{f":{name}": value for name, value in values.items()}},
            ReturnConsumedCapacity="TOTAL",
        )
    except ClientError as error:
        raise _write_error(error) from error


def record_activity(
    database: Database,
    workspace_id: str,
    contact_id: str,
    at: int,
    *,
    phone: str | None = None,
    business_scoped_user_id: str | None = None,
    profile_name: str | None = None,
) -> bool:
    """The write for a CRM that saw activity of a contact at `at` (ms): newer data wins, the index stays true.

    A contact that is not there is made as a new lead. `kapso_name` follows the profile name; `name`, `phone`
    and `business_scoped_user_id` are filled only where there is none. Returns False where the table already
    has activity as new, or newer.
    """
    times = {"last_activity_at": at, "activity_at": at}
    values = {**times, **_told(kapso_name=profile_name)}
    if_absent = {
        "created_at": at,
        "lead_status": "new",
        "source": "whatsapp",
        **_told(phone=phone, business_scoped_user_id=business_scoped_user_id, name=profile_name),
    }
    older = "(NOT attribute_type(last_activity_at, :number) OR last_activity_at < :last_activity_at)"
    not_updated_since = "(NOT attribute_type(updated_at, :number) OR updated_at <= :last_activity_at)"
    key = contact_key(workspace_id, contact_id)
    return _upsert(
        database, key, {**values, "updated_at": at}, if_absent, f"{older} AND {not_updated_since}"
    ) or _upsert(database, key, values, if_absent, older)


def _told(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}


def _upsert(
    database: Database,
    key: Mapping[str, AttributeValue],
    values: Mapping[str, object],
    if_absent: Mapping[str, object],
    condition: str,
) -> bool:
    everything = {**values, **if_absent}
    sets = [f"#{name} = :{name}" for name in values]
    sets += [f"#{name} = if_not_exists(#{name}, :{name})" for name in if_absent]
    try:
        database.client.update_item(
            TableName=database.tables.contacts,
            Key=key,
            UpdateExpression="SET " + ", ".join(sets),
            ConditionExpression=condition,
            ExpressionAttributeNames={f"#{name}": name for name in everything},
            ExpressionAttributeValues={
                **{f":{name}": serialize(value) for name, value in everything.items()},
                ":number": {"S": "N"},
            },
            ReturnConsumedCapacity="TOTAL",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == CONDITION_FAILED:
            return False
        raise
    return True


def contact_key(workspace_id: str, contact_id: str) -> dict[str, AttributeValue]:
    """A contact's key as DynamoDB takes it."""
    return {"workspace_id": {"S": workspace_id}, "contact_id": {"S": contact_id}}


def with_sync_note(read: Item, note: Note, max_sync_notes: int) -> AttributeValue:
    """A contact's notes with one more of ours; raises `Unwritable` where they are no list."""
    return {"L": with_note(_notes(read), serialize(_note_document(note)), _is_ours, max_sync_notes)}


def was_reported(read: Item, run_at: int) -> bool:
    """Whether the flag that the run at `run_at` left tells of missed activity."""
    notes = (note.get("M", {}) for note in read.get("notes", {}).get("L", []))
    return any(
        note.get("added_at") == serialize(run_at) and is_report(note.get("content", {}).get("S"))
        for note in notes
    )


def _note_document(note: Note) -> dict[str, object]:
    return {"content": note.content, "added_by": note.added_by, "added_at": note.added_at}


def _notes(read: Item) -> Sequence[AttributeValue]:
    value = read.get("notes", {"NULL": True})
    if "NULL" in value:
        return ()
    if "L" not in value:
        raise Unwritable("its notes are no list")
    return list(value["L"])


def _is_ours(note: AttributeValue) -> bool:
    fields = note.get("M", {})
    content, author = (
        deserialize_value(fields[name]) if name in fields else None for name in ("content", "added_by")
    )
    return is_sync_note(content, author)


def _write_error(error: ClientError) -> Exception:
    """What a refused write means; DynamoDB says of a too large item only in its message that it is one."""
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    if code in CONFLICTS:
        return Conflict(message)
    if code == "ValidationException" and "size" in message.lower():
        return Unwritable(message)
    return error


STAMPS = ("repaired_at", "created_by_run", "renamed_at")
"""The runs that last repaired, made or renamed a contact: a repeat of one counts it as its own."""
COMPARED = ("contact_id", "business_scoped_user_id", "name", "kapso_name", *STAMPS, "notes", *JUDGED)
"""What comparing and mending a contact depends on."""
BY_BSUID = "by_bsuid"


def read_contacts(database: Database, workspace_id: str, contact_ids: Collection[str]) -> dict[str, Item]:
    """Those of the contacts that are there, by id, as they are now; raises `NotRead`."""
    keys = [contact_key(workspace_id, each) for each in sorted(set(contact_ids))]
    people = read_many(database, database.tables.contacts, keys, COMPARED)
    return {item["contact_id"]["S"]: item for item in people}


def contact_ids_by_bsuid(database: Database, workspace_id: str, bsuid: str) -> list[str]:
    """The contacts with a business-scoped user id; two at most, more tell nothing more."""
    answer = database.client.query(
        TableName=database.tables.contacts,
        IndexName=BY_BSUID,
        KeyConditionExpression="workspace_id = :workspace AND business_scoped_user_id = :bsuid",
        ExpressionAttributeValues={":workspace": {"S": workspace_id}, ":bsuid": {"S": bsuid}},
        ProjectionExpression="contact_id",
        Limit=2,
        ReturnConsumedCapacity="TOTAL",
    )
    return [item["contact_id"]["S"] for item in answer["Items"]]
