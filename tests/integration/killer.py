"""Killing the process before or after one of its requests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from tests.integration.world import LEASE_MS, Received, World


class Killed(BaseException):
    """The process ends here; nobody catches it."""


class Killer:
    """Kills what runs in `watching`, once, before or after the request number `at` (from 1; 0 never)."""

    def __init__(self, *clients: Any) -> None:
        self.at = self.seen = 0
        self.when = "before"
        self._watching = False
        self._clients = clients
        for client in clients:
            client.meta.events.register("before-send", self._before)
            client.meta.events.register("after-call", self._after)

    def close(self) -> None:
        """Kill nothing any more."""
        for client in self._clients:
            client.meta.events.unregister("before-send", self._before)
            client.meta.events.unregister("after-call", self._after)

    def around(self, request: Callable[..., Any]) -> Callable[..., Any]:
        """A request that goes through no AWS client, as one to be killed at."""
        return partial(self._around, request)

    def _around(self, request: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._before()
        answer = request(*args, **kwargs)
        self._after()
        return answer

    def aim(self, at: int, when: str = "before") -> None:
        self.at, self.when, self.seen = at, when, 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        self._watching = True
        try:
            yield
        finally:
            self._watching = False

    def _before(self, **_: object) -> None:
        if self._watching:
            self.seen += 1
            self._strike("before")

    def _after(self, **_: object) -> None:
        if self._watching:
            self._strike("after")

    def _strike(self, when: str) -> None:
        if (self.when, self.seen) == (when, self.at):
            self.at = 0
            raise Killed


def deliver_through_deaths(world: World, killer: Killer, waiting: list[Received]) -> None:
    """Deliver all, and what follows, again after each death; and then everything once more."""
    seen = list[Received]()
    while waiting:
        received = waiting.pop(0)
        try:
            with killer.watching():
                acknowledged = world.deliver(received)
        except Killed:
            acknowledged = False
        if not acknowledged:
            world.clock.time += LEASE_MS
            waiting.append(received)
        waiting += world.receive()
        seen.append(received)
    world.work([Received(each.body, each.receipt_handle, 2) for each in seen])
