"""Times and shares as people read them."""

import pytest

from background_sync.status.page.words import percent, span, time_tag


@pytest.mark.parametrize(
    ("seconds", "said"),
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
def test_a_span_is_said_in_two_parts_at_most(seconds: float, said: str) -> None:
    assert span(seconds) == said


@pytest.mark.parametrize(
    ("share", "said"),
    [(0, "0 %"), (1, "100 %"), (0.125, "12.5 %"), (0.0697, "7 %"), (0.00001, "< 0.1 %"), (0.001, "0.1 %")],
)
def test_a_share_is_said_in_percent_and_what_is_not_nothing_is_not_said_to_be(
    share: float, said: str
) -> None:
    assert percent(share) == said


def test_a_time_can_be_read_by_programs_too() -> None:
    assert time_tag(1_767_261_600_000) == '<time datetime="2026-01-01T10:00:00Z">1 Jan 10:00</time>'
