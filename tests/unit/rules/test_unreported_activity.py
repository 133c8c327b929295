"""Missed activity that is still to be told of: for whom it is, and that it is told once."""

import pytest

from background_sync.rules.contact import GRACE_MS, Confirmation, Contact, needs_report
from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS, Policy

NOW = 1_767_225_600_000
COMPARED = Confirmation(NOW - 30 * DAY_MS)


def told(
    behind_ago_ms: int | None,
    *,
    age_ms: int = 5 * HOUR_MS,
    flagged_ago_ms: int | None = None,
    told_ago_ms: int | None = None,
    status: str | None = "new",
    confirmation: Confirmation | None = COMPARED,
) -> bool:
    times = (flagged_ago_ms, behind_ago_ms, told_ago_ms)
    contact = Contact(
        "628", NOW - age_ms, status, *(None if ago_ms is None else NOW - ago_ms for ago_ms in times)
    )
    return needs_report(contact.with_verification(confirmation, None), NOW, Policy())


def test_activity_that_the_table_has_not_is() -> None:
    assert told(10 * MINUTE_MS)


@pytest.mark.parametrize("status", ["archived", "converted", None])
@pytest.mark.parametrize("age_ms", [HOUR_MS, 40 * MINUTE_MS])
def test_however_fresh_or_closed_the_contact_is(status: str | None, age_ms: int) -> None:
    assert told(10 * MINUTE_MS, age_ms=age_ms, status=status)


def test_what_the_table_has_is_not() -> None:
    assert not told(None)
    assert not told(5 * HOUR_MS)
    assert not told(5 * HOUR_MS - GRACE_MS)
    assert told(5 * HOUR_MS - GRACE_MS - 1)


def test_in_a_cooldown_it_waits() -> None:
    assert not told(10 * MINUTE_MS, flagged_ago_ms=DAY_MS - 1)
    assert told(10 * MINUTE_MS, flagged_ago_ms=DAY_MS)


def test_what_a_flag_told_of_is_not_told_again() -> None:
    assert not told(3 * DAY_MS, age_ms=9 * DAY_MS, flagged_ago_ms=2 * DAY_MS, told_ago_ms=3 * DAY_MS)
    assert told(DAY_MS, age_ms=9 * DAY_MS, flagged_ago_ms=2 * DAY_MS, told_ago_ms=3 * DAY_MS)


def test_a_flag_for_being_quiet_has_told_of_nothing() -> None:
    assert told(3 * DAY_MS, age_ms=9 * DAY_MS, flagged_ago_ms=2 * DAY_MS)


def test_where_kapso_was_not_asked_nothing_is() -> None:
    assert not told(10 * MINUTE_MS, confirmation=None)
