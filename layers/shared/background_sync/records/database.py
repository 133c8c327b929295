"""The one DynamoDB client of a process, and the tables it works on."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from pynamodb.connection import Connection
from pynamodb.connection._botocore_private import BotocoreBaseClientPrivate
from pynamodb.exceptions import DoesNotExist, PutError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

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


CONDITION_FAILED = "ConditionalCheckFailedException"


class SharedConnection(Connection):
    """A connection that works over the client of another one."""

    def __init__(self, shared: Connection) -> None:
        super().__init__()
        self._shared = shared

    @property
    def client(self) -> BotocoreBaseClientPrivate:
        """The other one's."""
        return self._shared.client


class Record(Model):
    """A model whose table's name is known only once the settings are read."""

    table: ClassVar[str]
    """The field of `Tables` that names its table."""

    @classmethod
    def find(cls, partition: str, run_at: int) -> Self | None:
        """A record of the sync health table as it is now, or None."""
        try:
            return cls.get(partition, run_at, consistent_read=True)
        except DoesNotExist:
            return None

    def update_if(self, condition: Condition, *actions: Action) -> bool:
        """Change the record, and know it as it then is; False where somebody was first."""
        try:
            self.update(actions=list(actions), condition=condition)
        except UpdateError as error:
            if error.cause_response_code == CONDITION_FAILED:
                return False
            raise
        return True

    def save_if(self, condition: Condition) -> bool:
        """Put the record; False where somebody was first."""
        try:
            self.save(condition)
        except PutError as error:
            if error.cause_response_code == CONDITION_FAILED:
                return False
            raise
        return True

    @staticmethod
    def bind(tables: Tables, connection: Connection) -> None:
        """Point every model at its table in `tables`, all over one client."""
        for model in Record.__subclasses__():
            model.Meta.table_name = getattr(tables, model.table)
            table_connection = model._get_connection()
            own = SharedConnection(connection)
            own.add_meta_table(table_connection.get_meta_table())
            table_connection.connection = own


AttributeValue = Any
"""One typed value, such as `{"S": "text"}`; boto3's own types for it differ between reading and writing."""
Item = Mapping[str, AttributeValue]

_deserializer = TypeDeserializer()
_serializer = TypeSerializer()


def deserialize(item: Item) -> dict[str, object]:
    """An item's values as str, Decimal, bool, None, list and dict."""
    return {name: _deserializer.deserialize(value) for name, value in item.items()}


def deserialize_value(value: AttributeValue) -> object:
    """One value likewise."""
    return _deserializer.deserialize(value)


def serialize(value: object) -> AttributeValue:
    """A plain value as DynamoDB takes it."""
    return _serializer.serialize(value)


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
