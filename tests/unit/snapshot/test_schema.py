"""Exports before 2026-03-10: the schema says what a text stands for."""

import base64
import json
import struct
from pathlib import Path
from typing import Any

import pytest

from background_sync_ops.snapshot.archive import SnapshotError
from background_sync_ops.snapshot.export import open_snapshot
from background_sync_ops.snapshot.schema import BadSchema, read_schema
from background_sync_ops.snapshot.values import INFINITE, NAN, Unstorable
from tests.unit.snapshot.making import BOTH, CONTACTS, Make, unpacked, zipped

ID = "3yvf0j22p6ez1rqyy5m379kz9kh4sar"
NAN_CONTEXT = {"$float64NaN": base64.b64encode(struct.pack("<d", float("nan"))).decode()}
BYTES = base64.b64encode(b"\x00\x10\x83").decode()


def schema_file(shape: str, *contexts: dict[str, Any]) -> list[bytes]:
    """As Convex writes it: the shape is a JSON text."""
    return [json.dumps(each).encode() + b"\n" for each in (shape, *contexts)]


def read(shape: str, value: Any, context: Any = None) -> Any:
    """A field of the shape, with the context of its document."""
    contexts = [] if context is None else [{ID: {"foo": context}}]
    whole = f'{{"_creationTime": normalfloat64, "_id": "{ID}", "foo"?: {shape}}}'
    schema = read_schema(schema_file(whole, *contexts))
    assert schema is not None
    document = schema.read({"_id": ID, "_creationTime": 5, "foo": value})
    assert (document["_id"], document["_creationTime"]) == (ID, 5)
    return document["foo"]


@pytest.mark.parametrize(
    ("shape", "value", "expected"),
    [
        ("int64", "1", 1),
        ("int64", "-9223372036854775808", -(2**63)),
        ("int64 | null", "42", 42),
        ("int64 | null", None, None),
        ("bytes", BYTES, b"\x00\x10\x83"),
        ("inf | normalfloat64", "Infinity", INFINITE),
        ("array<int64>", ["1", "2"], [1, 2]),
        ("array<array<int64> | null>", [["1"], None], [[1], None]),
        ("record<field_name, int64>", {"a": "1"}, {"a": 1}),
        ('{"a": int64} | {"b": string}', {"a": "1", "b": "1"}, {"a": 1, "b": "1"}),
        ('{"a": record<string, array<{"b"?: int64}>>}', {"a": {"c": [{"b": "7"}]}}, {"a": {"c": [{"b": 7}]}}),
    ],
)
def test_a_text_of_the_shape_is_read_as_what_it_means(shape: str, value: Any, expected: Any) -> None:
    assert read(shape, value) == expected


@pytest.mark.parametrize(
    "shape",
    [
        *("field_name", "string", '"1"', "id<10001>", "int64 | string", "int64 | bytes", "float64"),
        *("unknown", "null"),
    ],
)
def test_a_text_that_is_text_or_may_be_several_things_stays_text(shape: str) -> None:
    assert read(shape, "1") == "1"
    assert read(f"array<{shape}>", ["1"]) == ["1"]


@pytest.mark.parametrize(
    ("shape", "value", "context", "expected"),
    [
        ("array<int64 | field_name>", ["1", "1"], ["int64", "infer"], [1, "1"]),
        ("int64 | string", "1", "int64", 1),
        ("unknown", {"a": "1", "b": ["2"]}, {"a": "int64"}, {"a": 1, "b": ["2"]}),
        ("float64", "NaN", NAN_CONTEXT, NAN),
        ("float64", "-Infinity", "float64inf", INFINITE),
        ("unknown", BYTES, "bytes", b"\x00\x10\x83"),
        ("unknown", ["1", "2"], ["int64"], [1, "2"]),
    ],
)
def test_the_context_decides_what_is_open(shape: str, value: Any, context: Any, expected: Any) -> None:
    assert read(shape, value, context) == expected


def test_a_context_is_for_its_document_only() -> None:
    schema = read_schema(schema_file('{"foo": int64 | string}', {ID: {"foo": "int64"}}))
    assert schema is not None
    assert schema.read({"_id": "other", "foo": "1"})["foo"] == "1"


@pytest.mark.parametrize(("shape", "value"), [("int64", "many"), ("int64", "9" * 5000), ("bytes", "?")])
def test_a_text_that_is_not_what_its_schema_says_is_no_value(shape: str, value: str) -> None:
    assert isinstance(read(shape, value), Unstorable)


@pytest.mark.parametrize("lines", [schema_file("uniform"), []])
def test_later_exports_need_no_schema(lines: list[bytes]) -> None:
    assert read_schema(lines) is None


@pytest.mark.parametrize(
    "lines",
    [
        [b"{"],
        [b"\xff"],
        [b'{"schema": true}'],
        *map(schema_file, ["int32", "array<int64", '{"a" int64}', "{a: int64}", "int64 int64", "int64;", ""]),
        schema_file("array<" * 100_000),
        [*schema_file("int64"), b"[1]"],
    ],
)
def test_anything_else_is_no_schema(lines: list[bytes]) -> None:
    with pytest.raises(BadSchema):
        read_schema(lines)


@pytest.mark.parametrize("make", [zipped, unpacked])
def test_the_lines_of_a_table_are_read_by_its_schema(tmp_path: Path, make: Make) -> None:
    schema = b"".join(schema_file('{"_id": string, "seats": int64}'))
    files = {**BOTH, CONTACTS: b'{"_id":"c1","seats":"5"}', "contacts/generated_schema.jsonl": schema}
    # That of another table does not count.
    files["workspaces/generated_schema.jsonl"] = b'"uniform"\n'
    with open_snapshot(make(tmp_path, {f"deep/{name}": data for name, data in files.items()})) as snapshot:
        assert [line.document for line in snapshot.lines("contacts")] == [{"_id": "c1", "seats": 5}]


@pytest.mark.parametrize("make", [zipped, unpacked])
def test_a_file_that_is_no_schema_is_named(tmp_path: Path, make: Make) -> None:
    path = make(tmp_path, {**BOTH, "contacts/generated_schema.jsonl": b"{"})
    reason = f"{path}: contacts/generated_schema.jsonl is not a schema of Convex: remove it if"
    with pytest.raises(SnapshotError, match=reason), open_snapshot(path):
        pass
