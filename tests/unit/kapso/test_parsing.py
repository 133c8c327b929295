"""Reading documents, cursors and times."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.kapso.errors import InvalidPhoneId, InvalidResponse, KapsoError
from background_sync.kapso.parsing import (
    InvalidField,
    iso_since,
    iso_until,
    next_cursor,
    parse_time,
    read_document,
    validate_phone_id,
)
from tests.unit.kapso.records import MOMENT

CURSOR = "eyJ2YWx1ZXMiOltdfQ=="


@pytest.mark.parametrize("phone_id", ["", "12a", "12 ", "-1", "١٢", "1/../2", "1\n", "1" * 33])
def test_a_phone_id_must_be_digits(phone_id: str) -> None:
    with pytest.raises(InvalidPhoneId, match="is not a row of digits") as caught:
        validate_phone_id(phone_id)
    assert str(len(phone_id)) in str(caught.value)
    assert len(phone_id) < 3 or phone_id not in str(caught.value)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, KapsoError)


@pytest.mark.parametrize("content", [b"", b"<html>", b"\xff", b"{", b"[" * 200_000])
def test_content_that_is_not_json_is_refused_and_not_quoted(content: bytes) -> None:
    with pytest.raises(InvalidResponse, match=r"^Kapso's answer is not JSON$") as caught:
        read_document(content)
    assert caught.value.__context__ is None


def test_other_fields_are_dropped_at_every_depth() -> None:
    content = b'{"data": [{"id": {"secret_key": "s", "id": 1}, "secret_key": "s"}], "secret_key": "s"}'
    assert read_document(content, only_fields={"data", "id"}) == {"data": [{"id": {"id": 1}}]}


@pytest.mark.parametrize(
    "paging", [{"cursors": {"after": CURSOR}}, {"cursors": {"after": CURSOR}, "next": "https://…"}]
)
def test_a_list_continues_at_its_cursor(paging: object) -> None:
    assert next_cursor({"paging": paging}, {"another"}) == CURSOR


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"paging": None},
        {"paging": {}},
        {"paging": {"cursors": None}},
        {"paging": {"cursors": {}}},
        {"paging": {"cursors": {"after": None}}},
        {"paging": {"cursors": {"after": ""}}},
        {"paging": {"cursors": {"after": CURSOR}, "next": None}},
        {"paging": {"cursors": {"after": "seen before"}}},
    ],
)
def test_a_list_ends_in_several_ways(document: object) -> None:
    assert next_cursor(document, {"first", "seen before"}) is None


@pytest.mark.parametrize(
    "paging",
    [5, [], {"cursors": "x"}, {"cursors": {"after": 5}}, {"cursors": {"after": {}}}]
    + [{"cursors": {"after": after}} for after in ("a b", "\ud800", "x" * 2049)],
)
def test_paging_of_any_other_shape_is_refused(paging: object) -> None:
    with pytest.raises(InvalidResponse):
        next_cursor({"paging": paging}, set())


@pytest.mark.parametrize(
    "value",
    [
        *("2024-01-15T14:30:00Z", "2024-01-15T14:30:00.000Z", "2024-01-15T14:30:00.000999Z"),
        *("2024-01-15 14:30:00+00:00", "2024-01-15T16:30:00+02:00", "2024-01-15T09:00:00-05:30"),
        *("1705329000", "1705329000.0009", "1705329000000", 1705329000, 1705329000.0, 1705329000000),
    ],
)
def test_a_time_is_read_in_many_notations(value: object) -> None:
    assert parse_time(value) == MOMENT


@given(
    st.datetimes(datetime(2001, 9, 10), datetime(2999, 1, 1)),  # noqa: DTZ001 - the zone follows
    st.integers(-14 * 60, 14 * 60),
)
def test_all_notations_of_a_time_give_the_same_result(naive: datetime, offset_minutes: int) -> None:
    moment = naive.replace(tzinfo=UTC)
    ms = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    elsewhere = moment.astimezone(timezone(timedelta(minutes=offset_minutes)))
    seconds, micros = divmod(ms * 1000 + moment.microsecond % 1000, 1_000_000)
    notations: list[object] = [
        moment.isoformat().replace("+00:00", "Z"),
        elsewhere.isoformat(),
        elsewhere.isoformat(" ", "microseconds"),
        f"{seconds}.{micros:06}",
        str(ms),
        ms,
    ]
    assert {parse_time(each) for each in notations} == {ms}


@pytest.mark.parametrize(
    "value", [None, "", 0, 0.0, "0", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.0005Z"]
)
def test_an_empty_value_and_the_epoch_are_missing_times(value: object) -> None:
    assert parse_time(value) is None


@pytest.mark.parametrize(
    "value",
    [
        *("2024-01-15T14:30:00", "2024-01-15", "yesterday", "1969-12-31T23:59:59Z", "-1705329000"),
        *("20240115", "170532900000000", -1, 12, float("nan"), float("inf"), 10**40, True, [], {}, "\ud800"),
    ],
)
def test_a_value_that_is_not_a_time_is_refused(value: object) -> None:
    with pytest.raises(InvalidField, match=r"^(is not a time|has no time zone|is before the epoch)$"):
        parse_time(value)


def test_bounds_are_rounded_outwards_to_whole_seconds() -> None:
    assert (iso_since(MOMENT + 999), iso_until(MOMENT + 1)) == (
        "2024-01-15T14:30:00Z",
        "2024-01-15T14:30:01Z",
    )
    assert iso_since(MOMENT) == iso_until(MOMENT) == "2024-01-15T14:30:00Z"
