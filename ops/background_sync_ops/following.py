"""Following work that the stack does by itself."""

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from background_sync.clock import Clock

POLL_S = 0.5


class Snapshot(Protocol):
    """How far the work was at one moment."""

    @property
    def finished(self) -> bool: ...


S = TypeVar("S", bound=Snapshot)


def follow(look: Callable[[], S], clock: Clock, timeout_s: float) -> Iterator[S]:
    """Look until the work is finished or the time is over. Yields every snapshot, the last one included."""
    end = clock.now() + timeout_s * 1000
    while True:
        snapshot = look()
        yield snapshot
        if snapshot.finished or clock.now() >= end:
            return
        clock.sleep(POLL_S)
