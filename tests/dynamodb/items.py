"""Sizes of items, and the keys and indexes of the tables that the tests have described."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
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
        """From DynamoDB's description of a table."""
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


SHAPES: dict[str, Shape] = {}
"""By the names of tables: filled with each answer that describes one."""


def item_size(item: Item) -> int:
    """Bytes, as AWS counts them ("DynamoDB item sizes and formats")."""
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
