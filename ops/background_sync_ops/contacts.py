"""A workspace's contacts, read for people to look at."""

from collections.abc import Iterator, Mapping

from background_sync.records.database import Database, deserialize


def contact_records(database: Database, workspace_id: str) -> Iterator[Mapping[str, object]]:
    """Every contact of a workspace, whole, from the table itself: the index may not show all."""
    pages = database.client.get_paginator("query").paginate(
        TableName=database.tables.contacts,
        KeyConditionExpression="workspace_id = :workspace",
        ExpressionAttributeValues={":workspace": {"S": workspace_id}},
        ConsistentRead=True,
    )
    for page in pages:
        yield from (deserialize(item) for item in page["Items"])
