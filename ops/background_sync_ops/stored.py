"""Everything that a table has of one partition: read, and deleted."""

from collections.abc import Iterator

from boto3.dynamodb.table import BatchWriter

from background_sync.records.database import Database, projection
from background_sync.records.typed import Item


def items_of(database: Database, table: str, partition: str, *attributes: str) -> Iterator[Item]:
    """The items of a partition, as they are now: of each these attributes, or all."""
    pages = database.client.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="workspace_id = :workspace",
        ExpressionAttributeValues={":workspace": {"S": partition}},
        ConsistentRead=True,
        **projection(attributes),
    )
    for page in pages:
        yield from page["Items"]


def delete_all(database: Database, table: str, partition: str, sort_key: str) -> int:
    """Delete the items of a partition; returns their number."""
    number = 0
    with BatchWriter(table, database.client) as batch:
        for key in items_of(database, table, partition, "workspace_id", sort_key):
            batch.delete_item(Key=dict(key))
            number += 1
    return number
