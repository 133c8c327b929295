"""A client as tests use it."""

from collections.abc import Callable

from background_sync.clock import Clock, Deadline
from background_sync.kapso.client import KapsoClient
from tests.integration.world import TestClock
from tests.unit.kapso.records import MOMENT

KEY = "kp_live+Secret/word=7f3a99"


def make_client(
    url: str,
    clock: Clock | None = None,
    left_ms: int = 60_000,
    on_request: Callable[[], None] | None = None,
) -> KapsoClient:
    """A client with `left_ms` left, by a clock that stands at `MOMENT` unless it sleeps."""
    clock = clock or TestClock(MOMENT)
    deadline = Deadline(clock, clock.now() + left_ms)
    return KapsoClient(url, KEY, clock=clock, deadline=deadline, on_request=on_request)
