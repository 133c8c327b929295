"""Time as a dependency: code that acts at a moment takes a clock, code that judges a moment takes `now`."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

CLOSING_MS = 8_000
"""What retries and requests to Kapso must leave of an invocation, so that the run can still be closed."""


class Clock(Protocol):
    """Wall-clock time in ms since the epoch, and a way to wait."""

    def now(self) -> int:
        """The time in ms since the epoch."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock, moved by `offset_ms`, so that the local stack can replay any time."""

    offset_ms: int = 0

    def now(self) -> int:
        return time.time_ns() // 1_000_000 + self.offset_ms

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Deadline:
    """The end of an invocation, `at` in ms since the epoch by `clock`."""

    clock: Clock
    at: int

    def within(self, margin_ms: float) -> bool:
        """Whether less than `margin_ms` is left."""
        return self.at - self.clock.now() < margin_ms


def attempts(clock: Clock, tries: int, pause_s: float, deadline: Deadline | None = None) -> Iterator[int]:
    """Yield 0, 1, … for each attempt, at most `tries`, with a pause before each but the first.

    The pause doubles each time, and is random from half to one and a half of that: callers that failed
    together must not come back together. No attempt begins that would leave less than `CLOSING_MS` before
    the deadline.
    """
    for attempt in range(tries):
        if attempt:
            pause = pause_s * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
            if deadline is not None and deadline.within(CLOSING_MS + pause * 1000):
                return
            clock.sleep(pause)
        yield attempt
