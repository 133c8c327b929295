"""Finding the contacts of the people that Kapso tells of."""

import time
from collections.abc import Collection, Iterable, Sequence

from background_sync.records.contacts import JUDGED, contact_key
from background_sync.records.database import Database
from background_sync.records.items import Item

STAMPS = ("repaired_at", "created_by_run", "renamed_at")
"""The runs that last repaired, made or renamed a contact: a repeat of one counts it as its own."""
COMPARED = ("contact_id", "business_scoped_user_id", "name", "kapso_name", *STAMPS, "notes", *JUDGED)
"""What comparing and mending a contact depends on."""
BY_BSUID = "by_bsuid"
BATCH_SIZE = 100
BACKOFF_S = 0.05
MAX_TRIES = 8


class NotRead(RuntimeError):
    """DynamoDB left keys of a batch unread, however often it was asked."""


def read_people(database: Database, workspace_id: str, contact_ids: Collection[str]) -> dict[str, Item]:
    """Those of the contacts that are there, by id, as they are now."""
    found: dict[str, Item] = {}
    unique = sorted(set(contact_ids))
    for start in range(0, len(unique), BATCH_SIZE):
        for item in _read_batch(database, workspace_id, unique[start : start + BATCH_SIZE]):
            found[item["contact_id"]["S"]] = item
    return found


def _read_batch(database: Database, workspace_id: str, contact_ids: Sequence[str]) -> Iterable[Item]:
    table = database.tables.contacts
    keys = [contact_key(workspace_id, each) for each in contact_ids]
    for attempt in range(MAX_TRIES):
        answer = database.client.batch_get_item(
            RequestItems={
                table: {
                    "Keys": keys,
                    "ConsistentRead": True,
                    "ProjectionExpression": ", ".join(f"#{name}" for name in COMPARED),
                    "ExpressionAttributeNames": {f"#{name}": name for name in COMPARED},
                }
            },
            ReturnConsumedCapacity="TOTAL",
        )
        yield from answer["Responses"].get(table, [])
        left = answer.get("UnprocessedKeys", {}).get(table)
        if not left:
            return
        keys = [dict(key) for key in left["Keys"]]
        time.sleep(BACKOFF_S * 2**attempt)
    raise NotRead(f"{len(keys)} of {len(contact_ids)} contacts")


def contact_ids_of(database: Database, workspace_id: str, bsuid: str) -> list[str]:
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
