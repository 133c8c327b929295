"""The one DynamoDB client of a process, and the tables it works on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pynamodb.connection import Connection

from background_sync.records.model import Record
from background_sync.settings import Tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CONNECT_TIMEOUT_S = 2
READ_TIMEOUT_S = 5
MAX_RETRIES = 5
MAX_CONNECTIONS = 16
READS = frozenset({"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems"})


@dataclass
class Usage:
    """Capacity units consumed so far."""

    read_units: float = 0.0
    write_units: float = 0.0


@dataclass
class Database:
    """The tables and their client; `client` is for what PynamoDB's models cost too much on or cannot say."""

    client: "DynamoDBClient"
    connection: Connection
    tables: Tables
    _usage: Usage

    @contextmanager
    def metered(self) -> Iterator[Usage]:
        """Count what the block consumes. One block at a time: meant for code that works in one thread."""
        self._usage = usage = Usage()
        yield usage

    def count(self, parsed: dict[str, Any], model: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
        """Hook after every answer: add its `ConsumedCapacity`."""
        consumed = parsed.get("ConsumedCapacity") or []
        for each in consumed if isinstance(consumed, list) else [consumed]:
            if model.name in READS:
                self._usage.read_units += each["CapacityUnits"]
            else:
                self._usage.write_units += each["CapacityUnits"]


def connect(tables: Tables) -> Database:
    """Bind the models to `tables` and give all of them one client.

    Timeouts and retries are a Lambda's, not PynamoDB's defaults (15 s, 30 s): a call that hangs must not eat
    an invocation. PynamoDB would make a client per model, some 40 ms of cold start each.
    """
    connection = Connection(
        connect_timeout_seconds=CONNECT_TIMEOUT_S,
        read_timeout_seconds=READ_TIMEOUT_S,
        max_retry_attempts=MAX_RETRIES,
        max_pool_connections=MAX_CONNECTIONS,
    )
    database = Database(cast("DynamoDBClient", connection.client), connection, tables, Usage())
    database.client.meta.events.register("after-call.dynamodb", database.count)
    Record.bind(tables, connection)
    return database
