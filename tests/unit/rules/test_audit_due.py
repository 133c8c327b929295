"""Each workspace is audited once a day, and audits are spread evenly over the day."""

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from background_sync.rules.workspace import audit_due

START = 1_767_225_600_000
any_id = st.text(min_size=1, max_size=20)


def due_times(
    workspace_id: str, audited_at: int | None, start: int, interval_ms: int, count: int
) -> list[int]:
    times = (start + number * interval_ms for number in range(count))
    record = {"workspace_id": workspace_id}
    return [each for each in times if audit_due(record, audited_at, each, interval_ms)]


@given(any_id, st.integers(0, DAY_MS))
def test_a_workspace_never_audited_is_due_exactly_once_a_day(workspace_id: str, phase: int) -> None:
    assert len(due_times(workspace_id, None, START + phase, HOUR_MS, 24)) == 1


@given(any_id, st.integers(0, DAY_MS), st.integers(5, 1440))
def test_it_is_due_once_a_day_for_any_interval(workspace_id: str, phase: int, minutes: int) -> None:
    sweeps_in_3_days = 3 * 24 * 60 // minutes
    due = due_times(workspace_id, None, START + phase, minutes * MINUTE_MS, sweeps_in_3_days)
    assert len(due) in (2, 3)


@given(any_id, st.integers(0, DAY_MS))
def test_an_audited_workspace_is_due_24_hours_later(workspace_id: str, phase: int) -> None:
    audited_at = START + phase
    due = due_times(workspace_id, audited_at, audited_at + HOUR_MS, HOUR_MS, 24)
    assert due == [audited_at + DAY_MS]


@pytest.mark.parametrize(
    ("interval_ms", "days"), [(7 * DAY_MS, 7), (Decimal(3 * DAY_MS), 3), ("weekly", 1), (1, 1), (None, 1)]
)
def test_a_workspace_has_its_own_interval_if_it_is_valid(interval_ms: object, days: int) -> None:
    record = {"workspace_id": "w1", "settings": {"audit_interval_ms": interval_ms}}
    due = [each for each in range(1, 9) if audit_due(record, START, START + each * DAY_MS, HOUR_MS)]
    assert due == list(range(days, 9))


def test_a_missed_audit_stays_due() -> None:
    assert audit_due({"workspace_id": "w1"}, START, START + DAY_MS + 5 * HOUR_MS, HOUR_MS)
    assert not audit_due({"workspace_id": "w1"}, START, START + DAY_MS - 1, HOUR_MS)


def test_first_audits_are_spread_over_the_day() -> None:
    hours = Counter(
        hour
        for number in range(2_400)
        for hour in range(24)
        if audit_due({"workspace_id": f"workspace-{number}"}, None, START + hour * HOUR_MS, HOUR_MS)
    )
    assert sum(hours.values()) == 2_400
    assert len(hours) == 24
    assert 60 < min(hours.values()) <= max(hours.values()) < 140
