"""Fresh, due, in cooldown or closed: the verdicts on a contact at their bounds."""

import pytest

from background_sync.rules.contact import Contact, Verdict, judge
from background_sync.rules.policy import DAY_MS, HOUR_MS, Policy

NOW = 1_767_225_600_000


def verdict(age_ms: int, flagged_ago_ms: int | None = None, status: str | None = "new") -> Verdict:
    flagged_at = None if flagged_ago_ms is None else NOW - flagged_ago_ms
    return judge(Contact("628", NOW - age_ms, status, flagged_at), NOW, Policy())


@pytest.mark.parametrize(
    ("age_ms", "expected"),
    [
        (HOUR_MS + 1, Verdict.DUE),
        (HOUR_MS, Verdict.FRESH),
        (0, Verdict.FRESH),
        (-DAY_MS, Verdict.FRESH),
    ],
)
def test_a_contact_older_than_the_threshold_is_due(age_ms: int, expected: Verdict) -> None:
    assert verdict(age_ms) is expected


@pytest.mark.parametrize("status", ["archived", "converted"])
@pytest.mark.parametrize("age_ms", [0, 400 * DAY_MS])
def test_an_archived_or_converted_lead_is_closed(status: str, age_ms: int) -> None:
    assert verdict(age_ms, status=status) is Verdict.CLOSED


@pytest.mark.parametrize("status", ["qualified", "contacted", "Archived", "lost", "", None])
def test_a_contact_of_any_other_status_may_be_due(status: str | None) -> None:
    assert verdict(DAY_MS, status=status) is Verdict.DUE


@pytest.mark.parametrize(
    ("flagged_ago_ms", "expected"),
    [
        (DAY_MS, Verdict.DUE),
        (DAY_MS - 1, Verdict.COOLING),
        (0, Verdict.DUE),  # Flagged by this run.
        (-HOUR_MS, Verdict.COOLING),  # Flagged by a newer sweep.
    ],
)
def test_a_contact_flagged_within_the_cooldown_is_cooling(flagged_ago_ms: int, expected: Verdict) -> None:
    assert verdict(9 * DAY_MS, flagged_ago_ms) is expected


def test_a_fresh_contact_in_cooldown_counts_as_fresh() -> None:
    assert verdict(0, flagged_ago_ms=HOUR_MS) is Verdict.FRESH


def test_the_policy_sets_the_threshold_and_the_cooldown() -> None:
    policy = Policy(stale_threshold_ms=10, flag_cooldown_ms=5)
    verdicts = [judge(Contact("628", NOW - age, None, NOW - 5), NOW, policy) for age in (10, 11)]
    assert verdicts == [Verdict.FRESH, Verdict.DUE]
    assert judge(Contact("628", NOW - 11, None, NOW - 4), NOW, policy) is Verdict.COOLING
