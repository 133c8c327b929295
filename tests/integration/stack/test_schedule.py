"""EventBridge's schedules: when they fire, which event they send, and the timer that invokes a function."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from background_sync_ops.stack.deployment import ScheduleSpec
from background_sync_ops.stack.errors import TemplateError
from background_sync_ops.stack.schedule import Schedule, Timer, rate, scheduled_event

START = datetime(2026, 1, 1, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SPEC = ScheduleSpec(
    logical_id="Rule", rule_arn="arn:of:the:rule", expression="rate(5 minutes)", function="Function"
)


@pytest.mark.parametrize(
    ("after_start", "due"),
    [(-MINUTE, 0 * HOUR), (0 * HOUR, HOUR), (59 * MINUTE, HOUR), (5 * HOUR + MINUTE, 6 * HOUR)],
)
def test_a_schedule_fires_every_interval_and_skips_the_missed(after_start: timedelta, due: timedelta) -> None:
    assert Schedule(START, HOUR).next_after(START + after_start) == START + due


def test_an_interval_must_be_positive() -> None:
    with pytest.raises(ValueError, match="must be positive"):
        Schedule(START, 0 * HOUR)


def test_the_event_is_eventbridges() -> None:
    event = scheduled_event(START.astimezone(timezone(timedelta(hours=7))), "arn:of:the:rule")
    assert event["time"] == "2026-01-01T10:00:00Z"
    assert (event["source"], event["detail-type"]) == ("aws.events", "Scheduled Event")
    assert (event["resources"], event["detail"]) == (["arn:of:the:rule"], {})


@pytest.mark.parametrize(
    ("expression", "interval"),
    [
        ("rate(1 minute)", timedelta(minutes=1)),
        ("rate(60 minutes)", timedelta(hours=1)),
        ("rate(2 days)", timedelta(days=2)),
    ],
)
def test_a_rate_is_an_interval(expression: str, interval: timedelta) -> None:
    assert rate(expression) == interval


@pytest.mark.parametrize("expression", ["cron(0 * * * ? *)", "rate(5 weeks)", "rate(minutes)", ""])
def test_any_other_expression_is_refused(expression: str) -> None:
    with pytest.raises(TemplateError, match="is not a rate"):
        rate(expression)


def run_timer(invoke: Any, waits: int) -> None:
    """Runs a timer on a clock that moves only while it waits, and stops it after `waits` waits."""
    now, remaining = START, waits

    def wait(seconds: float) -> bool:
        nonlocal now, remaining
        now += timedelta(seconds=seconds)
        remaining -= 1
        return remaining < 0

    timer = Timer(SPEC, invoke, lambda: now)
    while timer.fire_when_due(wait):
        pass


def test_a_timer_invokes_after_each_interval_until_it_is_stopped() -> None:
    times: list[str] = []
    run_timer(lambda event: times.append(event["time"]), waits=2)
    assert times == ["2026-01-01T10:05:00Z", "2026-01-01T10:10:00Z"]


def test_an_invocation_that_fails_does_not_stop_the_timer(caplog: pytest.LogCaptureFixture) -> None:
    succeeds: Iterator[bool] = iter((False, True))

    def invoke(_: object) -> None:
        if not next(succeeds):
            raise RuntimeError("no sandbox")

    run_timer(invoke, waits=2)
    assert next(succeeds, None) is None
    assert "Rule: an invocation was lost" in caplog.text
