"""The capacity units of requests, computed from the sizes of items: the engines' own figures are constants.

By AWS's "DynamoDB read and write operations". Whether a transaction doubles the writes of indexes is not
documented: here it does not.
"""

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import pytest
from botocore.client import BaseClient

from tests.dynamodb.items import SHAPES, Index, Item, item_size

Call = Callable[[str, Any], Any]


@dataclass
class Cost:
    requests: Counter[str] = field(default_factory=Counter)
    read: float = 0
    write: float = 0


@contextmanager
def metered(client: Any) -> Iterator[Cost]:
    """The requests of a client within the block, which are made one after the other."""
    make: Callable[..., Any] = BaseClient._make_api_call  # type: ignore[attr-defined]
    cost, lock = Cost(), threading.RLock()

    def call(caller: Any, operation: str, parameters: Any) -> Any:
        if caller is not client:
            return make(caller, operation, parameters)
        with lock:
            return _measure(lambda *request: make(client, *request), operation, parameters, cost)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", call)
        yield cost


def _measure(call: Call, operation: str, parameters: Any, cost: Cost) -> Any:
    written = [*_written(operation, parameters)]
    before = [_stored(call, table, key) for table, key in written]
    cost.requests[operation] += 1
    cost.read += read_units(call, operation, parameters)
    try:
        return call(operation, parameters)
    finally:
        times = 2 if operation.startswith("Transact") else 1
        for (table, key), old in zip(written, before, strict=True):
            cost.write += write_units(SHAPES[table].indexes, old, _stored(call, table, key), times)


def _written(operation: str, parameters: Any) -> Iterator[tuple[str, Item]]:
    """The tables and keys of the items that a request writes, or checks in a transaction."""
    actions: list[Any] = [parameters] if operation in ("PutItem", "UpdateItem", "DeleteItem") else []
    for each in actions or [each for what in parameters.get("TransactItems", []) for each in what.values()]:
        table = each["TableName"]
        yield table, each.get("Key") or {name: each["Item"][name] for name in SHAPES[table].keys}


def _stored(call: Call, table: str, key: Item) -> Item:
    found = call("GetItem", {"TableName": table, "Key": key, "ConsistentRead": True})
    return found.get("Item", {})  # type: ignore[no-any-return]


def write_units(indexes: Mapping[str, Index], old: Item, new: Item, times: int = 1) -> float:
    """The units of one item's write, from `old` to `new`; {} is no item."""
    return times * _steps(1, old, new) + sum(_index_units(index, old, new) for index in indexes.values())


def _index_units(index: Index, old: Item, new: Item) -> int:
    before, after = _entry(index, old), _entry(index, new)
    if before == after:
        return 0
    if before and after and all(before[name] == after[name] for name in index.keys):
        return _steps(1, before, after)
    return sum(_steps(1, entry) for entry in (before, after) if entry)


def _entry(index: Index, item: Item) -> Item:
    if not index.keys.keys() <= item.keys():
        return {}
    return {name: value for name, value in item.items() if index.projected is None or name in index.projected}


def read_units(call: Call, operation: str, parameters: Any) -> float:
    """The units of a request's reads; `call` reads the items that it reads, whole."""
    match operation:
        case "GetItem":
            return _steps(4, _stored(call, parameters["TableName"], parameters["Key"])) * _factor(parameters)
        case "BatchGetItem":
            tables = parameters["RequestItems"].items()
            keys = [(table, key, _factor(wanted)) for table, wanted in tables for key in wanted["Keys"]]
            return sum(_steps(4, _stored(call, table, key)) * factor for table, key, factor in keys)
        case "Query" | "Scan":
            items = call(operation, _without_filter(parameters))["Items"]
            return ceil(max(1, sum(map(item_size, items))) / 4096) * _factor(parameters)
        case _:
            return 0


def _without_filter(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The same page with whole items: a filter's and a projection's names and values would then be unused."""
    left_out = {"FilterExpression", "ProjectionExpression", "Select"}
    whole = {name: value for name, value in parameters.items() if name not in left_out}
    used = re.findall(r"[#:]\w+", whole.get("KeyConditionExpression", ""))
    for kind in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        kept = {name: value for name, value in whole.pop(kind, {}).items() if name in used}
        whole |= {kind: kept} if kept else {}
    return whole


def _factor(parameters: Mapping[str, Any]) -> float:
    return 1 if parameters.get("ConsistentRead") else 0.5


def _steps(kilobytes: int, *items: Item) -> int:
    return max(1, ceil(max(map(item_size, items)) / (kilobytes * 1024)))
