"""Health is looked at again and again; a look that fails does not end it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from background_sync_ops.cli.watch import HealthWatch
from background_sync_ops.cli.watch_state import ApiOutage, WatchState
from background_sync_ops.errors import CommandError
from background_sync_ops.health_api import HealthAnswer, RequestRefused
from background_sync_ops.target import TargetError

START, STEP = 1_000_000, 5000
GOOD = HealthAnswer({"status": "pass", "checks": {}}, {"runs": [], "summary": None}, [])
BAD = HealthAnswer({"status": "fail", "checks": {}}, {"runs": [], "summary": None}, [])


@dataclass
class Clock:
    time: int = START
    waits: list[float] = field(default_factory=list)

    def now(self) -> int:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += round(seconds * 1000)


def looks(*answers: HealthAnswer | Exception) -> Callable[[], HealthAnswer]:
    """One answer after the other, then Ctrl-C."""
    left: Iterator[HealthAnswer | Exception] = iter(answers)

    def look() -> HealthAnswer:
        answer = next(left, KeyboardInterrupt())
        if isinstance(answer, BaseException):
            raise answer
        return answer

    return look


def watched(*answers: HealthAnswer | Exception) -> tuple[HealthWatch, list[WatchState], Clock]:
    clock, seen = Clock(), []
    watch = HealthWatch(looks(*answers), clock, timedelta(milliseconds=STEP))
    with pytest.raises(KeyboardInterrupt):
        watch.run(lambda _, now: seen.append(now))
    return watch, seen, clock


def test_it_waits_between_two_looks() -> None:
    _, seen, clock = watched(GOOD, GOOD, BAD)
    assert [each.at for each in seen] == [START, START + STEP, START + 2 * STEP]
    assert clock.waits == [5, 5, 5]


def test_a_view_is_given_what_there_was_before() -> None:
    given = []
    watch = HealthWatch(looks(GOOD, BAD), Clock(), timedelta(seconds=5))
    with pytest.raises(KeyboardInterrupt):
        watch.run(lambda before, now: given.append((before.answer, now.answer)))
    assert given == [(None, GOOD), (GOOD, BAD)]


@pytest.mark.parametrize("error", [CommandError("away"), TargetError("away")])
def test_a_look_that_fails_does_not_end_it(error: Exception) -> None:
    watch, seen, _ = watched(GOOD, error, error, BAD)
    outage = ApiOutage(START + STEP, "away")
    assert seen[1:3] == [WatchState(GOOD, START, outage)] * 2
    assert seen[3] == WatchState(BAD, START + 3 * STEP)
    assert watch.status == 2


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ((GOOD,), 0),
        ((GOOD, BAD), 2),
        ((BAD, CommandError("away")), 2),
        ((CommandError("away"), CommandError("away")), 3),
        ((), 3),
    ],
)
def test_its_status_is_that_of_the_last_answer(
    answers: tuple[HealthAnswer | Exception, ...], status: int
) -> None:
    assert watched(*answers)[0].status == status


@pytest.mark.parametrize("error", [RequestRefused("no such name"), KeyError("a bug")])
def test_what_no_other_look_can_mend_ends_it(error: Exception) -> None:
    watch = HealthWatch(looks(error), Clock(), timedelta(seconds=5))
    with pytest.raises(type(error)):
        watch.run(lambda *_: None)
