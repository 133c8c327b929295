"""Items as DynamoDB sends them, `{"N": "1"}`, and as plain values.

Whoever must read what anybody may have written, or give it back untouched, works on items; PynamoDB's models
are for records that are ours alone.
"""

from collections.abc import Mapping
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

AttributeValue = Any
"""One typed value, such as `{"S": "text"}`; boto3's own types for it differ between reading and writing."""
Item = Mapping[str, AttributeValue]

_deserializer = TypeDeserializer()
_serializer = TypeSerializer()


def plain(item: Item) -> dict[str, object]:
    """An item's values as str, Decimal, bool, None, list and dict."""
    return {name: _deserializer.deserialize(value) for name, value in item.items()}


def plain_value(value: AttributeValue) -> object:
    """One value likewise."""
    return _deserializer.deserialize(value)


def typed(value: object) -> AttributeValue:
    """A plain value as DynamoDB takes it."""
    return _serializer.serialize(value)
