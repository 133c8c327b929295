"""Rounding half up, exact at any size."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.rules.notes import flag_note
from background_sync.rules.policy import HOUR_MS
from background_sync.rules.values import round_half_up


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**9))
def test_the_result_is_the_nearest_integer(numerator: int, denominator: int) -> None:
    assert round_half_up(numerator, denominator) == floor(Fraction(numerator, denominator) + Fraction(1, 2))


@pytest.mark.parametrize(
    ("age_ms", "hours"),
    [
        (2 * HOUR_MS, 2),
        (2 * HOUR_MS + HOUR_MS // 2 - 1, 2),
        (2 * HOUR_MS + HOUR_MS // 2, 3),
        (HOUR_MS + 1, 1),
        (10_000 * HOUR_MS, 10_000),
        (60_001, 0),
    ],
)
def test_a_flag_states_the_rounded_hours(age_ms: int, hours: int) -> None:
    note = flag_note(10**12, 10**12 + age_ms)
    assert note.content == f"Sync check: No activity for {hours} hours"
    assert (note.added_by, note.added_at) == ("background-sync", 10**12 + age_ms)
