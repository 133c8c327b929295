"""A rule of EventBridge that invokes a function by time."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from background_sync_ops.stack.deployment import ScheduleSpec
from background_sync_ops.stack.schedule import Schedule, rate, scheduled_event

log = logging.getLogger(__name__)
Invoke = Callable[[object], object]


class Timer:
    """Invokes a function as its rule says, in the background, from `start` to `stop`.

    `now` is the functions' time. The first invocation comes an interval after the start, as on AWS.
    """

    def __init__(self, spec: ScheduleSpec, invoke: Invoke, now: Callable[[], datetime]) -> None:
        self.spec = spec
        self._invoke = invoke
        self._now = now
        self._schedule = Schedule(now(), rate(spec.expression))
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name=spec.logical_id, daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Invokes no more, and returns when an invocation under way has ended."""
        self._stopping.set()
        self._thread.join()

    def fire_when_due(self, wait: Callable[[float], bool]) -> bool:
        """Wait until the next invocation is due, and invoke; False when `wait` (seconds) was cut short."""
        due = self._schedule.next_after(self._now())
        if wait((due - self._now()).total_seconds()):
            return False
        try:
            self._invoke(scheduled_event(due, self.spec.rule_arn))
        except Exception:
            log.exception("%s: an invocation was lost", self.spec.logical_id)
        return True

    def _work(self) -> None:
        while self.fire_when_due(self._stopping.wait):
            pass
