"""Values are stored and read as boto3 does it."""

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from background_sync.records.typed import deserialize, serialize

VALUES = ["text", 0, -1, Decimal("1.50"), True, False, None, [], [1, ["a"]], {}, {"a": {"b": None}}]


@pytest.mark.parametrize("value", VALUES)
def test_a_value_is_stored_as_boto3_stores_it(value: object) -> None:
    assert serialize(value) == TypeSerializer().serialize(value)


@pytest.mark.parametrize("value", [*VALUES, b"\x00", {1, 2}, {"a", "b"}, {b"a"}])
def test_a_value_is_read_as_boto3_reads_it(value: object) -> None:
    typed: Any = TypeSerializer().serialize(value)
    assert deserialize({"it": typed}) == {"it": TypeDeserializer().deserialize(typed)}


def test_a_float_is_not_stored() -> None:
    with pytest.raises(TypeError, match="float cannot be stored"):
        serialize({"at": [1.5]})
