"""Time as a dependency: what acts at a moment takes a clock, what judges a moment takes `now`."""

import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """Wall-clock time in ms since the epoch, and a way to wait."""

    def now(self) -> int:
        """The time in ms since the epoch."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock, moved by `offset_ms`: the local stack replays any time with it."""

    offset_ms: int = 0

    def now(self) -> int:
        """The time in ms since the epoch."""
        return time.time_ns() // 1_000_000 + self.offset_ms

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Deadline:
    """The end of an invocation, `at` in ms since the epoch by `clock`."""

    clock: Clock
    at: int

    def within(self, margin_ms: int) -> bool:
        """Whether less than `margin_ms` is left."""
        return self.at - self.clock.now() < margin_ms
