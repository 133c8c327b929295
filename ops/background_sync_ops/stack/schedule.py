"""EventBridge's schedules: when they fire, which event they send, and the timer that invokes a function."""

import logging
import re
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from background_sync_ops.stack.clients import ACCOUNT_ID, REGION
from background_sync_ops.stack.deployment import ScheduleSpec
from background_sync_ops.stack.errors import TemplateError

RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Schedule:
    """Fires at `start`, an aware datetime, and then at every interval `every`."""

    start: datetime
    every: timedelta

    def __post_init__(self) -> None:
        if self.every <= timedelta(0):
            raise ValueError("the interval between sweeps must be positive")

    def next_after(self, now: datetime) -> datetime:
        """The first scheduled time after `now`. Missed times are skipped."""
        if now < self.start:
            return self.start
        return self.start + ((now - self.start) // self.every + 1) * self.every


def rate(expression: str) -> timedelta:
    """The interval of a rule such as `rate(5 minutes)`. Raises TemplateError for any other expression."""
    found = RATE.fullmatch(expression)
    if found is None:
        raise TemplateError(f"{expression} is not a rate of minutes, hours or days")
    return timedelta(**{f"{found[2]}s": int(found[1])})


def scheduled_event(at: datetime, rule_arn: str) -> dict[str, Any]:
    """EventBridge's event for a schedule that fires at `at`, an aware datetime."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT_ID,
        "time": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [rule_arn],
        "detail": {},
    }


class Timer:
    """Invokes a function as its rule says, in the background, from `start` to `stop`.

    `now` is the functions' time. The first invocation comes one interval after the start, as on AWS.
    """

    def __init__(
        self, spec: ScheduleSpec, invoke: Callable[[object], object], now: Callable[[], datetime]
    ) -> None:
        self._spec = spec
        self._invoke = invoke
        self._now = now
        self._schedule = Schedule(now(), rate(spec.expression))
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name=spec.logical_id, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when an invocation in progress has ended."""
        self._stopping.set()
        self._thread.join()

    def _work(self) -> None:
        while self.fire_when_due(self._stopping.wait):
            pass

    def fire_when_due(self, wait: Callable[[float], bool]) -> bool:
        """Waits for the next due time, then invokes. False when `wait` (seconds) was interrupted."""
        due = self._schedule.next_after(self._now())
        if wait((due - self._now()).total_seconds()):
            return False
        try:
            self._invoke(scheduled_event(due, self._spec.rule_arn))
        except Exception:
            log.exception("%s: an invocation was lost", self._spec.logical_id)
        return True
