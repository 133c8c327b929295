"""Times and durations, typed and read."""

from datetime import timedelta

import pytest

from background_sync_ops.cli.times import Since, ago, iso, parse_duration, parse_since, parse_time, span

TEN = 1_767_261_600_000  # 2026-01-01T10:00:00Z


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("10m", 600), ("1h", 3600), ("2d", 172_800), (" 5m ", 300)]
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "5", "h", "0s", "-1h", "1.5h", "1 h", "1w", "\u0661h", "1h30m", "9999999999d"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration like 90s, 10m or 1h"):
        parse_duration(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T10:00:00Z",
        "2026-01-01T12:00:00+02:00",
        "2026-01-01T10:00Z",
        "2026-01-01 10:00:00.000+00:00",
        "20260101T100000Z",
    ],
)
def test_a_time_is_iso_8601_with_its_offset(text: str) -> None:
    assert parse_time(text) == TEN


def test_milliseconds_are_kept_exactly() -> None:
    assert parse_time("2026-01-01T10:00:00.001Z") == TEN + 1
    assert parse_time("2026-01-01T10:00:00.999999Z") == TEN + 999


@pytest.mark.parametrize("text", ["2026-01-01T10:00:00", "2026-01-01"])
def test_a_time_without_a_zone_is_refused_and_the_message_says_so(text: str) -> None:
    with pytest.raises(ValueError, match="has no time zone: add Z for UTC"):
        parse_time(text)


@pytest.mark.parametrize("text", ["", "now", "2026-13-01T00:00:00Z", "1767261600000"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an ISO 8601 time"):
        parse_time(text)


@pytest.mark.parametrize("text", ["1970-01-01T00:00:00Z", "1960-01-01T00:00:00Z"])
def test_a_time_before_the_epoch_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not after 1970"):
        parse_time(text)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("24h", TEN - 86_400_000),
        (" 30m", TEN - 1_800_000),
        ("2026-01-01T09:59:59Z", TEN - 1000),
        ("20260101T095959Z", TEN - 1000),
        ("999999999d", 0),
    ],
)
def test_a_look_back_begins_a_duration_ago_or_at_a_time(text: str, at: int) -> None:
    assert parse_since(text).at(TEN) == at


@pytest.mark.parametrize("text", ["", "soon", "2026", "0h"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration like 90s, 10m or 1h"):
        parse_since(text)


def test_a_look_back_from_a_day_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        parse_since("2026-01-01")


def test_a_look_back_to_a_time_does_not_move_with_now() -> None:
    assert Since(TEN).at(TEN + 1) == TEN


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
def test_a_span_is_told_in_its_largest_unit(milliseconds: int, text: str) -> None:
    assert span(milliseconds) == text


def test_a_moment_is_told_by_its_distance() -> None:
    assert ago(TEN - 300_000, TEN) == "5 min ago"
    assert ago(TEN + 7_200_000, TEN) == "in 2 h"
    assert ago(TEN - 999, TEN) == "just now"
