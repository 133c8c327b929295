"""Whatever the CRM's own fields hold, a contact is loaded, and DynamoDB can store it."""

import json
import math
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from background_sync.records.typed import serialize
from background_sync_ops.snapshot.documents import contact_record
from background_sync_ops.snapshot.fields import SECRET
from background_sync_ops.snapshot.schema import INFER, Option, Schema
from background_sync_ops.snapshot.values import parse, require_storable
from tests.unit.snapshot.making import NOW

NAMES = st.sampled_from(["", "a", "b", "apiKey", "tokens", "$bytes", "$float", "$integer", "\ud800"])
ONES = st.sampled_from([None, True, 0, 1.5, 1e300, 10**50, math.nan, -math.inf, "", "x", "\ud800", "AAAA"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    ONES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=12
)
OWN = st.dictionaries(NAMES, VALUES, max_size=4)
SHAPES = st.sampled_from(["int64", "bytes", "inf", "float64", "string", "unknown"]).map(Option)
CONTEXTS = st.sampled_from([INFER, "int64", "set", ["int64"], {"own": {"a": "bytes"}}])


def document(own: dict[str, Any]) -> bytes:
    return json.dumps({"workspace_id": "w1", "phone": "62811", "lastActivityAt": NOW, **own}).encode()


def fields(value: Any) -> Iterator[tuple[str, Any]]:
    """All fields, at any depth."""
    named = list(value.items()) if isinstance(value, dict) else []
    yield from named
    for each in [inner for _, inner in named] or (value if isinstance(value, list) else ()):
        yield from fields(each)


@given(OWN)
def test_what_is_left_of_a_contact_can_be_stored(own: dict[str, Any]) -> None:
    reading = contact_record(parse(document(own)), NOW)
    require_storable(reading.record)
    assert all(serialize(value) for value in reading.record.values())
    assert reading.record["activity_at"] == NOW


@given(OWN)
def test_no_text_in_a_field_that_looks_like_a_secret_is_stored(own: dict[str, Any]) -> None:
    stored = fields(contact_record(parse(document(own)), NOW).record)
    secrets = [value for name, value in stored if SECRET.search(name)]
    assert not any(isinstance(value, str | bytes | list | dict) and value for value in secrets)


@given(OWN, SHAPES, CONTEXTS)
def test_any_schema_is_applied_to_any_document(own: dict[str, Any], option: Option, context: object) -> None:
    shape = (Option("object", rest=(option, Option("array", element=(option,)))),)
    read = Schema(shape, {"c1": context}).read(parse(json.dumps({"_id": "c1", "own": own}).encode()))
    assert read.keys() == {"_id", "own"}
