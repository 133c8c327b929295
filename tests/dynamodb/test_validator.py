"""The validator finds what DynamoDB refuses, and nothing in what it accepts."""

from collections.abc import Iterator
from typing import Any

import pytest

from background_sync_ops.units import Index, Shape
from tests.dynamodb.capacity import SHAPES
from tests.dynamodb.validator import Violation, check

TABLE = "validated"
A, ZERO = {"S": "a"}, {"N": "0"}
KEY = {"id": A, "n": ZERO}
NAMES, ONE = {"#n": "name"}, {":v": A}
SET = {"Key": KEY, "UpdateExpression": "SET #n = :v", "ExpressionAttributeNames": NAMES}
QUERY = {"KeyConditionExpression": "id = :v", "ExpressionAttributeValues": ONE}
OF_INDEX = {**QUERY, "IndexName": "by_place", "KeyConditionExpression": "place = :v"}
DEEP: Any = A
for _ in range(32):
    DEEP = {"L": [DEEP]}


@pytest.fixture(autouse=True)
def shape() -> Iterator[None]:
    SHAPES[TABLE] = Shape({"id": "S", "n": "N"}, {"by_place": Index({"place": "S", "n": "N"}, None)})
    yield
    del SHAPES[TABLE]


def validate(operation: str, request: Any) -> None:
    """Check a request that was accepted; those of several items are given as their actions."""
    match operation:
        case "TransactWriteItems":
            request = {"TransactItems": [{"Put": {"TableName": TABLE, **each}} for each in request]}
        case "BatchWriteItem":
            request = {"RequestItems": {TABLE: [{"PutRequest": each} for each in request]}}
        case "BatchGetItem":
            request = {"RequestItems": {TABLE: {"Keys": request}}}
        case _:
            request = {"TableName": TABLE, **request}
    check(operation, request, {})


def put(**attributes: Any) -> dict[str, Any]:
    return {"Item": {**KEY, **attributes}}


def puts(count: int, **attributes: Any) -> list[Any]:
    return [put(n={"N": str(number)}, **attributes) for number in range(count)]


def update(expression: str, **values: Any) -> dict[str, Any]:
    placeholders = {"ExpressionAttributeValues": {f":{name}": value for name, value in values.items()}}
    return {"Key": KEY, "UpdateExpression": expression, **(placeholders if values else {})}


@pytest.mark.parametrize(
    ("operation", "request_", "found"),
    [
        ("GetItem", {"Key": {**KEY, "id": {"S": ""}}}, "key id is empty"),
        ("GetItem", {"Key": {**KEY, "id": {"S": "é" * 1025}}}, "key id is empty or of more than 2048"),
        ("GetItem", {"Key": {**KEY, "n": A}}, "key n is of type S, not N"),
        ("GetItem", {"Key": KEY, "ProjectionExpression": "x, x.y"}, "overlapping paths, x and x.y"),
        ("PutItem", put(place=ZERO), "index key place is of type N, not S"),
        ("PutItem", put(place={"S": ""}), "index key place is empty"),
        ("PutItem", put(x={"S": "x" * 409_600}), "more than 400 KB"),
        ("PutItem", put(x={"N": "1" * 39}), "more than 38 digits"),
        ("PutItem", put(x={"M": {"y": {"N": "1E126"}}}), "outside of 1E-130"),
        ("PutItem", put(x=DEEP), "more than 32 levels"),
        ("UpdateItem", update("SET status = :v", v=A), "the reserved word status"),
        ("UpdateItem", update("SET x = :v REMOVE x", v=A), "overlapping paths, x and x"),
        ("UpdateItem", update("SET x.y = :v, x.y[1] = :v", v=A), "overlapping paths, x.y and x.y.1"),
        ("UpdateItem", update("SET place = :v", v=ZERO), "index key place is of type N"),
        ("UpdateItem", update("REMOVE " + ", ".join(f"x{n}" for n in range(1000))), "more than 4 KB"),
        ("Query", {**QUERY, "Limit": 0}, "a Limit below 1"),
        ("Query", {**QUERY, "KeyConditionExpression": "id = :v AND n = :v"}, "key n is of type S"),
        ("Query", {**QUERY, "FilterExpression": "n <> :v"}, "the filter has the key attribute n"),
        ("Query", {**QUERY, "FilterExpression": f"x IN ({'x, ' * 100}:v)"}, "an IN of more than 100"),
        ("Query", {**OF_INDEX, "ConsistentRead": True}, "a consistent read of a global index"),
        ("TransactWriteItems", puts(101), "101 actions: 1 to 100"),
        ("TransactWriteItems", [put(), put(x=A)], "actions on the same item"),
        ("BatchWriteItem", puts(26), "26 writes: 1 to 25"),
        ("BatchWriteItem", [put(), put(x=A)], "writes on the same item"),
        ("BatchGetItem", [KEY, KEY], "keys on the same item"),
    ],
)
def test_a_planted_violation_is_found(operation: str, request_: Any, found: str) -> None:
    with pytest.raises(Violation, match=found):
        validate(operation, request_)


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("PutItem", put(place=A, x={"S": "x" * 409_500}, y={"N": "-" + "1" * 38}, z={"S": ""})),
        ("UpdateItem", {**SET, "ExpressionAttributeValues": ONE}),
        ("UpdateItem", update("SET x.y = list_append(if_not_exists(x.y, :v), :v), x.z = :v", v=A)),
        (
            "Query",
            {**QUERY, "ConsistentRead": True, "FilterExpression": "begins_with(x, :v) OR size(y) < :v"},
        ),
        ("Query", OF_INDEX),
        ("TransactWriteItems", puts(100)),
        ("BatchGetItem", [KEY, {**KEY, "n": {"N": "1"}}]),
    ],
)
def test_what_dynamodb_accepts_is_no_violation(operation: str, request_: Any) -> None:
    validate(operation, request_)
