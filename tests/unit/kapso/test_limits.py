"""How long a key must rest, and what it has left."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.kapso.client import RateLimit, read_rate_limit, read_retry_after_s
from tests.unit.kapso.records import MOMENT


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("60", 60),
        ("7", 7),
        ("0", 1),
        ("999999", 3600),
        ("Mon, 15 Jan 2024 14:31:30 GMT", 90),
        ("Mon, 15 Jan 2024 14:31:30 -0000", 90),
        ("Mon, 15 Jan 2024 14:00:00 GMT", 1),
        ("soon", 60),
        ("-5", 60),
        ("1.5", 60),
        ("", 60),
    ],
)
def test_retry_after_in_seconds_or_as_a_date(value: str, seconds: int) -> None:
    assert read_retry_after_s({"Retry-After": value}, MOMENT) == seconds


def test_a_date_counts_from_the_answers_own_date() -> None:
    headers = {"Retry-After": "Wed, 01 Jan 2025 00:00:30 GMT", "Date": "Wed, 01 Jan 2025 00:00:00 GMT"}
    assert read_retry_after_s(headers, MOMENT) == 30


def test_without_it_a_key_rests_a_minute() -> None:
    assert read_retry_after_s({}, MOMENT) == 60


@given(st.text() | st.text("0123456789 :+-,JanFebMonGMT"))
def test_no_header_is_too_odd(value: str) -> None:
    assert 1 <= read_retry_after_s({"Retry-After": value, "Date": value}, MOMENT) <= 3600


def test_what_is_left_of_a_minute() -> None:
    headers = {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "99"}
    assert read_rate_limit(headers) == RateLimit(limit=100, remaining=99)


@pytest.mark.parametrize("remaining", [None, "", "many", "-1"])
def test_it_is_unknown_unless_both_are_told(remaining: str | None) -> None:
    headers = {"X-RateLimit-Limit": "100"} | (
        {} if remaining is None else {"X-RateLimit-Remaining": remaining}
    )
    assert read_rate_limit(headers) is None
