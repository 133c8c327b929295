"""When sweeps are due."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from background_sync_ops.stack.schedule import Schedule, scheduled_event

START = datetime(2026, 1, 1, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_the_first_is_at_the_start() -> None:
    assert Schedule(START, HOUR).next_after(START - timedelta(seconds=1)) == START


@pytest.mark.parametrize("passed", [timedelta(0), timedelta(minutes=59)])
def test_the_next_is_an_interval_later(passed: timedelta) -> None:
    assert Schedule(START, HOUR).next_after(START + passed) == START + HOUR


def test_missed_ones_are_not_made_up_for() -> None:
    assert Schedule(START, HOUR).next_after(START + timedelta(hours=5, minutes=1)) == START + 6 * HOUR


@pytest.mark.parametrize("every", [timedelta(0), -HOUR])
def test_an_interval_that_never_passes_is_refused(every: timedelta) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        Schedule(START, every)


def test_the_event_is_eventbridges() -> None:
    event = scheduled_event(START.astimezone(timezone(timedelta(hours=7))), "arn:of:the:rule")
    assert event["time"] == "2026-01-01T10:00:00Z"
    assert (event["source"], event["detail-type"]) == ("aws.events", "Scheduled Event")
    assert (event["resources"], event["detail"]) == (["arn:of:the:rule"], {})
