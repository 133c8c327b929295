"""Many items by their keys, as DynamoDB sends them: PynamoDB's models cost ten times as much to make."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from background_sync.records.database import Database
from background_sync.records.items import Item

MAX_KEYS = 100
"""Of one BatchGetItem."""
BACKOFF_S = 0.05
MAX_TRIES = 8


class NotRead(RuntimeError):
    """DynamoDB left keys of a batch unread, however often it was asked."""


def read_many(
    database: Database, table: str, keys: Sequence[Mapping[str, Any]], attributes: Sequence[str] = ()
) -> Iterator[Item]:
    """Those of the items that are there, in any order; of each the `attributes`, or all.

    Raises:
        NotRead: some of the keys were never read.
    """
    for start in range(0, len(keys), MAX_KEYS):
        yield from _read_batch(database, table, list(keys[start : start + MAX_KEYS]), attributes)


def _read_batch(
    database: Database, table: str, keys: list[Mapping[str, Any]], attributes: Sequence[str]
) -> Iterator[Item]:
    waiting: Any = {table: {"Keys": keys, "ConsistentRead": True, **projection(attributes)}}
    for attempt in range(MAX_TRIES):
        answer = database.client.batch_get_item(RequestItems=waiting, ReturnConsumedCapacity="TOTAL")
        yield from answer["Responses"].get(table, ())
        waiting = answer.get("UnprocessedKeys")
        if not waiting:
            return
        time.sleep(BACKOFF_S * 2**attempt)
    raise NotRead(f"{len(waiting[table]['Keys'])} of {len(keys)} keys")


def projection(attributes: Sequence[str]) -> dict[str, Any]:
    """The parameters that ask for these attributes, whatever they are called; none for all."""
    names = {f"#p{number}": name for number, name in enumerate(attributes)}
    return {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names} if names else {}


def run_key(partition: str, run_at: int) -> dict[str, Any]:
    """The key of a record of the sync health table."""
    return {"workspace_id": {"S": partition}, "run_at": {"N": str(run_at)}}
