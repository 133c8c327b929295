"""`health --watch` asks again and again; a request that fails does not end it."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from background_sync_ops.cli.watch import HealthWatch
from background_sync_ops.cli.watch_state import ApiOutage, WatchState
from background_sync_ops.errors import CommandError
from background_sync_ops.health_api import HealthAnswer, RequestRefused
from background_sync_ops.target import TargetError
from tests.unit.cli.clock import StoppedClock

INTERVAL_MS = 5000
PASS = HealthAnswer({"status": "pass", "checks": {}}, {"runs": [], "summary": None}, [])
FAIL = HealthAnswer({"status": "fail", "checks": {}}, {"runs": [], "summary": None}, [])
AWAY = CommandError("away")


def answering(*answers: HealthAnswer | Exception) -> Callable[[], HealthAnswer]:
    """One answer after the other, then Ctrl-C."""
    remaining: Iterator[HealthAnswer | Exception] = iter(answers)

    def ask() -> HealthAnswer:
        answer = next(remaining, KeyboardInterrupt())
        if isinstance(answer, BaseException):
            raise answer
        return answer

    return ask


def watched(*answers: HealthAnswer | Exception) -> tuple[HealthWatch, list[WatchState]]:
    """The watch at its end, and each state that it showed."""
    shown: list[WatchState] = []

    def view(before: WatchState, now: WatchState) -> None:
        assert before == (shown[-1] if shown else WatchState())
        shown.append(now)

    watch = HealthWatch(answering(*answers), StoppedClock(), timedelta(milliseconds=INTERVAL_MS))
    with pytest.raises(KeyboardInterrupt):
        watch.run(view)
    return watch, shown


def test_the_watch_waits_for_the_interval_after_each_request() -> None:
    watch, shown = watched(PASS, PASS, FAIL)
    assert [each.at for each in shown] == [0, INTERVAL_MS, 2 * INTERVAL_MS]
    assert isinstance(watch.clock, StoppedClock)
    assert watch.clock.waits == [5, 5, 5]


@pytest.mark.parametrize("error", [AWAY, TargetError("away")])
def test_a_request_that_fails_does_not_end_the_watch(error: Exception) -> None:
    _, shown = watched(PASS, error, error, FAIL)
    outage = ApiOutage(INTERVAL_MS, "away")
    assert shown[1:] == [*[WatchState(PASS, 0, outage)] * 2, WatchState(FAIL, 3 * INTERVAL_MS)]


@pytest.mark.parametrize(
    ("answers", "status"),
    [((PASS,), 0), ((PASS, FAIL), 2), ((FAIL, AWAY), 2), ((AWAY, AWAY), 3), ((), 3)],
)
def test_the_last_answer_gives_the_exit_status(
    answers: tuple[HealthAnswer | Exception, ...], status: int
) -> None:
    assert watched(*answers)[0].status == status


@pytest.mark.parametrize("error", [RequestRefused("no such name"), KeyError("a bug")])
def test_an_error_that_every_request_would_have_ends_the_watch(error: Exception) -> None:
    watch = HealthWatch(answering(error), StoppedClock(), timedelta(seconds=5))
    with pytest.raises(type(error)):
        watch.run(lambda *_: None)
