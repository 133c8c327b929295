"""Items as DynamoDB has them, `{"name": {"S": "text"}}`, and their values in Python."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

AttributeValue = Any
"""One typed value, such as `{"S": "text"}`. boto3's own types for it differ between reading and writing."""
Item = Mapping[str, AttributeValue]


class _Deserializer(TypeDeserializer):
    """DynamoDB keeps numbers up to 1E+125 and returns them with all their digits: 1E+40 as 41 of them.

    boto3 raises for more than 38 digits (boto/boto3#2500), so one such number of the CRM's would stop every
    loop that reads its record.
    """

    def _deserialize_n(self, value: str) -> Decimal:
        return Decimal(value)


_deserializer = _Deserializer()
serialize: Callable[[object], AttributeValue] = TypeSerializer().serialize


def deserialize(item: Item) -> dict[str, object]:
    """An item's values as str, Decimal, bool, None, list and dict."""
    return {name: _deserializer.deserialize(value) for name, value in item.items()}


def deserialize_value(item: Item, name: str) -> object:
    """One value of an item, None when it is missing."""
    return _deserializer.deserialize(item[name]) if name in item else None
