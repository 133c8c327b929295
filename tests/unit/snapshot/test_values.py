import base64
import json
import struct
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import Binary

from background_sync_ops.snapshot.values import (
    HEADROOM_BYTES,
    MAX_ITEM_BYTES,
    BadDocument,
    Unstorable,
    kind,
    parse,
    require_storable,
    same,
)


def value(text: str) -> Any:
    return parse(f'{{"x":{text}}}'.encode())["x"]


def wrapped(name: str, data: bytes) -> str:
    return json.dumps({name: base64.b64encode(data).decode()})


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1.7e12", 1_700_000_000_000),
        ("2.0", 2),
        ("-0.0", 0),
        ("0.1", Decimal("0.1")),
        ("1700000000000.123", Decimal("1700000000000.123")),
        ("9223372036854775807", 9223372036854775807),
        ("1e120", Decimal("1e120")),
    ],
)
def test_numbers_are_exact(text: str, number: int | Decimal) -> None:
    assert value(text) == number
    assert type(value(text)) is type(number)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *(
            (text, "a number outside DynamoDB's range")
            for text in ("1e300", "1e-300", "1" * 39 + "2", "1e99999999")
        ),
        ("NaN", "NaN"),
        ("-Infinity", "an infinite number"),
        (wrapped("$float", struct.pack("<d", float("nan"))), "NaN"),
        (wrapped("$float", struct.pack("<d", float("inf"))), "an infinite number"),
        (wrapped("$integer", b"\x01"), "$integer that is not base64 of 8 bytes"),
        ('{"$bytes": "?"}', "$bytes that is not base64"),
        ('{"$bytes": "é"}', "$bytes that is not base64"),
        ('{"$integer": 5}', "$integer that is not base64 of 8 bytes"),
    ],
)
def test_a_value_that_cannot_be_stored_says_what_it_is(text: str, reason: str) -> None:
    assert isinstance(value(text), Unstorable)
    assert kind(value(text)).startswith(reason)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"[1]", "the document is a list, expected an object"),
        (b"null", "the document is null, expected an object"),
        *((text, "not JSON") for text in (b'{"x":{', b"{'x':1}", b'{"x":"\n"}')),
        (b'{"x":"\xff"}', "not UTF-8"),
        (b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested deeper than 32 levels"),
    ],
)
def test_the_reason_why_a_line_cannot_be_read(line: bytes, reason: str) -> None:
    with pytest.raises(BadDocument, match=reason):
        parse(line)


def test_wrapped_values_are_unwrapped_and_similar_objects_stay() -> None:
    assert value(wrapped("$integer", (-5).to_bytes(8, "little", signed=True))) == -5
    assert value(wrapped("$float", struct.pack("<d", -0.0))) == 0
    assert value(wrapped("$bytes", b"\x00\xff")) == b"\x00\xff"
    assert value('{"$other": "x"}') == {"$other": "x"}
    assert value('{"$bytes": "AA==", "y": 1}') == {"$bytes": "AA==", "y": 1}


def test_an_item_may_be_exactly_as_large_as_the_limit() -> None:
    room = MAX_ITEM_BYTES - HEADROOM_BYTES - len("text")
    require_storable({"text": "é" * (room // 2)})
    with pytest.raises(BadDocument, match=r"larger than 400 KB as a DynamoDB item \(about 400 KB\)"):
        require_storable({"text": "é" * (room // 2 + 1)})


def test_the_size_includes_values_of_all_types() -> None:
    part = {
        "n": Decimal("1.5"),
        "l": ["x" * 10_000, b"y" * 10_000, True, None],
        "s": {"a", "b"},
        "b": Binary(b"z"),
    }
    require_storable({"parts": [part] * 20})
    with pytest.raises(BadDocument, match="about 411 KB"):
        require_storable({"parts": [part] * 21})


def nested(levels: int) -> Any:
    return [nested(levels - 1)] if levels else "x"


def test_an_item_may_be_as_deep_as_dynamodb_allows() -> None:
    require_storable({"x": nested(31)})
    with pytest.raises(BadDocument, match="nested deeper than 32 levels"):
        require_storable({"x": nested(32)})


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"": 1}, "the name of a field is empty"),
        ({"x": {"": 1}}, "the name of a field is empty"),
        ({"x": "\ud800"}, "x is not valid Unicode"),
    ],
)
def test_empty_names_and_invalid_unicode_cannot_be_stored(record: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadDocument, match=reason):
        require_storable(record)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (2, Decimal("2.0"), True),
        ({"a": [1]}, {"a": [Decimal(1)]}, True),
        (b"x", Binary(b"x"), True),
        ({"a"}, {"a"}, True),
        (True, True, True),
        (True, 1, False),
        (0, False, False),
        ([True], [1], False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ([1], [1, 2], False),
        ("1", 1, False),
    ],
)
def test_values_stored_alike_are_the_same(one: object, other: object, expected: bool) -> None:
    assert same(one, other) is expected
    assert same(other, one) is expected
