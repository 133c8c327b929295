"""The capacity units of requests, from the sizes of items: the engines' own figures are constants."""

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.client import BaseClient

from background_sync_ops.units import Item, Shape, item_size, read_units, write_units

Call = Callable[[str, Any], Any]
SHAPES: dict[str, Shape] = {}
"""By the names of tables: filled with each answer that describes one."""


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
            return measure(lambda *request: make(client, *request), operation, parameters, cost)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", call)
        yield cost


def measure(call: Call, operation: str, parameters: Any, cost: Cost) -> Any:
    """Make a request by `call`, and add what it costs."""
    written = [*_written(operation, parameters)]
    before = [_stored(call, table, key) for table, key in written]
    cost.requests[operation] += 1
    cost.read += units_read(call, operation, parameters)
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


def units_read(call: Call, operation: str, parameters: Any) -> float:
    """The units of a request's reads; `call` reads the items that it reads, whole."""
    match operation:
        case "GetItem":
            return _read(_stored(call, parameters["TableName"], parameters["Key"]), parameters)
        case "BatchGetItem":
            tables = parameters["RequestItems"].items()
            keys = [(table, key, wanted) for table, wanted in tables for key in wanted["Keys"]]
            return sum(_read(_stored(call, table, key), wanted) for table, key, wanted in keys)
        case "Query" | "Scan":
            items = call(operation, _without_filter(parameters))["Items"]
            return read_units(sum(map(item_size, items)), consistent=_is_consistent(parameters))
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


def _read(item: Item, wanted: Mapping[str, Any]) -> float:
    return read_units(item_size(item), consistent=_is_consistent(wanted))


def _is_consistent(parameters: Mapping[str, Any]) -> bool:
    return bool(parameters.get("ConsistentRead"))
