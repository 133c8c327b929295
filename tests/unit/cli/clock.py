"""A clock that only moves when something sleeps."""

from dataclasses import dataclass, field


@dataclass
class StoppedClock:
    """`time` is in ms; `waits` are the seconds of each sleep."""

    time: int = 0
    waits: list[float] = field(default_factory=list)

    def now(self) -> int:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += round(seconds * 1000)
