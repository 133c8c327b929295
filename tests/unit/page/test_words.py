"""Durations, shares and times, written for people."""

import pytest

from background_sync.status.page.words import percent, span, time_tag


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3_600, "1 h"),
        (3_900, "1 h 5 min"),
        (3_601, "1 h"),
        (86_400 * 3 + 7_200, "3 d 2 h"),
        (86_400 * 3 + 59, "3 d"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds: float, words: str) -> None:
    assert span(seconds) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0 %"), (1, "100 %"), (0.125, "12.5 %"), (0.0697, "7 %"), (0.00001, "< 0.1 %"), (0.001, "0.1 %")],
)
def test_a_share_is_in_percent_and_above_zero_never_0_percent(share: float, words: str) -> None:
    assert percent(share) == words


def test_a_time_is_also_machine_readable() -> None:
    assert time_tag(1_767_261_600_000) == '<time datetime="2026-01-01T10:00:00Z">1 Jan 10:00</time>'
