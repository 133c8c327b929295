"""Times and durations as people type and read them."""

from datetime import timedelta

import pytest

from background_sync_ops.cli.times import ago, iso, parse_duration, parse_since, parse_time, span

TEN = 1_767_261_600_000  # 2026-01-01T10:00:00Z
NOT_A_TIME, NO_ZONE = "not an ISO 8601 time", "has no time zone: add Z for UTC"


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("10m", 600), ("1h", 3600), ("2d", 172_800), (" 5m ", 300)]
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "5", "h", "0s", "-1h", "1.5h", "1 h", "1w", "\u0661h", "1h30m", "9999999999d", "soon"]
)
def test_a_text_that_is_not_a_duration_is_refused(text: str) -> None:
    for parse in (parse_duration, parse_since):
        with pytest.raises(ValueError, match="not a duration like 90s, 10m, 1h or 7d"):
            parse(text)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-01-01T10:00:00Z", TEN),
        ("2026-01-01T12:00:00+02:00", TEN),
        ("2026-01-01T10:00Z", TEN),
        ("2026-01-01 10:00:00.000+00:00", TEN),
        ("20260101T100000Z", TEN),
        (" 1767261600000", TEN),
        ("2026-01-01T10:00:00.001Z", TEN + 1),
        ("2026-01-01T10:00:00.999999Z", TEN + 999),
    ],
)
def test_a_time_is_iso_8601_with_its_offset(text: str, at: int) -> None:
    assert parse_time(text) == at


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2026-01-01T10:00:00", NO_ZONE),
        ("2026-01-01", NO_ZONE),
        ("", NOT_A_TIME),
        ("now", NOT_A_TIME),
        ("2026-13-01T00:00:00Z", NOT_A_TIME),
        ("1767261600", NOT_A_TIME),
        ("1970-01-01T00:00:00Z", "not after 1970"),
        ("1960-01-01T00:00:00Z", "not after 1970"),
    ],
)
def test_a_text_that_is_not_a_time_with_its_offset_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_time(text)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("24h", TEN - 86_400_000),
        (" 30m", TEN - 1_800_000),
        ("2026-01-01T09:59:59Z", TEN - 1000),
        ("20260101T095959Z", TEN - 1000),
        ("1767261599000 ", TEN - 1000),
        ("999999999d", 0),
    ],
)
def test_a_start_is_a_duration_ago_or_a_time(text: str, at: int) -> None:
    assert parse_since(text).at(TEN) == at


def test_times_are_shown_in_utc() -> None:
    assert iso(TEN) == "2026-01-01T10:00:00Z"
    assert iso(TEN, seconds=False) == "2026-01-01T10:00Z"
    assert iso(None) == "-"


def test_a_time_outside_the_calendar_is_shown_as_its_number() -> None:
    assert iso(10**18) == "1000000000000000000 ms"


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0 ms"),
        (850, "850 ms"),
        (1000, "1 s"),
        (90_000, "90 s"),
        (300_000, "5 min"),
        (3_600_000, "1 h"),
        (5_400_000, "90 min"),
        (86_399_000, "24 h"),
        (30 * 3_600_000, "30 h"),
        (3 * 86_400_000, "3 d"),
    ],
)
def test_a_duration_is_shown_in_its_largest_unit(milliseconds: int, text: str) -> None:
    assert span(milliseconds) == text


@pytest.mark.parametrize(
    ("at", "text"), [(TEN - 300_000, "5 min ago"), (TEN + 7_200_000, "in 2 h"), (TEN - 999, "just now")]
)
def test_a_time_is_shown_by_its_distance_from_now(at: int, text: str) -> None:
    assert ago(at, TEN) == text
