"""One of the CRM's own fields that cannot be stored costs itself only."""

import math
from typing import Any

import pytest

from background_sync_ops.snapshot.documents import Reading, contact_record, workspace_record
from tests.unit.snapshot.making import NOW, contact, parsed

USUAL = {"_id": "c1", "_creationTime": NOW + 0.25, "workspace_id": "w1", "phone": "+62 811"}


def read(*, keep_secrets: bool = False, **fields: Any) -> Reading:
    return contact_record(parsed({**USUAL, **fields}), NOW, keep_secrets=keep_secrets)


def reasons(reading: Reading) -> list[str]:
    return list(map(str, reading.remarks))


def deep(levels: int) -> Any:
    return {"a": deep(levels - 1)} if levels else "x"


@pytest.mark.parametrize(
    ("own", "kept", "field", "reason"),
    [
        ({"score": math.nan}, {}, "score", "score is NaN: not stored"),
        ({"score": -math.inf}, {}, "score", "score is an infinite number: not stored"),
        ({"score": 10**130}, {}, "score", "score is a number outside DynamoDB's range"),
        ({"x": {"y": math.nan, "z": 1}}, {"x": {"z": 1}}, "x.y", "x.y is NaN: not stored"),
        ({"x": {"y": [1, math.nan], "z": 1}}, {"x": {"z": 1}}, "x.y[1]", r"x.y[1] is NaN: x.y is not stored"),
        ({"x": [{"y": math.nan}, 2]}, {"x": [{}, 2]}, "x[0].y", "x[0].y is NaN: not stored"),
        ({"x": {"$bytes": "?"}}, {}, "x", "x is $bytes that is not base64: not stored"),
        ({"x": "\ud800"}, {}, "x", "x is not valid Unicode: not stored"),
        ({"x": {"": 1}}, {"x": {}}, "x.", "the name of a field is empty: not stored"),
        (
            {"blob": "x" * 410_000, "z": 1},
            {"z": 1},
            "blob",
            "blob is about 400 KB, too large for a DynamoDB item",
        ),
        ({"contact_id": math.nan}, {}, "contact_id", "contact_id is NaN: not stored"),
    ],
)
def test_it_is_named_by_its_path(own: dict[str, Any], kept: dict[str, Any], field: str, reason: str) -> None:
    reading = read(**own)
    assert reading.record == contact(**kept)
    [remark] = reading.remarks
    assert remark.field == field
    assert str(remark).startswith(reason)


def test_one_of_a_note_or_of_the_settings_costs_neither() -> None:
    reading = read(notes=[{"content": "a", "score": math.nan}, {"content": "b"}])
    assert reading.record["notes"] == [{"content": "a"}, {"content": "b"}]
    assert reasons(reading) == ["notes[0].score is NaN: not stored"]
    reading = workspace_record(parsed({"_id": "w1", "settings": {"theme": math.nan, "max_sync_notes": 3}}))
    assert reading.record == {"workspace_id": "w1", "settings": {"max_sync_notes": 3}}
    assert reasons(reading) == ["settings.theme is NaN: not stored"]


def test_what_is_too_deep_is_left_out_at_its_end() -> None:
    reading = read(x=deep(40))
    path = "x" + ".a" * 32
    assert reasons(reading) == [f"{path} is nested deeper than 32 levels: not stored"]
    assert read(x=deep(31)).remarks == []


def test_only_the_largest_fields_of_an_item_that_is_too_large_are_left_out() -> None:
    reading = read(a="x" * 150_000, b="x" * 200_000, c="x" * 210_000, d=1)
    assert [each.field for each in reading.remarks] == ["c"]
    assert {"a", "b", "d"} < reading.record.keys()


SECRET: list[tuple[str, Any]] = [
    ("api_key", "s3cret"),
    ("apiKey", "s3cret"),
    ("kapsoAccessToken", "s3cret"),
    ("client_secret", {"value": "s3cret"}),
    ("tokens", ["s3cret"]),
    ("meta_access_token", "s3cret"),
]


@pytest.mark.parametrize(("name", "value"), SECRET)
def test_a_field_that_looks_like_a_secret_is_not_stored_and_not_shown(name: str, value: object) -> None:
    for own, path in (({name: value}, name), ({"x": {name: value}}, f"x.{name}")):
        reading = read(**own)
        assert "s3cret" not in repr((reading, reading.record))
        assert reasons(reading) == [f"{path} looks like a secret: not stored"]


@pytest.mark.parametrize(("name", "value"), SECRET)
def test_it_is_stored_if_asked_for_unless_it_is_kapsos_token(name: str, value: object) -> None:
    stored = read(keep_secrets=True, **{name: value}).record.get(name)
    assert stored == (None if name == "meta_access_token" else value)


@pytest.mark.parametrize(
    ("name", "value"), [("token_count", 5), ("secret", True), ("apiKey", ""), ("key", "x")]
)
def test_a_number_or_another_name_is_no_secret(name: str, value: Any) -> None:
    assert read(**{name: value}).remarks == []


def test_the_fields_of_a_workspace_that_sync_needs_are_no_secrets() -> None:
    document = {
        "_id": "w1",
        "kapsoTokenParameter": "/p",
        "metaAccessToken": "t",
        "settings": {"apiKey": "s3cret"},
    }
    reading = workspace_record(parsed(document))
    assert reading.record == {"workspace_id": "w1", "kapso_token_parameter": "/p", "settings": {}}
    assert reasons(reading) == ["settings.apiKey looks like a secret: not stored"]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"verify": "on"}, "verify is text, expected off, report or repair"),
        ({"verify": True}, "verify is true or false, expected off, report or repair"),
        ({"maxFlagsPerRun": 501}, "max_flags_per_run is a number, expected a whole number from 0 to 500"),
        (
            {"flag_cooldown_ms": "1 day"},
            "flag_cooldown_ms is text, expected a whole number from 3600000 to 31536000000",
        ),
    ],
)
def test_a_setting_without_effect_is_a_remark_and_is_stored(settings: dict[str, Any], reason: str) -> None:
    reading = workspace_record(parsed({"_id": "w1", "settings": settings}))
    assert reasons(reading) == [f"settings.{reason}: it has no effect"]
    assert list(reading.record["settings"].values()) == list(settings.values())


def test_usable_settings_are_no_remark() -> None:
    settings = {"verify": "repair", "maxFlagsPerRun": 500.0, "theme": "dark", "max_sync_notes": None}
    assert workspace_record(parsed({"_id": "w1", "settings": settings})).remarks == []
