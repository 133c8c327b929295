"""Kills the process before or after one of its requests, and delivers its messages again."""

import io
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from urllib3 import HTTPResponse

from tests.integration.faults import Faults
from tests.integration.world import LEASE_MS, NOW, Received, World

Snapshot = dict[str, list[dict[str, Any]]]
CHANGED_BY_A_KILL = {
    "attempts",
    "tries",
    "started_at",
    "finished_at",
    "duration_ms",
    "lease_owner",
    "lease_until",
}
"""Attributes that depend on how often, and how long, a run was worked on."""
READS = {"GetItem", "BatchGetItem", "Query", "Scan", "GetParameter", "Kapso"}
"""Requests that leave nothing behind: a kill after one is a kill after the request before it."""


NO_SHARE = slice(None)
SLOW_DOWN = b'{"__type": "ThrottlingException", "message": "slow down"}'


class Killed(BaseException):
    """The process ends here: no code of the product catches it."""


class Killer:
    """Kills what runs in `watching`, once, before or after request number `at`: from 1, 0 is never.

    Or AWS throttles that request and the next ones, `throttled` tries in all.
    """

    def __init__(self, *clients: Any) -> None:
        self.at = self.seen = self.throttled = 0
        self.wrote = list[int]()
        self.when = "before"
        self._watching = False
        self._clients = clients
        for client in clients:
            client.meta.events.register("before-send", self._before)
            client.meta.events.register("after-call", self._after)

    def close(self) -> None:
        """Stop watching the clients."""
        for client in self._clients:
            client.meta.events.unregister("before-send", self._before)
            client.meta.events.unregister("after-call", self._after)

    def around(self, request: Callable[..., Any]) -> Callable[..., Any]:
        """Watch a request that goes through no AWS client."""
        return partial(self._around, request)

    def _around(self, request: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._before("Kapso")
        answer = request(*args, **kwargs)
        self._after()
        return answer

    def aim(self, at: int, when: str = "before", throttled: int = 0) -> None:
        self.at, self.when, self.seen, self.wrote, self.throttled = at, when, 0, [], throttled

    @contextmanager
    def watching(self) -> Iterator[None]:
        self._watching = True
        try:
            yield
        finally:
            self._watching = False

    def _before(self, event_name: str, **_: object) -> AWSResponse | None:
        if not self._watching:
            return None
        self.seen += 1
        if event_name.rsplit(".", 1)[-1] not in READS:
            self.wrote.append(self.seen)
        if self.throttled:
            return self._throttle(event_name)
        self._strike("before")
        return None

    def _throttle(self, event_name: str) -> AWSResponse | None:
        # A key that cannot be read defers a run, which then ends in another way.
        if self.seen < self.at or event_name == "Kapso" or ".ssm." in event_name:
            return None
        self.throttled -= 1
        headers = HTTPHeaders.from_dict({"Content-Type": "application/x-amz-json-1.0"})
        return AWSResponse(
            "http://127.0.0.1/", 400, headers, HTTPResponse(io.BytesIO(SLOW_DOWN), preload_content=False)
        )

    def _after(self, **_: object) -> None:
        if self._watching and self.when == "after":
            self._strike("after")

    def _strike(self, when: str) -> None:
        if (self.when, self.seen) == (when, self.at):
            self.at = 0
            raise Killed


def assert_same_through_kills(killer: Killer, play: Callable[[], object], share: slice = NO_SHARE) -> None:
    """A play that is killed after any request that writes ends as if it had not been killed.

    `share` are the kills to try. A kill before a request is a kill after the one before it.
    """
    killer.aim(0)
    expected, kills = play(), [0, *killer.wrote]
    for at in kills[share]:
        killer.aim(*((at, "after") if at else (1, "before")))
        assert play() == expected, f"killed after request {at} of {kills[-1]}"
        assert killer.at == 0


def assert_same_through_throttling(killer: Killer, play: Callable[[], object], every: int) -> None:
    """A play in which AWS throttles a request, for three tries or for seven, ends the same.

    Each `every`th request is throttled in one of the two ways.
    """
    killer.aim(0)
    expected, requests = play(), killer.seen
    for number, at in enumerate(range(1, requests + 1, every)):
        killer.aim(at, throttled=(3, 7)[number % 2])
        assert play() == expected, f"throttled at request {at} of {requests}"
        assert killer.throttled == 0


def deliver_through_kills(world: World, killer: Killer, waiting: list[Received]) -> None:
    """Deliver all messages and their follow-ups, again after each kill; then deliver everything once more."""
    seen = list[Received]()
    while waiting:
        received = waiting.pop(0)
        if not deliver_once(world, killer, received):
            world.clock.time += LEASE_MS
            waiting.append(received)
        waiting += world.receive()
        seen.append(received)
    world.work([Received(each.body, each.receipt_handle, 2) for each in seen])


def deliver_once(world: World, killer: Killer, received: Received) -> bool:
    """Deliver a message; returns whether it was acknowledged, and neither refused nor killed."""
    try:
        with killer.watching():
            return world.deliver(received)
    except Killed:
        return False


def kill_run(world: World, faults: Faults, operation: str, *, after: int = 0, run_at: int = NOW) -> None:
    """Deliver a run, kill it at a request, after so many of that operation, and let its lease expire."""
    faults.fail(operation, Killed(), after=after)
    with pytest.raises(Killed):
        world.run(run_at=run_at)
    world.clock.time += LEASE_MS


def snapshot(world: World, *, without: Collection[str] = ()) -> Snapshot:
    """All records but those of the budgets, without `without` and the attributes that a kill changes."""
    tables = world.database.tables
    left_out = CHANGED_BY_A_KILL.union(without)
    return {
        table: sorted(
            (
                {
                    name: value
                    for name, value in sorted(record.items())
                    # A run that failed and then completed leaves a counter of 0.
                    if name not in left_out and (name, value) != ("failed", 0)
                }
                for record in world.items(table)
                if not record["workspace_id"].startswith("#rate#")
            ),
            key=str,
        )
        for table in (tables.workspaces, tables.contacts, tables.sync_health)
    }
