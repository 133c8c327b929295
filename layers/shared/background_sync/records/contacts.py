"""Contacts: the CRM's records of people, read and written without touching anything else in them.

They are worked on as items, `{"name": {"S": "text"}}`, so that what others wrote goes back as it came.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from botocore.exceptions import ClientError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path

from background_sync.records.batches import read_many
from background_sync.records.contact_notes import Unwritable, with_sync_notes
from background_sync.records.database import (
    CONDITION_FAILED,
    Database,
    not_number,
    partition,
    projection,
    query,
    update_item,
    update_item_if,
)
from background_sync.records.typed import AttributeValue, Item, serialize
from background_sync.rules.contact import TIME_ATTRIBUTES
from background_sync.rules.identity import MAX_CONTACT_ID_BYTES, MAX_WORKSPACE_ID_BYTES, check_key
from background_sync.rules.notes import Note, is_report
from background_sync.rules.times import ACTIVITY_AHEAD_MS, ACTIVITY_BOUNDS, is_activity_time

BY_ACTIVITY = "by_activity"
BY_BSUID = "by_bsuid"
INDEXED = ("lead_status", "flagged_at", "behind_at", "reported_at")
"""What `by_activity` projects beside its keys."""
JUDGED = (*TIME_ATTRIBUTES, *INDEXED)
"""What the rules judge. A write is made only if all of it is still as it was read."""
STAMPS = ("repaired_at", "created_by_run", "renamed_at", "identity_changed_at")
"""The runs that last changed a contact in each way: a repeated attempt counts it as its own."""
FLAGGED_BY = ("contact_id", "notes", "activity_at", *JUDGED)
"""What flagging depends on."""
COMPARED = ("contact_id", "business_scoped_user_id", "name", "kapso_name", *STAMPS, *JUDGED)
"""What comparing a contact depends on. Its notes are read when they are written: they may be 400 KB."""
NOTHING = (None, "")
"""What is not stored: DynamoDB refuses an empty key, of an index too."""
CONFLICTS = frozenset({CONDITION_FAILED, "TransactionConflictException"})


class Conflict(Exception):
    """The contact was changed by another writer since it was read."""


@dataclass(frozen=True, slots=True)
class IndexPage:
    """A page of the index `by_activity`: its keys and the attributes of `INDEXED`.

    `next_key` is where the next page begins; None at the end.
    """

    items: Sequence[Item]
    next_key: Item | None


@dataclass(frozen=True, slots=True)
class TablePage:
    """A page of the table itself, with the attributes that an audit compares."""

    items: list[Item]
    next_contact_id: str | None


def contact_key(workspace_id: str, contact_id: str) -> Item:
    return {"workspace_id": {"S": workspace_id}, "contact_id": {"S": contact_id}}


def index_page(
    database: Database, workspace_id: str, start: Item | None, page_size: int | None = None
) -> IndexPage:
    """A page of a workspace's contacts, the oldest activity first: 1 MB at most, or `page_size` contacts."""
    answer = query(
        database,
        database.tables.contacts,
        partition(workspace_id),
        ("contact_id", "activity_at", *INDEXED),
        IndexName=BY_ACTIVITY,
        ExclusiveStartKey=start,
        Limit=page_size,
    )
    return IndexPage(answer["Items"], answer.get("LastEvaluatedKey"))


def table_page(
    database: Database, workspace_id: str, after: str | None, page_size: int | None = None
) -> TablePage:
    """A page of a workspace's contacts from the table itself, by contact id."""
    answer = query(
        database,
        database.tables.contacts,
        partition(workspace_id),
        ("contact_id", "activity_at", *TIME_ATTRIBUTES),
        ExclusiveStartKey=None if after is None else contact_key(workspace_id, after),
        Limit=page_size,
    )
    last = answer.get("LastEvaluatedKey")
    return TablePage(list(answer["Items"]), None if last is None else last["contact_id"]["S"])


def read_contact(database: Database, workspace_id: str, contact_id: str) -> Item | None:
    """What flagging depends on, as it is now; None if the contact is gone."""
    answer = database.client.get_item(
        TableName=database.tables.contacts,
        Key=contact_key(workspace_id, contact_id),
        ConsistentRead=True,
        ReturnConsumedCapacity="TOTAL",
        **projection(FLAGGED_BY),
    )
    return answer.get("Item")


def read_contacts(
    database: Database,
    workspace_id: str,
    contact_ids: Collection[str],
    attributes: Sequence[str] = COMPARED,
    *,
    consistent: bool = True,
) -> dict[str, Item]:
    """The contacts that exist, by id, as they are now, or nearly; raises `NotRead`."""
    keys = [contact_key(workspace_id, each) for each in sorted(set(contact_ids))]
    items = read_many(database, database.tables.contacts, keys, attributes, consistent=consistent)
    return {item["contact_id"]["S"]: item for item in items}


def contact_ids_by_bsuid(database: Database, workspace_id: str, bsuid: str) -> list[str]:
    """The contacts with a business-scoped user id: two at most, which is enough to know it is ambiguous."""
    key = partition(workspace_id) & (Path("business_scoped_user_id") == bsuid)
    answer = query(database, database.tables.contacts, key, ("contact_id",), IndexName=BY_BSUID, Limit=2)
    return [item["contact_id"]["S"] for item in answer["Items"]]


