"""Checks DynamoDB's requests against the bounds that AWS documents, some of which each engine does not hold.

By "Constraints", "Quotas" and "Reserved words" of the Developer Guide, and the reference of each request.
A request that breaks one must be refused: `watching` fails where an engine accepts it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from importlib.resources import files
from typing import Any

import pytest
from botocore.client import BaseClient

from background_sync_ops.units import Item, Keys, Shape, item_size, significant_digits
from tests.dynamodb.capacity import SHAPES

EXPRESSIONS = [
    f"{kind}Expression" for kind in ("KeyCondition", "Filter", "Condition", "Projection", "Update")
]
NAME = r"(?:#\w+|(?<![:#\w])[A-Za-z_]\w*)"
PATH = rf"{NAME}(?:\.(?:#\w+|[A-Za-z_]\w*)|\[\d+\])*"
KEYWORDS = {"AND", "OR", "NOT", "IN", "BETWEEN", "SET", "REMOVE", "ADD", "DELETE"}
CLAUSE = re.compile(r"(?<![#:\w.])(SET|REMOVE|ADD|DELETE)\s", re.IGNORECASE)
TARGET = {"SET": rf"({PATH})\s*=", "REMOVE": rf"({PATH})"}
ADD_OR_DELETE = rf"({PATH})\s+:"
OPERANDS = re.compile(r"\bIN\s*\(([^()]*)\)", re.IGNORECASE)
RESERVED = {*(files("moto") / "dynamodb/parsing/reserved_keywords.txt").read_text().split()}
KEY_BYTES = (2048, 1024)
MAX_ITEM_BYTES, MAX_EXPRESSION_BYTES, MAX_OPERANDS, MAX_DIGITS, MAX_DEPTH = 409_600, 4096, 100, 38, 32


class Violation(BaseException):
    """The engine accepted a request that DynamoDB refuses. No code of the product catches this."""


@contextmanager
def watching() -> Iterator[None]:
    """Check the requests of every client of this process."""
    make: Callable[..., Any] = BaseClient._make_api_call  # type: ignore[attr-defined]

    def checked_call(client: Any, operation: str, parameters: Any) -> Any:
        if client.meta.service_model.service_name != "dynamodb":
            return make(client, operation, parameters)
        return check(operation, parameters, make(client, operation, parameters))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", checked_call)
        yield


def check(operation: str, parameters: Any, answer: Any) -> Any:
    """Return the answer of a request that was accepted; raises `Violation`."""
    for found in violations(operation, parameters):
        raise Violation(f"{operation}: {found}: {str(parameters)[:2000]}")
    if (table := answer.get("Table") or answer.get("TableDescription", {})) and "KeySchema" in table:
        SHAPES[table["TableName"]] = Shape.of(table)
    return answer


def violations(operation: str, parameters: Any) -> Iterator[str]:
    """What DynamoDB refuses in a request. Keys and types are those of `SHAPES`."""
    match operation:
        case "TransactWriteItems":
            actions = [each for what in parameters["TransactItems"] for each in what.values()]
            yield from _many("actions", actions, 100)
        case "BatchWriteItem":
            tables = parameters["RequestItems"].items()
            writes = [(table, each) for table, whats in tables for what in whats for each in what.values()]
            yield from _many("writes", [{"TableName": table, **each} for table, each in writes], 25)
        case "BatchGetItem":
            for table, wanted in parameters["RequestItems"].items():
                yield from _many("keys", [{"TableName": table, "Key": key} for key in wanted["Keys"]], 100)
                yield from _expressions(wanted, SHAPES.get(table), "")
        case "GetItem" | "PutItem" | "UpdateItem" | "DeleteItem" | "Query" | "Scan":
            yield from _single(parameters)


def _many(what: str, actions: Sequence[Any], most: int) -> Iterator[str]:
    if not 1 <= len(actions) <= most:
        yield f"{len(actions)} {what}: 1 to {most} are allowed"
    keys = [(each["TableName"], str(_key(each))) for each in actions]
    if len(set(keys)) < len(keys):
        yield f"{what} on the same item"
    for each in actions:
        yield from _single(each)


def _key(action: Mapping[str, Any]) -> Any:
    item = action.get("Key") or action["Item"]
    shape = SHAPES.get(action["TableName"])
    return sorted((name, str(item.get(name))) for name in (shape.keys if shape else item))


def _single(request: Mapping[str, Any]) -> Iterator[str]:
    shape, index = SHAPES.get(request["TableName"]), request.get("IndexName", "")
    if shape and "Key" in request:
        yield from _key_values(request["Key"], shape.keys, "key")
    if "Item" in request:
        yield from _item(request["Item"], shape)
    if index and request.get("ConsistentRead"):
        yield "a consistent read of a global index"
    if request.get("Limit", 1) < 1:
        yield "a Limit below 1"
    yield from _expressions(request, shape, index)


def _item(item: Item, shape: Shape | None) -> Iterator[str]:
    if item_size(item) > MAX_ITEM_BYTES:
        yield "an item of more than 400 KB"
    for value in item.values():
        yield from _value(value, 1)
    if shape:
        yield from _key_values(item, shape.keys, "key")
        for index in shape.indexes.values():
            yield from _key_values(item, index.keys, "index key")


def _key_values(item: Item, keys: Keys, what: str) -> Iterator[str]:
    for (name, kind), most in zip(keys.items(), KEY_BYTES, strict=False):
        if name in item:
            [(found, content)] = item[name].items()
            if found != kind:
                yield f"{what} {name} is of type {found}, not {kind}"
            elif kind != "N" and not 1 <= len(content.encode() if kind == "S" else content) <= most:
                yield f"{what} {name} is empty or of more than {most} bytes"
            yield from _value(item[name], 1)


def _value(value: Item, depth: int) -> Iterator[str]:
    [(kind, content)] = value.items()
    if depth > MAX_DEPTH:
        yield "more than 32 levels"
    elif kind == "N":
        number = Decimal(content)
        if significant_digits(content) > MAX_DIGITS:
            yield f"a number of more than 38 digits, {content}"
        if number and not -130 <= number.adjusted() <= 125:
            yield f"a number outside of 1E-130 to 9.9E+125, {content}"
    elif kind in ("SS", "NS", "BS") and not 0 < len(content) == len({*content}):
        yield "a set that is empty or has an element twice"
    elif kind in ("L", "M"):
        for each in content if kind == "L" else content.values():
            yield from _value(each, depth + 1)


def _expressions(request: Mapping[str, Any], shape: Shape | None, index: str) -> Iterator[str]:
    texts = {kind: request[kind] for kind in EXPRESSIONS if kind in request}
    names, values = (request.get(f"ExpressionAttribute{kind}", {}) for kind in ("Names", "Values"))
    known = {**names, **values}
    for value in values.values():
        yield from _value(value, 1)
    for kind, text in texts.items():
        if not 1 <= len(text.encode()) <= MAX_EXPRESSION_BYTES:
            yield f"{kind} is empty or of more than 4 KB"
        if any(each.count(",") >= MAX_OPERANDS for each in OPERANDS.findall(text)):
            yield f"{kind} has an IN of more than 100 operands"
        words = {part for path in _paths(text) for part in re.split(r"[.\[]", path)}
        yield from [f"{kind} has the reserved word {each}" for each in words if each.upper() in RESERVED]
    yield from _overlapping([*_targets(texts.get("UpdateExpression", ""), known)], "UpdateExpression")
    projected = [_resolved(each, known) for each in _paths(texts.get("ProjectionExpression", ""))]
    yield from _overlapping(projected, "ProjectionExpression")
    if shape:
        keys = shape.indexes[index].keys if index in shape.indexes else shape.keys
        yield from _about_keys(texts, known, shape, keys)


def _about_keys(
    texts: Mapping[str, str], known: Mapping[str, Any], shape: Shape, keys: Keys
) -> Iterator[str]:
    for each in shape.indexes.values():
        yield from _key_values(_compared(texts.get("UpdateExpression", ""), known), each.keys, "index key")
    yield from _key_values(_compared(texts.get("KeyConditionExpression", ""), known), keys, "key")
    if "KeyConditionExpression" in texts:
        filtered = {_resolved(path, known)[0] for path in _paths(texts.get("FilterExpression", ""))}
        yield from [f"the filter has the key attribute {name}" for name in keys if name in filtered]


def _compared(text: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """The values that attributes are set to or compared with."""
    pairs = re.findall(rf"({PATH})\s*(?:[<>]?=|[<>]|\bBETWEEN\b|,)\s*(:\w+)(?!\s*[+-])", text, re.IGNORECASE)
    return {_resolved(path, known)[0]: known[value] for path, value in pairs if "." not in path}


def _targets(update: str, known: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    parts = CLAUSE.split(update)[1:]
    for clause, body in zip(parts[::2], parts[1::2], strict=True):
        yield from (
            _resolved(path, known) for path in re.findall(TARGET.get(clause.upper(), ADD_OR_DELETE), body)
        )


def _paths(text: str) -> list[str]:
    found = re.findall(rf"({PATH})(?!\s*\(|\w)", text)
    return [path for path in found if path.upper() not in KEYWORDS]


def _resolved(path: str, known: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(known.get(part, part)) for part in re.findall(r"#?\w+", path))


def _overlapping(paths: Sequence[tuple[str, ...]], kind: str) -> Iterator[str]:
    for number, one in enumerate(paths):
        for other in paths[number + 1 :]:
            if all(a == b for a, b in zip(one, other, strict=False)):
                yield f"{kind} has overlapping paths, {'.'.join(one)} and {'.'.join(other)}"
