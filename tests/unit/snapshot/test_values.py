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
def test_numbers_keep_their_exact_value(text: str, number: int | Decimal) -> None:
    assert value(text) == number
    assert type(value(text)) is type(number)


@pytest.mark.parametrize("text", ["1e300", "1e-300", "1" * 39 + "2", "1e99999999999999999999"])
def test_a_number_beyond_dynamodb_is_bad(text: str) -> None:
    with pytest.raises(BadDocument, match="a number that DynamoDB cannot hold"):
        value(text)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "{", "'x'", '"\n"'])
def test_what_is_no_json_is_bad(text: str) -> None:
    with pytest.raises(BadDocument, match="no JSON"):
        value(text)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"[1]", "a list, not an object"),
        (b"null", "null, not an object"),
        (b'{"x":"\xff"}', "not UTF-8"),
        (b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested deeper than 32 levels"),
    ],
)
def test_other_bad_lines(line: bytes, reason: str) -> None:
    with pytest.raises(BadDocument, match=reason):
        parse(line)


def test_what_convex_wraps() -> None:
    assert value(wrapped("$integer", (-5).to_bytes(8, "little", signed=True))) == -5
    assert value(wrapped("$float", struct.pack("<d", -0.0))) == 0
    assert value(wrapped("$bytes", b"\x00\xff")) == b"\x00\xff"


def test_what_only_looks_wrapped_is_left_alone() -> None:
    assert value('{"$other": "x"}') == {"$other": "x"}
    assert value('{"$bytes": "AA==", "y": 1}') == {"$bytes": "AA==", "y": 1}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (wrapped("$float", struct.pack("<d", float("nan"))), "not finite"),
        (wrapped("$integer", b"\x01"), r"\$integer without its value"),
        ('{"$bytes": "?"}', r"\$bytes without its value"),
        ('{"$integer": 5}', r"\$integer without its value"),
    ],
)
def test_what_is_wrapped_badly(text: str, reason: str) -> None:
    with pytest.raises(BadDocument, match=reason):
        value(text)


def test_the_largest_item_is_storable_and_a_larger_one_is_not() -> None:
    room = MAX_ITEM_BYTES - HEADROOM_BYTES - len("text")
    require_storable({"text": "é" * (room // 2)})
    with pytest.raises(BadDocument, match=r"over 400 KB as an item of DynamoDB \(about 400 KB\)"):
        require_storable({"text": "é" * (room // 2 + 1)})


def test_the_size_counts_everything() -> None:
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


def test_nesting_ends_where_dynamodb_ends_it() -> None:
    require_storable({"x": nested(31)})
    with pytest.raises(BadDocument, match="nested deeper than 32 levels"):
        require_storable({"x": nested(32)})


@pytest.mark.parametrize(
    ("record", "reason"),
    [({"": 1}, "a field without a name"), ({"x": {"": 1}}, "without a name"), ({"x": "\ud800"}, "Unicode")],
)
def test_what_dynamodb_refuses(record: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadDocument, match=reason):
        require_storable(record)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (2, Decimal("2.0")),
        ({"a": [1]}, {"a": [Decimal(1)]}),
        (b"x", Binary(b"x")),
        ({"a"}, {"a"}),
        (True, True),
    ],
)
def test_same(one: object, other: object) -> None:
    assert same(one, other)
    assert same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [(True, 1), (0, False), ([True], [1]), ({"a": 1}, {"a": 1, "b": 2}), ([1], [1, 2]), ("1", 1)],
)
def test_not_same(one: object, other: object) -> None:
    assert not same(one, other)
    assert not same(other, one)
