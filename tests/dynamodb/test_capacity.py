"""Sizes and units by the examples and rules of AWS's documents."""

from typing import Any

import pytest

from background_sync_ops.units import Index, Item, item_size, write_units
from tests.dynamodb.capacity import units_read

A: Item = {"S": "a"}
INDEXES = {"by_place": Index({"place": "S"}, frozenset({"id", "place", "size"}))}


def item(**attributes: Any) -> Item:
    return {"id": A, **attributes}


def large(kilobytes: float) -> Item:
    """An attribute that makes an item of this size: the other bytes are `id`, `a` and its name."""
    return {"S": "x" * (round(kilobytes * 1024) - 4)}


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "é€"}, 5),
        ({"N": "0"}, 1),
        ({"N": "-1234.50"}, 4),
        ({"NULL": True}, 1),
        ({"SS": ["ab", "c"]}, 3),
        ({"L": [{"S": "ab"}, {"N": "1"}]}, 3 + 3 + 3),
        ({"M": {"name": {"S": "ab"}}}, 3 + 1 + 4 + 2),
    ],
)
def test_an_item_has_the_size_of_its_names_and_values(value: Item, size: int) -> None:
    assert item_size({"name": value}) == 4 + size


@pytest.mark.parametrize(
    ("old", "new", "units"),
    [
        ({}, item(x=large(1.1)), 2),
        (item(x=large(3)), item(), 3),
        ({}, {}, 1),
        ({}, item(place=A), 1 + 1),
        (item(place=A), item(place={"S": "b"}), 1 + 2),
        (item(place=A), item(place=A, size=A), 1 + 1),
        (item(place=A), item(place=A, x=large(3)), 4),
        (item(place=A), item(place=A), 1),
    ],
)
def test_a_write_costs_the_larger_item_and_the_entries_of_indexes(old: Item, new: Item, units: int) -> None:
    assert write_units(INDEXES, old, new) == units
    assert write_units({}, old, new, 2) == 2 * write_units({}, old, new)


@pytest.mark.parametrize(
    ("operation", "request_", "units"),
    [
        ("GetItem", {"Key": {}}, 1),
        ("GetItem", {"Key": {}, "ConsistentRead": True}, 2),
        ("Query", {}, 1.5),
        ("Scan", {"ConsistentRead": True}, 3),
        ("BatchGetItem", {"RequestItems": {"t": {"Keys": [{}, {}]}}}, 2),
    ],
)
def test_a_read_costs_its_items_before_the_filter(operation: str, request_: Any, units: float) -> None:
    """A query's items are added up before they are rounded, those of a batch after it."""

    def call(name: str, _: Any) -> Any:
        found = item(x=large(5))
        return {"Item": found} if name == "GetItem" else {"Items": [found, found]}

    assert units_read(call, operation, {"TableName": "t", **request_}) == units
