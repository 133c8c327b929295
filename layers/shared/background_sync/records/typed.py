"""Items as DynamoDB has them, `{"name": {"S": "text"}}`, and their values in Python."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

AttributeValue = Any
"""One typed value, such as `{"S": "text"}`. boto3's own types for it differ between reading and writing."""
Item = Mapping[str, AttributeValue]


def serialize(value: object) -> AttributeValue:
    """A str, int, Decimal, bool, None, list or dict as a typed value.

    Raises:
        TypeError: another type; also a float, because DynamoDB's numbers are decimal.
    """
    stored: object = value
    match value:
        case None:
            kind, stored = "NULL", True
        case bool():
            kind = "BOOL"
        case str():
            kind = "S"
        case int() | Decimal():
            kind, stored = "N", str(value)
        case list() | tuple():
            kind, stored = "L", [serialize(each) for each in value]
        case dict():
            kind, stored = "M", {name: serialize(each) for name, each in value.items()}
        case _:
            raise TypeError(f"{type(value).__name__} cannot be stored")
    return {kind: stored}


def deserialize(item: Item) -> dict[str, object]:
    """An item's values as str, Decimal, bool, None, list and dict; also bytes and sets."""
    return {name: _value(value) for name, value in item.items()}


def deserialize_value(item: Item, name: str) -> object:
    """One value of an item, None when it is missing."""
    return _value(item[name]) if name in item else None


def _value(typed: AttributeValue) -> object:
    ((kind, value),) = typed.items()
    return _READ[kind](value)


# DynamoDB keeps numbers up to 1E+125 and returns them with all their digits: 1E+40 as 41 of them. boto3
# raises for more than 38 (boto/boto3#2500), so one such number of the CRM's would stop every loop that reads
# its record.
_READ: Mapping[str, Callable[[Any], object]] = {
    "S": str,
    "N": Decimal,
    "BOOL": bool,
    "NULL": lambda _: None,
    "M": deserialize,
    "L": lambda values: [_value(each) for each in values],
    "B": bytes,
    "SS": set,
    "NS": lambda values: {Decimal(each) for each in values},
    "BS": lambda values: {bytes(each) for each in values},
}
