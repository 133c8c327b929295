"""Finding the contacts of the people that Kapso tells of."""

from collections.abc import Collection

from background_sync.records.batches import read_many
from background_sync.records.contacts import JUDGED, contact_key
from background_sync.records.database import Database
from background_sync.records.items import Item

STAMPS = ("repaired_at", "created_by_run", "renamed_at")
"""The runs that last repaired, made or renamed a contact: a repeat of one counts it as its own."""
COMPARED = ("contact_id", "business_scoped_user_id", "name", "kapso_name", *STAMPS, "notes", *JUDGED)
"""What comparing and mending a contact depends on."""
BY_BSUID = "by_bsuid"


def read_people(database: Database, workspace_id: str, contact_ids: Collection[str]) -> dict[str, Item]:
    """Those of the contacts that are there, by id, as they are now; raises `NotRead`."""
    keys = [contact_key(workspace_id, each) for each in sorted(set(contact_ids))]
    people = read_many(database, database.tables.contacts, keys, COMPARED)
    return {item["contact_id"]["S"]: item for item in people}


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
