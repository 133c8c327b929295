"""A table's reads, in batches, and its writes, which all have a condition unless nobody else can write."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError

from background_sync.records.batches import BATCH_SIZE
from background_sync.records.contacts import CONFLICTS
from background_sync.records.database import projection
from background_sync.records.typed import AttributeValue, Item, deserialize
from background_sync_ops.snapshot.retries import tries, with_retries
from background_sync_ops.snapshot.values import BadDocument, Record

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")
Key = tuple[str, ...]

WRITE_BATCH = 25
"""The most items of one BatchWriteItem."""
_serializer = TypeSerializer()
MAX_ATTRIBUTES = 80
"""The most attributes of one update: its expressions are limited to 4 KB and 300 operators."""


class Conflict(Exception):
    """Another writer changed the item since it was read."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An item as it was read: as plain values, and as typed values for the condition that it is unchanged."""

    record: Record
    item: Item


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table. `guarded` are the attributes that every update depends on, and that it changes last."""

    client: "DynamoDBClient"
    name: str
    key: tuple[str, ...]
    guarded: tuple[str, ...]

    def key_of(self, record: Mapping[str, Any]) -> Key:
        return tuple(record[name] for name in self.key)

    def read(self, keys: Iterable[Key]) -> dict[Key, Stored]:
        """The items that exist, as they are now."""
        stored = (Stored(deserialize(item), item) for item in self._read(keys))
        return {self.key_of(each.record): each for each in stored}

    def existing(self, keys: Iterable[Key]) -> set[Key]:
        """The keys of the items that exist."""
        return {self.key_of(deserialize(item)) for item in self._read(keys, self.key)}

    def _read(self, keys: Iterable[Key], attributes: Sequence[str] = ()) -> Iterator[Item]:
        for batch in batches(keys, BATCH_SIZE):
            typed = [self._typed(key) for key in batch]
            waiting: Any = {self.name: {"Keys": typed, "ConsistentRead": True, **projection(attributes)}}
            doing = f"reading {self.name}"
            for _ in tries(doing):
                answer = with_retries(doing, self.client.batch_get_item, RequestItems=waiting)
                yield from answer["Responses"].get(self.name, [])
                # DynamoDB returns the keys that it left out, because of throttling or the answer's size.
                waiting = answer.get("UnprocessedKeys")
                if not waiting:
                    break

    def put_batch(self, records: Sequence[Record]) -> None:
        """Write up to `WRITE_BATCH` records, overwriting what is there.

        Raises:
            BadDocument: DynamoDB rejects one of them. Some of the others may have been written.
        """
        waiting: Any = {self.name: [{"PutRequest": {"Item": _typed_values(record)}} for record in records]}
        for _ in tries(f"writing {self.name}"):
            waiting = self._write(self.client.batch_write_item, RequestItems=waiting).get("UnprocessedItems")
            if not waiting:
                return

    def create(self, record: Record) -> None:
        """Write a new record; raises `Conflict` if it exists by now, `BadDocument` if DynamoDB rejects it."""
        self._write(
            self.client.put_item,
            TableName=self.name,
            Item=_typed_values(record),
            ConditionExpression="attribute_not_exists(#key)",
            ExpressionAttributeNames={"#key": self.key[0]},
        )

    def update(self, stored: Stored, changed: Record) -> None:
        """Set the attributes `changed`, if they and the guarded ones are still as they were read.

        Raises:
            Conflict: another writer changed one of them.
            BadDocument: DynamoDB rejects the update.
        """
        # The guarded attributes come last: the condition of every part compares them with what was read. And
        # as long as they are old, the document still counts as newer, so that the next import completes an
        # interrupted update.
        free = [name for name in changed if name not in self.guarded]
        last = max(0, len(free) - 1) // MAX_ATTRIBUTES * MAX_ATTRIBUTES
        for names in batches(free[:last], MAX_ATTRIBUTES):
            self._update(stored, {name: changed[name] for name in names})
        guarded = [name for name in changed if name in self.guarded]
        self._update(stored, {name: changed[name] for name in (*free[last:], *guarded)})

    def _update(self, stored: Stored, changed: Record) -> None:
        names, values = {"#key": self.key[0]}, {}
        assignments, conditions = [], ["attribute_exists(#key)"]
        for number, name in enumerate(dict.fromkeys((*changed, *self.guarded))):
            names[f"#{number}"] = name
            if name in stored.item:
                conditions.append(f"#{number} = :old{number}")
                values[f":old{number}"] = stored.item[name]
            else:
                conditions.append(f"attribute_not_exists(#{number})")
            if name in changed:
                assignments.append(f"#{number} = :new{number}")
                values[f":new{number}"] = _typed_value(name, changed[name])
        self._write(
            self.client.update_item,
            TableName=self.name,
            Key=self._typed(self.key_of(stored.record)),
            UpdateExpression="SET " + ", ".join(assignments),
            ConditionExpression=" AND ".join(conditions),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )

    def _write(self, request: Callable[..., Any], **parameters: Any) -> Any:
        try:
            return with_retries(f"writing {self.name}", request, **parameters)
        except ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
            if code in CONFLICTS:
                raise Conflict(message) from error
            if code == "ValidationException":
                raise BadDocument(f"DynamoDB rejected it: {' '.join(message.split())}") from error
            raise

    def _typed(self, key: Key) -> dict[str, Any]:
        return _typed_values(dict(zip(self.key, key, strict=True)))


def batches(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """`things` in lists of `size`, the last one shorter."""
    iterator = iter(things)
    while batch := list(islice(iterator, size)):
        yield batch


def _typed_values(record: Mapping[str, object]) -> dict[str, Any]:
    return {name: _typed_value(name, value) for name, value in record.items()}


def _typed_value(name: str, value: object) -> AttributeValue:
    try:
        return _serializer.serialize(value)
    except ArithmeticError:  # it refuses 1E+40 as an integer, and as DynamoDB returns it
        raise BadDocument(f"{name} has a number of more digits than 38", name, "a number") from None
