"""Drift: at the boundaries of the grace, and whatever the times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.rules.contact import GRACE_MS, Drift, compare

NOW = 1_767_225_600_000
KAPSO = NOW - 10 * GRACE_MS
times = st.integers(NOW - 20 * GRACE_MS, NOW + GRACE_MS)


def test_the_grace_is_two_minutes() -> None:
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
def test_a_difference_up_to_the_grace_is_none(behind_ms: int, drift: Drift) -> None:
    assert compare(KAPSO - behind_ms, True, KAPSO, NOW) is drift


@pytest.mark.parametrize(("age_ms", "drift"), [(GRACE_MS, Drift.BEHIND), (GRACE_MS - 1, Drift.IN_STEP)])
def test_a_webhook_is_under_way_for_as_long(age_ms: int, drift: Drift) -> None:
    assert compare(NOW - 20 * GRACE_MS, True, NOW - age_ms, NOW) is drift


@pytest.mark.parametrize(("age_ms", "drift"), [(GRACE_MS, Drift.MISSING), (GRACE_MS - 1, Drift.IN_STEP)])
def test_of_somebody_new_too(age_ms: int, drift: Drift) -> None:
    assert compare(None, False, NOW - age_ms, NOW) is drift


@pytest.mark.parametrize("known", [True, False])
def test_where_kapso_knows_of_no_activity_there_is_no_drift(known: bool) -> None:
    assert compare(None, known, None, NOW) is Drift.IN_STEP


def test_a_contact_without_a_time_is_behind_all_of_it() -> None:
    assert compare(None, True, KAPSO, NOW) is Drift.BEHIND


@given(times, times)
def test_a_repair_leaves_nothing_to_repair(table: int, kapso: int) -> None:
    if compare(table, True, kapso, NOW) is Drift.BEHIND:
        assert compare(kapso, True, kapso, NOW) is Drift.IN_STEP
        assert kapso > table


@given(times, times, st.integers(0, 20 * GRACE_MS))
def test_who_is_behind_stays_so_until_something_is_written(table: int, kapso: int, later_ms: int) -> None:
    if compare(table, True, kapso, NOW) is Drift.BEHIND:
        assert compare(table, True, kapso, NOW + later_ms) is Drift.BEHIND
