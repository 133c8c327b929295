"""The one DynamoDB client of a process: models, conditional updates and queries.

Two kinds of records are worked on. Records that belong to sync alone are PynamoDB models (`Record`).
Records that the CRM writes too may hold anything, and must go back as they came: they are read and written
as items, `{"name": {"S": "text"}}`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from botocore.exceptions import ClientError
from botocore.session import Session
from pynamodb.connection import Connection
from pynamodb.connection._botocore_private import BotocoreBaseClientPrivate
from pynamodb.constants import NUMBER
from pynamodb.exceptions import DoesNotExist, PutError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.projection import create_projection_expression
from pynamodb.expressions.update import Action, Update
from pynamodb.models import Model

from background_sync import aws
from background_sync.clock import Clock, Deadline, SystemClock
from background_sync.records.parser import Parsers
from background_sync.records.typed import Item
from background_sync.settings import Tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.literals import ReturnValueType

CONNECT_TIMEOUT_S = 2
READ_TIMEOUT_S = 5
MAX_RETRIES = 5
MAX_CONNECTIONS = 16
READS = frozenset({"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems"})
CONDITION_FAILED = "ConditionalCheckFailedException"


@dataclass
class Usage:
    """Capacity units consumed so far, by all threads."""

    read_units: float = 0.0
    write_units: float = 0.0
    _adding: Lock = field(default_factory=Lock)

    def add(self, units: float, *, is_read: bool) -> None:
        with self._adding:
            if is_read:
                self.read_units += units
            else:
                self.write_units += units


@dataclass
class Database:
    """The tables and their client. `clock` and `deadline` limit the retries of batch reads."""

    client: "DynamoDBClient"
    connection: Connection
    tables: Tables
    clock: Clock
    deadline: Deadline | None = None
    _usage: Usage | None = None

    @contextmanager
    def attempt(self, deadline: Deadline) -> Iterator[Usage]:
        """Count the capacity that the block consumes, and end its retries before the deadline.

        One block at a time.
        """
        self._usage = usage = Usage()
        self.deadline = deadline
        yield usage

    def count(self, parsed: dict[str, Any], model: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
        """Hook after each answer: add its `ConsumedCapacity`."""
        consumed = parsed.get("ConsumedCapacity") or []
        for each in consumed if isinstance(consumed, list) else [consumed]:
            if self._usage is not None:
                self._usage.add(each["CapacityUnits"], is_read=model.name in READS)


def connect(tables: Tables, clock: Clock | None = None, session: Session | None = None) -> Database:
    """Bind the models to `tables`, and give them all one client, by default of the functions' session.

    PynamoDB would make a client per model, some 40 ms of cold start each. Its default timeouts (15 s, 30 s)
    would let one hanging call use up an invocation.
    """
    connection = _Connection(
        session or aws.session(),
        connect_timeout_seconds=CONNECT_TIMEOUT_S,
        read_timeout_seconds=READ_TIMEOUT_S,
        max_retry_attempts=MAX_RETRIES,
        max_pool_connections=MAX_CONNECTIONS,
    )
    connection.session.register_component("response_parser_factory", Parsers())
    client = cast("DynamoDBClient", connection.client)
    database = Database(client, connection, tables, clock or SystemClock())
    client.meta.events.register("after-call.dynamodb", database.count)
    Record.bind(tables, connection)
    return database


class _Connection(Connection):
    """A connection whose client is of a given session."""

    def __init__(self, session: Session, **options: Any) -> None:  # noqa: ANN401 - PynamoDB's
        super().__init__(**options)
        self._session = session

    @property
    def session(self) -> Session:
        return self._session


class SharedConnection(Connection):
    """A connection that works over the client of another one."""

    def __init__(self, shared: Connection) -> None:
        super().__init__()
        self._shared = shared

    @property
    def client(self) -> BotocoreBaseClientPrivate:
        return self._shared.client


class Record(Model):
    """A model of a table whose name is known only after the settings are read.

    `table` is the field of `Tables` that names it.
    """

    table: ClassVar[str]

    @classmethod
    def find(cls, partition: str, run_at: int) -> Self | None:
        """A record of the sync health table as it is now, or None."""
        try:
            return cls.get(partition, run_at, consistent_read=True)
        except DoesNotExist:
            return None

    def update_if(self, condition: Condition, *actions: Action) -> bool:
        """Update the record and refresh this object; False if the condition failed."""
        try:
            self.update(actions=list(actions), condition=condition)
        except UpdateError as error:
            if error.cause_response_code == CONDITION_FAILED:
                return False
            raise
        return True

    def save_if(self, condition: Condition) -> bool:
        """Put the record; False if the condition failed."""
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
            shared = SharedConnection(connection)
            shared.add_meta_table(table_connection.get_meta_table())
            table_connection.connection = shared


def update_item(
    database: Database,
    table: str,
    key: Item,
    actions: Sequence[Action],
    condition: Condition,
    returns: "ReturnValueType" = "NONE",
) -> Item:
    """Update one item under a condition, and return what `returns` asks for; raises `ClientError`."""
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    update = Update(*actions).serialize(names, values)
    condition_text = condition.serialize(names, values)
    answer = database.client.update_item(
        TableName=table,
        Key=key,
        UpdateExpression=update or "",
        ConditionExpression=condition_text,
        ReturnConsumedCapacity="TOTAL",
        ReturnValues=returns,
        **placeholders(names, values),
    )
    return answer.get("Attributes", {})


def update_item_if(
    database: Database,
    table: str,
    key: Item,
    actions: Sequence[Action],
    condition: Condition,
    returns: "ReturnValueType" = "NONE",
) -> Item | None:
    """The same, but None if the condition failed; raises `ClientError` for any other reason."""
    try:
        return update_item(database, table, key, actions, condition, returns)
    except ClientError as error:
        if error.response["Error"]["Code"] == CONDITION_FAILED:
            return None
        raise


def query(
    database: Database,
    table: str,
    key: Condition,
    attributes: Sequence[str],
    *,
    where: Condition | None = None,
    **options: Any,  # noqa: ANN401 - boto3's own: IndexName, Limit, ExclusiveStartKey, ScanIndexForward
) -> Any:  # noqa: ANN401 - boto3's answer
    """One page of a query, with these attributes of each item."""
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    expressions = {
        "KeyConditionExpression": key.serialize(names, values),
        "ProjectionExpression": create_projection_expression(list(attributes), names),
    }
    if where is not None:
        expressions["FilterExpression"] = where.serialize(names, values)
    parameters: dict[str, Any] = {
        "TableName": table,
        "ReturnConsumedCapacity": "TOTAL",
        **expressions,
        **placeholders(names, values),
        **{name: option for name, option in options.items() if option is not None},
    }
    return database.client.query(**parameters)


def placeholders(names: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, Any]:
    """PynamoDB maps names to placeholders; DynamoDB wants it the other way round, and no empty mapping."""
    written = {"ExpressionAttributeNames": {placeholder: name for name, placeholder in names.items()}}
    return {**written, "ExpressionAttributeValues": values} if values else written


def projection(attributes: Sequence[str]) -> dict[str, Any]:
    """The parameters that ask for these attributes; for all when there are none."""
    names: dict[str, str] = {}
    if not attributes:
        return {}
    expression = create_projection_expression(list(attributes), names)
    return {"ProjectionExpression": expression, **placeholders(names, {})}


def run_key(partition: str, run_at: int) -> Item:
    return {"workspace_id": {"S": partition}, "run_at": {"N": str(run_at)}}


def not_number(name: str) -> Condition:
    condition: Condition = ~Path(name).is_type(NUMBER)
    return condition


def partition(workspace_id: str) -> Condition:
    """The key condition of everything that a table has of one workspace."""
    condition: Condition = Path("workspace_id") == workspace_id
    return condition
