"""Kills the process at one of its requests, or has AWS answer it badly, and delivers its messages again."""

import io
import json
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import product
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
READS = {"GetItem", "BatchGetItem", "Query", "Scan", "GetParameters", "Kapso"}
"""Requests that leave nothing behind: a kill after one is a kill after the request before it."""


NO_SHARE = slice(None)
ERRORS = {
    "throttled": (400, {"__type": "ThrottlingException", "message": "slow down"}),
    "failed": (500, {"__type": "InternalServerError", "message": "try again"}),
}
TROUBLES = (("throttled", 3), ("throttled", 7), ("failed", 7), ("answer lost", 1), ("partly done", 1))
"""What may happen to a request, and to how many tries of it. A client gives up before the seventh."""


class Killed(BaseException):
    """The process ends here: no code of the product catches it."""


class Killer:
    """Kills what runs in `watching`, once, before or after request number `at`: from 1, 0 is never.

    Or that request and the next ones are in trouble, `tries` in all.
    """

    def __init__(self, *clients: Any) -> None:
        self.at = self.seen = self.tries = 0
        self.wrote = list[int]()
        self.when = "before"
        self._watching = self._is_dead = False
        self._lock, self._own = threading.Lock(), threading.local()
        self._clients = clients
        for client in clients:
            client.meta.events.register("before-send", self._before)
            client.meta.events.register("after-call", self._after)

    def close(self) -> None:
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

    def aim(self, at: int, when: str = "before", tries: int = 0) -> None:
        """`when` is before or after, or with `tries` one of `TROUBLES`."""
        self.at, self.when, self.seen, self.wrote, self.tries = at, when, 0, [], tries

    @contextmanager
    def watching(self) -> Iterator[None]:
        self._watching, self._is_dead = True, False
        try:
            yield
        finally:
            self._watching = False

    def _before(self, event_name: str, request: Any = None, **_: object) -> AWSResponse | None:
        if not self._watching:
            return None
        operation = event_name.rsplit(".", 1)[-1]
        return self._trouble(operation, request) if self._is_troubled(operation) else None

    def _is_troubled(self, operation: str) -> bool:
        """Count a request, of any thread; raises `Killed` if the process ends here, or has ended."""
        with self._lock:
            self.seen += 1
            self._own.number = self.seen
            if operation not in READS:
                self.wrote.append(self.seen)
            if not self.tries:
                self._strike("before")
                return False
            # A key that cannot be read defers a run, which then ends in another way.
            troubled = self.seen >= self.at and operation not in ("Kapso", "GetParameters")
            self.tries -= troubled
            return troubled

    def _trouble(self, operation: str, request: Any) -> AWSResponse:
        if self.when in ERRORS:
            return _answer(*ERRORS[self.when])
        if self.when == "partly done" and operation in PARTS:
            part = PARTS[operation](json.loads(request.body), partial(self._send, request))
            return _answer(*ERRORS["throttled"]) if part is None else _answer(200, part)
        self._send(request)
        return _answer(*ERRORS["failed"])

    def _send(self, request: Any, body: Any = None) -> Any:
        """Send the request, with another body if one is given; returns the answer."""
        if body is not None:
            request.body = json.dumps(body).encode()
            request.headers["Content-Length"] = str(len(request.body))
        return json.loads(self._clients[0]._endpoint.http_session.send(request).content)

    def _after(self, **_: object) -> None:
        if self._watching and self.when == "after":
            with self._lock:
                self._strike("after")

    def _strike(self, when: str) -> None:
        if (self.when, self._own.number) == (when, self.at):
            self.at, self._is_dead = 0, True
        if self._is_dead:
            raise Killed


def _answer(status: int, body: Any) -> AWSResponse:
    headers = HTTPHeaders.from_dict({"Content-Type": "application/x-amz-json-1.0"})
    raw = HTTPResponse(io.BytesIO(json.dumps(body).encode()), preload_content=False)
    return AWSResponse("http://127.0.0.1/", status, headers, raw)


def _half_read(body: Any, send: Callable[[Any], Any]) -> Any:
    """A batch read of which the second half is not processed. A read of nothing is throttled instead."""
    [(table, wanted)] = body["RequestItems"].items()
    keys, half = wanted["Keys"], len(wanted["Keys"]) // 2
    rest = {"UnprocessedKeys": {table: {**wanted, "Keys": keys[half:]}}}
    if not half:
        return None
    return send({**body, "RequestItems": {table: {**wanted, "Keys": keys[:half]}}}) | rest


def _half_sent(body: Any, send: Callable[[Any], Any]) -> Any:
    """A batch of messages of which the second half is refused."""
    entries, half = body["Entries"], len(body["Entries"]) // 2
    failed = [{"Id": each["Id"], "SenderFault": False, "Code": "InternalError"} for each in entries[half:]]
    answer = send({**body, "Entries": entries[:half]}) if half else {"Successful": []}
    return {**answer, "Failed": failed}


PARTS = {"BatchGetItem": _half_read, "SendMessageBatch": _half_sent}


def assert_same_through_kills(killer: Killer, play: Callable[[], object], share: slice = NO_SHARE) -> int:
    """A play that is killed after any request that writes ends as if it had not been killed.

    `share` are the kills to try. A kill before a request is a kill after the one before it. Returns how many
    were tried.
    """
    killer.aim(0)
    expected, kills = play(), [0, *killer.wrote]
    for at in kills[share]:
        killer.aim(*((at, "after") if at else (1, "before")))
        assert play() == expected, f"killed after request {at} of {kills[-1]}"
        assert killer.at == 0
    return len(kills[share])


def assert_same_through_trouble(killer: Killer, play: Callable[[], object], every: int) -> int:
    """A play in which a request is throttled, fails, loses its answer or is partly done ends the same.

    Tries `every`th of all troubles of all requests. Returns how many were tried.
    """
    killer.aim(0)
    expected, requests = play(), killer.seen
    tried = list(product(range(1, requests + 1), TROUBLES))[::every]
    for at, trouble in tried:
        killer.aim(at, *trouble)
        assert play() == expected, f"{trouble} at request {at} of {requests}"
        assert killer.tries == 0
    return len(tried)


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
