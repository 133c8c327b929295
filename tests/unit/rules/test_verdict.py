"""Stale, closed, in cooldown: at the boundaries."""

import pytest

from background_sync.rules.contact import Contact, Verdict, judge
from background_sync.rules.policy import DAY_MS, HOUR_MS, Policy

NOW = 1_767_225_600_000


def judged(age_ms: int, flagged_ago_ms: int | None = None, status: str | None = "new") -> Verdict:
    flagged_at = None if flagged_ago_ms is None else NOW - flagged_ago_ms
    return judge(Contact("628", NOW - age_ms, status, flagged_at), NOW, Policy())


def test_older_than_the_threshold_is_stale() -> None:
    assert judged(HOUR_MS + 1) is Verdict.DUE


@pytest.mark.parametrize("age_ms", [HOUR_MS, 0, -DAY_MS])
def test_exactly_the_threshold_is_not(age_ms: int) -> None:
    assert judged(age_ms) is Verdict.FRESH


@pytest.mark.parametrize("status", ["archived", "converted"])
def test_a_closed_lead_never_is(status: str) -> None:
    assert judged(400 * DAY_MS, status=status) is Verdict.CLOSED
    assert judged(0, status=status) is Verdict.CLOSED


@pytest.mark.parametrize("status", ["qualified", "contacted", "Archived", "lost", "", None])
def test_any_other_status_may_be(status: str | None) -> None:
    assert judged(DAY_MS, status=status) is Verdict.DUE


def test_flagged_less_than_the_cooldown_ago_it_is_not_flagged_again() -> None:
    assert judged(9 * DAY_MS, flagged_ago_ms=DAY_MS - 1) is Verdict.COOLING


def test_flagged_exactly_the_cooldown_ago_it_is() -> None:
    assert judged(9 * DAY_MS, flagged_ago_ms=DAY_MS) is Verdict.DUE


def test_flagged_by_a_newer_sweep_it_is_not() -> None:
    assert judged(9 * DAY_MS, flagged_ago_ms=-HOUR_MS) is Verdict.COOLING


def test_flagged_by_this_very_run_it_still_counts_as_due() -> None:
    assert judged(9 * DAY_MS, flagged_ago_ms=0) is Verdict.DUE


def test_a_fresh_one_in_cooldown_is_fresh() -> None:
    assert judged(0, flagged_ago_ms=HOUR_MS) is Verdict.FRESH


def test_the_policy_moves_both_boundaries() -> None:
    policy = Policy(stale_threshold_ms=10, flag_cooldown_ms=5)
    verdicts = [judge(Contact("628", NOW - age, None, NOW - 5), NOW, policy) for age in (10, 11)]
    assert verdicts == [Verdict.FRESH, Verdict.DUE]
    assert judge(Contact("628", NOW - 11, None, NOW - 4), NOW, policy) is Verdict.COOLING
