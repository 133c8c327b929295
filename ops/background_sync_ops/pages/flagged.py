"""A workspace's flagged contacts."""

from collections.abc import Mapping

from background_sync.records.batches import read_many
from background_sync.records.contacts import BY_ACTIVITY, contact_key
from background_sync.records.database import Database, projection
from background_sync.records.typed import deserialize
from background_sync.rules.values import to_int

EXAMINED = 1000
"""How many contacts are examined, those with the oldest activity first."""
FIELDS = ("contact_id", "name", "kapso_name", "last_activity_at", "flagged_at", "notes")


def flagged_contacts(database: Database, workspace_id: str, limit: int) -> list[Mapping[str, object]]:
    """The last flagged first, as they are stored: a value may have any type."""
    answer = database.client.query(
        TableName=database.tables.contacts,
        IndexName=BY_ACTIVITY,
        KeyConditionExpression="workspace_id = :workspace",
        FilterExpression="attribute_type(flagged_at, :number)",
        ExpressionAttributeValues={":workspace": {"S": workspace_id}, ":number": {"S": "N"}},
        Limit=EXAMINED,
        **projection(("contact_id", "flagged_at")),
    )
    entries = sorted((deserialize(item) for item in answer["Items"]), key=_flagged_at, reverse=True)[:limit]
    keys = [contact_key(workspace_id, str(entry["contact_id"])) for entry in entries]
    contacts = (deserialize(item) for item in read_many(database, database.tables.contacts, keys, FIELDS))
    return sorted(contacts, key=_flagged_at, reverse=True)


def _flagged_at(record: Mapping[str, object]) -> int:
    return to_int(record.get("flagged_at")) or 0
