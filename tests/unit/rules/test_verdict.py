"""Fresh, due, in cooldown or closed: the verdicts on a contact at their bounds."""

import pytest

from background_sync.rules.contact import Contact, Verdict, judge
from background_sync.rules.policy import DAY_MS, HOUR_MS, Policy

NOW = 1_767_225_600_000


def verdict(age_ms: int, flagged_ago_ms: int | None = None, status: str | None = "new") -> Verdict:
    flagged_at = None if flagged_ago_ms is None else NOW - flagged_ago_ms
    return judge(Contact("628", NOW - age_ms, status, flagged_at), NOW, Policy())


@pytest.mark.parametrize(
    ("age_ms", "flagged_ago_ms", "expected"),
    [
        (HOUR_MS + 1, None, Verdict.DUE),
        (HOUR_MS, None, Verdict.FRESH),
        (0, None, Verdict.FRESH),
        (-DAY_MS, None, Verdict.FRESH),
        (0, HOUR_MS, Verdict.FRESH),
        (9 * DAY_MS, DAY_MS, Verdict.DUE),
        (9 * DAY_MS, DAY_MS - 1, Verdict.COOLING),
        (9 * DAY_MS, 0, Verdict.DUE),  # Flagged by this run.
        (9 * DAY_MS, -HOUR_MS, Verdict.COOLING),  # Flagged by a newer sweep.
    ],
)
def test_an_old_contact_is_due_or_cooling(age_ms: int, flagged_ago_ms: int | None, expected: Verdict) -> None:
    assert verdict(age_ms, flagged_ago_ms) is expected


def test_only_an_archived_or_converted_lead_is_closed() -> None:
    for status in ("archived", "converted"):
        assert verdict(0, status=status) is verdict(400 * DAY_MS, status=status) is Verdict.CLOSED
    for other in ("qualified", "contacted", "Archived", "lost", "", None):
        assert verdict(DAY_MS, status=other) is Verdict.DUE


def test_the_policy_sets_the_threshold_and_the_cooldown() -> None:
    policy = Policy(stale_threshold_ms=10, flag_cooldown_ms=5)
    verdicts = [judge(Contact("628", NOW - age, None, NOW - 5), NOW, policy) for age in (10, 11)]
    assert verdicts == [Verdict.FRESH, Verdict.DUE]
    assert judge(Contact("628", NOW - 11, None, NOW - 4), NOW, policy) is Verdict.COOLING
