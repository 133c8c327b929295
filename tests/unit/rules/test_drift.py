"""Drift between the table and Kapso, at the bounds of the grace period and for any times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.rules.contact import GRACE_MS, Drift, compare

NOW = 1_767_225_600_000
KAPSO = NOW - 10 * GRACE_MS
times = st.integers(NOW - 20 * GRACE_MS, NOW + GRACE_MS)


def test_the_grace_period_is_two_minutes() -> None:
    assert GRACE_MS == 120_000


@pytest.mark.parametrize(
    ("table", "kapso", "drift"),
    [
        (KAPSO - GRACE_MS - 1, KAPSO, Drift.BEHIND),
        (KAPSO - GRACE_MS, KAPSO, Drift.IN_STEP),
        (KAPSO, KAPSO, Drift.IN_STEP),
        (KAPSO + GRACE_MS, KAPSO, Drift.IN_STEP),
        (KAPSO + GRACE_MS + 1, KAPSO, Drift.AHEAD),
        (NOW - 20 * GRACE_MS, NOW - GRACE_MS, Drift.BEHIND),
        (NOW - 20 * GRACE_MS, NOW - GRACE_MS + 1, Drift.IN_STEP),
        (None, KAPSO, Drift.BEHIND),
        (None, None, Drift.IN_STEP),
    ],
)
def test_a_difference_or_activity_within_the_grace_period_is_no_drift(
    table: int | None, kapso: int | None, drift: Drift
) -> None:
    assert compare(table, True, kapso, NOW) is drift


def test_a_person_without_a_contact_is_missing_after_the_grace_period() -> None:
    found = [compare(None, False, kapso, NOW) for kapso in (NOW - GRACE_MS, NOW - GRACE_MS + 1, None)]
    assert found == [Drift.MISSING, Drift.IN_STEP, Drift.IN_STEP]


@given(times, times)
def test_after_a_repair_there_is_no_drift(table: int, kapso: int) -> None:
    if compare(table, True, kapso, NOW) is Drift.BEHIND:
        assert compare(kapso, True, kapso, NOW) is Drift.IN_STEP
        assert kapso > table


@given(times, times, st.integers(0, 20 * GRACE_MS))
def test_a_contact_stays_behind_until_it_is_written(table: int, kapso: int, later_ms: int) -> None:
    if compare(table, True, kapso, NOW) is Drift.BEHIND:
        assert compare(table, True, kapso, NOW + later_ms) is Drift.BEHIND
