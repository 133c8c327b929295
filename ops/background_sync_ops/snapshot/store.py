"""A table's reads, in batches, and its writes: each under a condition, unless nobody else writes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from background_sync.records.contacts import CONFLICTS
from background_sync.records.database import Item, deserialize, serialize
from background_sync_ops.snapshot.patience import patiently, tries
from background_sync_ops.snapshot.values import Record

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")
Key = tuple[str, ...]

READ_BATCH = 100
WRITE_BATCH = 25
MAX_ATTRIBUTES = 80
"""Of one update: its expressions may have 4 KB and 300 operators."""


class Conflict(Exception):
    """Somebody else wrote the item at the same moment."""


class Refused(Exception):
    """DynamoDB does not take the item; says why."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An item as it was read: plain, and typed for the condition that it is still so."""

    record: Record
    item: Item


@dataclass(frozen=True)
class Table:
    """One table; `guarded` are the attributes that every update depends on, and changes last."""

    client: "DynamoDBClient"
    name: str
    key: tuple[str, ...]
    guarded: tuple[str, ...]

    def key_of(self, record: Mapping[str, Any]) -> Key:
        """A record's key."""
        return tuple(record[name] for name in self.key)

    # ---------------------------------------------------------------- reads

    def read(self, keys: Sequence[Key]) -> dict[Key, Stored]:
        """Those of the items that are there, as they are now."""
        found: dict[Key, Stored] = {}
        for batch in batches(keys, READ_BATCH):
            for item in self._read_all({"Keys": [self._typed(key) for key in batch], "ConsistentRead": True}):
                stored = Stored(deserialize(item), item)
                found[self.key_of(stored.record)] = stored
        return found

    def existing(self, keys: Sequence[Key]) -> set[Key]:
        """Which of the items are there."""
        found: set[Key] = set()
        names = {f"#{name}": name for name in self.key}
        for batch in batches(keys, READ_BATCH):
            request = {
                "Keys": [self._typed(key) for key in batch],
                "ConsistentRead": True,
                "ProjectionExpression": ", ".join(names),
                "ExpressionAttributeNames": names,
            }
            found.update(self.key_of(deserialize(item)) for item in self._read_all(request))
        return found

    def _read_all(self, request: dict[str, Any]) -> Iterator[Item]:
        waiting: Any = {self.name: request}
        for _ in tries(f"reading {self.name}"):
            answer = patiently(f"reading {self.name}", self.client.batch_get_item, RequestItems=waiting)
            yield from answer["Responses"].get(self.name, [])
            waiting = answer.get("UnprocessedKeys")
            if not waiting:
                return

    # ---------------------------------------------------------------- writes

    def put_batch(self, records: Sequence[Record]) -> None:
        """Write up to `WRITE_BATCH` records over whatever is there.

        Raises:
            Refused: DynamoDB does not take one of them; what became of the others is not known.
        """
        waiting: Any = {self.name: [{"PutRequest": {"Item": _item(record)}} for record in records]}
        for _ in tries(f"writing {self.name}"):
            waiting = self._write(self.client.batch_write_item, RequestItems=waiting).get("UnprocessedItems")
            if not waiting:
                return

    def create(self, record: Record) -> None:
        """Write a record that is not there; raises `Conflict` and `Refused`."""
        self._write(
            self.client.put_item,
            TableName=self.name,
            Item=_item(record),
            ConditionExpression="attribute_not_exists(#key)",
            ExpressionAttributeNames={"#key": self.key[0]},
        )

    def update(self, stored: Stored, changed: Record) -> None:
        """Set the attributes `changed`, if they and the guarded ones are still as they were read.

        Raises:
            Conflict: they are not.
            Refused: DynamoDB does not take it.
        """
        free = [name for name in changed if name not in self.guarded]
        last = max(0, len(free) - 1) // MAX_ATTRIBUTES * MAX_ATTRIBUTES
        for names in batches(free[:last], MAX_ATTRIBUTES):
            self._update(stored, {name: changed[name] for name in names})
        guarded = [name for name in changed if name in self.guarded]
        self._update(stored, {name: changed[name] for name in (*free[last:], *guarded)})

    def _update(self, stored: Stored, changed: Record) -> None:
        names = {name: f"#{number}" for number, name in enumerate(dict.fromkeys((*changed, *self.guarded)))}
        sets = [f"{names[name]} = :new{number}" for number, name in enumerate(changed)]
        condition, values = _unchanged(stored.item, names)
        self._write(
            self.client.update_item,
            TableName=self.name,
            Key=self._typed(self.key_of(stored.record)),
            UpdateExpression="SET " + ", ".join(sets),
            ConditionExpression=f"attribute_exists(#key) AND {condition}",
            ExpressionAttributeNames={"#key": self.key[0], **{hashed: n for n, hashed in names.items()}},
            ExpressionAttributeValues={
                **values,
                **{f":new{number}": serialize(value) for number, value in enumerate(changed.values())},
            },
        )

    def _write(self, request: Callable[..., Any], **parameters: Any) -> Any:
        try:
            return patiently(f"writing {self.name}", request, **parameters)
        except ClientError as error:
            raise _meaning(error) from error

    def _typed(self, key: Key) -> dict[str, Any]:
        return {name: serialize(value) for name, value in zip(self.key, key, strict=True)}


def batches(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """`things` in lists of `size`, the last one shorter."""
    iterator = iter(things)
    while batch := list(islice(iterator, size)):
        yield batch


def _item(record: Record) -> dict[str, Any]:
    return {name: serialize(value) for name, value in record.items()}


def _unchanged(read: Item, names: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """The condition that attributes, by their placeholders, are as they were read, and its values."""
    terms, values = [], {}
    for name, placeholder in names.items():
        if name in read:
            values[f":was{placeholder[1:]}"] = read[name]
            terms.append(f"{placeholder} = :was{placeholder[1:]}")
        else:
            terms.append(f"attribute_not_exists({placeholder})")
    return " AND ".join(terms), values


def _meaning(error: ClientError) -> Exception:
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    if code in CONFLICTS:
        return Conflict(message)
    return Refused(" ".join(message.split())) if code == "ValidationException" else error
