"""Instants, however they are written."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.kapso.parsing import InvalidField,  parse_time, iso_since, iso_until
from tests.unit.kapso.records import MOMENT


@pytest.mark.parametrize(
    "value",
    [
        "2024-01-15T14:30:00Z",
        "2024-01-15T14:30:00.000Z",
        "2024-01-15T14:30:00.000999Z",
        "2024-01-15 14:30:00+00:00",
        "2024-01-15T16:30:00+02:00",
        "2024-01-15T09:00:00-05:30",
        "1705329000",
        "1705329000.0009",
        "1705329000000",
        1705329000,
        1705329000.0,
        1705329000000,
    ],
)
def test_one_moment_in_any_notation(value: object) -> None:
    assert parse_time(value) == MOMENT


@given(
    st.datetimes(datetime(2001, 9, 10), datetime(2999, 1, 1)),  # noqa: DTZ001 - the zone follows
    st.integers(-14 * 60, 14 * 60),
)
def test_an_instant_does_not_depend_on_its_notation(naive: datetime, offset_minutes: int) -> None:
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
def test_no_time(value: object) -> None:
    assert parse_time(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "2024-01-15T14:30:00",
        "2024-01-15",
        "yesterday",
        "1969-12-31T23:59:59Z",
        "-1705329000",
        "20240115",
        "170532900000000",
        -1,
        12,
        float("nan"),
        float("inf"),
        10**40,
        True,
        [],
        {},
        "\ud800",
    ],
)
def test_what_is_no_instant_is_refused(value: object) -> None:
    with pytest.raises(InvalidField, match=r"^(is no time|has no time zone|is before the epoch)$"):
        parse_time(value)


def test_bounds_are_rounded_outwards_to_whole_seconds() -> None:
    assert (iso_since(MOMENT + 999), iso_until(MOMENT + 1)) == (
        "2024-01-15T14:30:00Z",
        "2024-01-15T14:30:01Z",
    )
    assert iso_since(MOMENT) == iso_until(MOMENT) == "2024-01-15T14:30:00Z"
