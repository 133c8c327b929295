"""Functions that a rule invokes by time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from background_sync_ops.stack.deployment import ScheduleSpec
from background_sync_ops.stack.errors import TemplateError
from background_sync_ops.stack.schedule import rate
from background_sync_ops.stack.stack import LocalStack
from background_sync_ops.stack.timer import Timer

START = datetime(2026, 1, 1, 10, tzinfo=UTC)
SPEC = ScheduleSpec("Rule", "arn:of:the:rule", "rate(5 minutes)", "Function")


class Time:
    """Stands still but while somebody waits; whoever waits is told to stop when `waits` are over."""

    def __init__(self, waits: int) -> None:
        self.now = START
        self._waits = waits

    def wait(self, seconds: float) -> bool:
        self._waits -= 1
        self.now += timedelta(seconds=seconds)
        return self._waits < 0


def fired(invoke: Any, waits: int) -> None:
    time = Time(waits)
    timer = Timer(SPEC, invoke, lambda: time.now)
    while timer.fire_when_due(time.wait):
        pass


def test_it_invokes_every_interval_and_first_after_one() -> None:
    times: list[str] = []
    fired(lambda event: times.append(event["time"]), waits=3)
    assert times == ["2026-01-01T10:05:00Z", "2026-01-01T10:10:00Z", "2026-01-01T10:15:00Z"]


def test_it_invokes_no_more_once_it_is_stopped() -> None:
    fired(pytest.fail, waits=0)


def test_an_invocation_that_fails_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    outcomes: Iterator[bool] = iter((False, True))

    def invoke(_: object) -> None:
        if not next(outcomes):
            raise RuntimeError("no sandbox")

    fired(invoke, waits=2)
    assert next(outcomes, None) is None
    assert "Rule: an invocation was lost" in caplog.text


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
def test_anything_else_is_refused_by_name(expression: str) -> None:
    with pytest.raises(TemplateError, match="is no rate"):
        rate(expression)


def test_the_monitor_has_one_of_its_own(engine: LocalStack) -> None:
    rates = {each.function: rate(each.expression) for each in engine.deployment.schedules}
    assert rates["MonitorFunction"] == timedelta(minutes=5)
