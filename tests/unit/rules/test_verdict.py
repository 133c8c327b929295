"""Fresh, due, in cooldown or closed: the verdicts on a contact at their bounds."""

import pytest

from background_sync.rules.contact import GRACE_MS, Confirmation, Contact, Verdict, judge, needs_report
from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS, Policy

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


COMPARED = Confirmation(NOW - 30 * DAY_MS)


def is_reported(
    behind_ago_ms: int | None,
    *,
    age_ms: int = 5 * HOUR_MS,
    flagged_ago_ms: int | None = None,
    status: str | None = "new",
) -> bool:
    flagged_at, behind_at = (None if ago is None else NOW - ago for ago in (flagged_ago_ms, behind_ago_ms))
    contact = Contact("628", NOW - age_ms, status, flagged_at, behind_at)
    return needs_report(contact.with_verification(COMPARED, None), NOW, Policy())


@pytest.mark.parametrize("status", ["new", "archived", "converted", None])
@pytest.mark.parametrize("age_ms", [5 * HOUR_MS, HOUR_MS, 40 * MINUTE_MS])
def test_missing_activity_is_reported_for_fresh_and_closed_too(status: str | None, age_ms: int) -> None:
    assert is_reported(10 * MINUTE_MS, age_ms=age_ms, status=status)


def test_activity_within_the_grace_period_of_the_table_is_not_reported() -> None:
    assert not is_reported(None)
    assert not is_reported(5 * HOUR_MS)
    assert not is_reported(5 * HOUR_MS - GRACE_MS)
    assert is_reported(5 * HOUR_MS - GRACE_MS - 1)


def test_activity_is_not_reported_within_the_cooldown() -> None:
    assert not is_reported(10 * MINUTE_MS, flagged_ago_ms=DAY_MS - 1)
    assert is_reported(10 * MINUTE_MS, flagged_ago_ms=DAY_MS)
