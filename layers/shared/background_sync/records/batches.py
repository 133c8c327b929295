"""Many items by their keys, as DynamoDB sends them: PynamoDB's models cost ten times as much to make."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from background_sync.records.database import Database
from background_sync.records.items import Item

MAX_KEYS = 100
"""Of one BatchGetItem."""


def read_many(
    database: Database, table: str, keys: Sequence[Mapping[str, Any]], attributes: Sequence[str] = ()
) -> Iterator[Item]:
    """Those of the items that are there, in any order; of each the `attributes`, or all."""
    for start in range(0, len(keys), MAX_KEYS):
        waiting: Any = {table: {"Keys": list(keys[start : start + MAX_KEYS]), **projection(attributes)}}
        waiting[table]["ConsistentRead"] = True
        while waiting:
            answer = database.client.batch_get_item(RequestItems=waiting, ReturnConsumedCapacity="TOTAL")
            yield from answer["Responses"].get(table, ())
            waiting = answer.get("UnprocessedKeys")


def projection(attributes: Sequence[str]) -> dict[str, Any]:
    """The parameters that ask for these attributes, whatever they are called; none for all."""
    names = {f"#p{number}": name for number, name in enumerate(attributes)}
    return {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names} if names else {}


def run_key(partition: str, run_at: int) -> dict[str, Any]:
    """The key of a record of the sync health table."""
    return {"workspace_id": {"S": partition}, "run_at": {"N": str(run_at)}}
