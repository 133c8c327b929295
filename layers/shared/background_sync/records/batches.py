"""Reading many items of a table at once."""

from collections.abc import Iterator, Sequence
from typing import Any

from background_sync.clock import attempts
from background_sync.records.database import Database, projection
from background_sync.records.typed import Item

BATCH_SIZE = 100
"""The most keys of one BatchGetItem."""
BATCH_TRIES = 8
BATCH_PAUSE_S = 0.05


class NotRead(RuntimeError):
    """DynamoDB left keys of a batch unread on every attempt."""


def read_many(
    database: Database,
    table: str,
    keys: Sequence[Item],
    attributes: Sequence[str] = (),
    *,
    consistent: bool = True,
) -> Iterator[Item]:
    """The items that exist, in any order; of each the `attributes`, or all.

    PynamoDB's models would cost ten times as much CPU.

    Raises:
        NotRead: some keys were never read.
    """
    for start in range(0, len(keys), BATCH_SIZE):
        some = list(keys[start : start + BATCH_SIZE])
        yield from _read_batch(database, table, some, attributes, consistent)


def _read_batch(
    database: Database, table: str, keys: Sequence[Item], attributes: Sequence[str], consistent: bool
) -> Iterator[Item]:
    waiting: Any = {table: {"Keys": keys, "ConsistentRead": consistent, **projection(attributes)}}
    for _ in attempts(database.clock, BATCH_TRIES, BATCH_PAUSE_S, database.deadline):
        answer = database.client.batch_get_item(RequestItems=waiting, ReturnConsumedCapacity="TOTAL")
        yield from answer["Responses"].get(table, ())
        # DynamoDB returns the keys that it left out, because of throttling or the answer's size.
        waiting = answer.get("UnprocessedKeys")
        if not waiting:
            return
    raise NotRead(f"{len(waiting[table]['Keys'])} of {len(keys)} keys were not read")