def write_flag(database: Database, workspace_id: str, read: Item, note: Note, max_sync_notes: int) -> None:
    """Append `note` and set the flag time, if everything judged and the notes are still as `read`.

    A flag that reports missed activity reports all missed activity that is known.

    Raises:
        Conflict: another writer changed the contact.
        Unwritable: DynamoDB refuses it.
    """
    values = {"notes": with_sync_notes(read, [note], max_sync_notes), "flagged_at": serialize(note.added_at)}
    if is_report(note.content) and "behind_at" in read:
        values["reported_at"] = read["behind_at"]
    set_if_unchanged(database, workspace_id, read, (*JUDGED, "notes"), values)


def fix_index(database: Database, workspace_id: str, read: Item, activity_at: int) -> None:
    """Set the index attribute, if the times are still as `read`; raises `Conflict`, `Unwritable`."""
    values = {"activity_at": serialize(activity_at)}
    set_if_unchanged(database, workspace_id, read, ("activity_at", *TIME_ATTRIBUTES), values)


def set_if_unchanged(
    database: Database,
    workspace_id: str,
    read: Item,
    depends_on: Sequence[str],
    values: Mapping[str, AttributeValue],
) -> None:
    """Set attributes of a contact, if those that the change `depends_on` are still as `read`.

    Raises:
        Conflict: they are not, or the contact is gone.
        Unwritable: the contact would be too large.
    """
    unchanged: Condition = Path("contact_id").exists()
    for name in depends_on:
        unchanged &= Path(name) == read[name] if name in read else Path(name).does_not_exist()
    _write(database, workspace_id, read["contact_id"]["S"], values, unchanged)


def create(
    database: Database, workspace_id: str, contact_id: str, values: Mapping[str, AttributeValue]
) -> None:
    """Make a contact; raises `Conflict` if it exists by now."""
    _write(database, workspace_id, contact_id, values, Path("contact_id").does_not_exist())


def _write(
    database: Database,
    workspace_id: str,
    contact_id: str,
    values: Mapping[str, AttributeValue],
    condition: Condition,
) -> None:
    actions = [Path(name).set(value) for name, value in values.items()]
    key = contact_key(workspace_id, contact_id)
    try:
        update_item(database, database.tables.contacts, key, actions, condition)
    except ClientError as error:
        raise _write_error(error) from error


def _write_error(error: ClientError) -> Exception:
    # DynamoDB has no code for an item that is too large: only the message says so.
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    if code in CONFLICTS:
        return Conflict(message)
    if code == "ValidationException" and "size" in message.lower():
        return Unwritable(message)
    return error


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
    """The write for a CRM that saw activity of a contact at `at` (ms). Newer data wins.

    A missing contact is created as a new lead. `kapso_name` follows the profile name. `name`, `phone` and
    `business_scoped_user_id` are filled only when they are empty. Returns False when the table already has
    activity that is as new, or newer; a time of the table that is still to come is not newer, but wrong.
    Empty text is as good as None.

    Raises:
        ValueError: `at` cannot be true: it is not in ms, or in the future; or an id is empty or too long.
    """
    check_key("workspace_id", workspace_id, MAX_WORKSPACE_ID_BYTES)
    check_key("contact_id", contact_id, MAX_CONTACT_ID_BYTES)
    if business_scoped_user_id:
        check_key("business_scoped_user_id", business_scoped_user_id, MAX_CONTACT_ID_BYTES)
    if not is_activity_time(at, now := database.clock.now()):
        raise ValueError(f"at is {at}, expected a time in ms {ACTIVITY_BOUNDS}")
    values = {"last_activity_at": at, "activity_at": at, "kapso_name": profile_name}
    if_missing = {
        "created_at": at,
        "lead_status": "new",
        "source": "whatsapp",
        "phone": phone,
        "business_scoped_user_id": business_scoped_user_id,
        "name": profile_name,
    }
    key = contact_key(workspace_id, contact_id)
    older = _untrue("last_activity_at", now) | (Path("last_activity_at") < at)
    not_updated_since = _untrue("updated_at", now) | (Path("updated_at") <= at)
    # `updated_at` must not go back, but a later `updated_at` must not keep the activity from being stored.
    with_update = {**values, "updated_at": at}
    return _upsert(database, key, with_update, if_missing, older & not_updated_since) or _upsert(
        database, key, values, if_missing, older
    )


def _untrue(name: str, now: int) -> Condition:
    condition: Condition = not_number(name) | (Path(name) > now + ACTIVITY_AHEAD_MS)
    return condition


def _upsert(
    database: Database,
    key: Item,
    values: Mapping[str, object],
    if_missing: Mapping[str, object],
    condition: Condition,
) -> bool:
    actions = [Path(name).set(serialize(value)) for name, value in values.items() if value not in NOTHING]
    for name, value in if_missing.items():
        if value not in NOTHING:
            actions.append(Path(name).set(Path(name) | serialize(value)))
    return update_item_if(database, database.tables.contacts, key, actions, condition) is not None
