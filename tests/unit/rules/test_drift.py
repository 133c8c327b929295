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
    ("behind_ms", "drift"),
    [
        (GRACE_MS + 1, Drift.BEHIND),
        (GRACE_MS, Drift.IN_STEP),
        (0, Drift.IN_STEP),
        (-GRACE_MS, Drift.IN_STEP),
        (-GRACE_MS - 1, Drift.AHEAD),
    ],
)
def test_a_difference_within_the_grace_period_is_no_drift(behind_ms: int, drift: Drift) -> None:
    assert compare(KAPSO - behind_ms, True, KAPSO, NOW) is drift


@pytest.mark.parametrize(
    ("table", "known", "drift"), [(NOW - 20 * GRACE_MS, True, Drift.BEHIND), (None, False, Drift.MISSING)]
)
def test_activity_within_the_grace_period_is_no_drift(table: int | None, known: bool, drift: Drift) -> None:
    assert compare(table, known, NOW - GRACE_MS, NOW) is drift
    assert compare(table, known, NOW - GRACE_MS + 1, NOW) is Drift.IN_STEP


@pytest.mark.parametrize("known", [True, False])
def test_without_activity_in_kapso_there_is_no_drift(known: bool) -> None:
    assert compare(None, known, None, NOW) is Drift.IN_STEP


def test_a_contact_without_a_time_is_behind() -> None:
    assert compare(None, True, KAPSO, NOW) is Drift.BEHIND


@given(times, times)
def test_after_a_repair_there_is_no_drift(table: int, kapso: int) -> None:
    if compare(table, True, kapso, NOW) is Drift.BEHIND:
        assert compare(kapso, True, kapso, NOW) is Drift.IN_STEP
        assert kapso > table


@given(times, times, st.integers(0, 20 * GRACE_MS))
def test_a_contact_stays_behind_until_it_is_written(table: int, kapso: int, later_ms: int) -> None:
    if compare(table, True, kapso, NOW) is Drift.BEHIND:
        assert compare(table, True, kapso, NOW + later_ms) is Drift.BEHIND
