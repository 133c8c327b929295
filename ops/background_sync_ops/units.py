"""Sizes of items and the capacity units of their reads and writes, by AWS's rules.

"DynamoDB item sizes and formats" and "DynamoDB read and write operations". Whether a transaction doubles the
writes of indexes is not documented: here it does not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil
from typing import Any

Item = Mapping[str, Any]
Keys = Mapping[str, str]
"""The key attributes and their types: the partition's first."""


@dataclass(frozen=True)
class Index:
    keys: Keys
    projected: frozenset[str] | None
    """The attributes in the index; None is all."""


@dataclass(frozen=True)
class Shape:
    keys: Keys
    indexes: Mapping[str, Index] = field(default_factory=dict)

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> "Shape":
        """From DynamoDB's description of a table, or a template's."""
        types = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}

        def keys(schema: Iterable[Mapping[str, str]]) -> dict[str, str]:
            order = sorted(schema, key=lambda each: each["KeyType"])  # HASH, RANGE
            return {each["AttributeName"]: types[each["AttributeName"]] for each in order}

        own, indexes = keys(table["KeySchema"]), dict[str, Index]()
        for each in table.get("GlobalSecondaryIndexes", []):
            index, projection = keys(each["KeySchema"]), each["Projection"]
            kept = frozenset({*own, *index, *projection.get("NonKeyAttributes", [])})
            indexes[each["IndexName"]] = Index(index, None if projection["ProjectionType"] == "ALL" else kept)
        return cls(own, indexes)


def item_size(item: Item) -> int:
    """Bytes, as AWS counts them."""
    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def value_size(value: Item) -> int:
    [(kind, content)] = value.items()
    if kind == "M":
        return 3 + len(content) + item_size(content)
    if kind == "L":
        return 3 + sum(1 + value_size(each) for each in content)
    if kind == "N":
        return (significant_digits(content) + 1) // 2 + 1
    if kind in ("SS", "NS", "BS"):
        return sum(value_size({kind[0]: each}) for each in content)
    return 1 if kind in ("BOOL", "NULL") else len(content.encode() if kind == "S" else content)


def significant_digits(number: str) -> int:
    return len("".join(map(str, Decimal(number).as_tuple().digits)).strip("0"))


def write_units(indexes: Mapping[str, Index], old: Item, new: Item, times: int = 1) -> float:
    """The units of one item's write, from `old` to `new`; {} is no item."""
    return times * _steps(old, new) + sum(_index_units(index, old, new) for index in indexes.values())


def _index_units(index: Index, old: Item, new: Item) -> int:
    before, after = entry(index, old), entry(index, new)
    if before == after:
        return 0
    if before and after and all(before[name] == after[name] for name in index.keys):
        return _steps(before, after)
    return sum(_steps(entry) for entry in (before, after) if entry)


def entry(index: Index, item: Item) -> Item:
    """An item as the index has it; {} if it is not there."""
    if not index.keys.keys() <= item.keys():
        return {}
    return {name: value for name, value in item.items() if index.projected is None or name in index.projected}


def read_units(size: float, *, consistent: bool = False) -> float:
    """The units of reading an item, or a page of them, of so many bytes together."""
    return max(1, ceil(size / 4096)) * (1 if consistent else 0.5)


def _steps(*items: Item) -> int:
    """Kilobytes that are begun, of the largest of these."""
    return max(1, ceil(max(map(item_size, items)) / 1024))
