"""Faults for chosen requests.

    server.faults.add(faults.status(503), nth=2)                    # the second request from now on
    server.faults.add(faults.reset(), path="/webhooks", times=1)    # the next request with this path

A fault is a function of the request and of `proceed`, which returns the correct response or raises Problem if
that is an error. A test may pass its own.
"""

import json
import os
import socket
import struct
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from werkzeug.wrappers import Request, Response

from background_sync_ops.kapso.problems import Problem, json_response
from background_sync_ops.kapso.rate import RETRY_AFTER

Proceed = Callable[[], Response]
Fault = Callable[[Request, Proceed], Response]

TOO_MANY_REQUESTS = 429
CHUNK = b"x" * 65_536


@dataclass
class _Rule:
    """A fault, and the requests that get it."""

    fault: Fault
    path: str
    key: str | None
    nth: Collection[int] | None
    times_left: int | None
    seen: int = 0

    def applies_to(self, request: Request) -> bool:
        """Also counts the request."""
        if self.path not in request.path or self.key not in (None, request.headers.get("X-API-Key")):
            return False
        self.seen += 1
        if self.times_left == 0 or (self.nth is not None and self.seen not in self.nth):
            return False
        if self.times_left is not None:
            self.times_left -= 1
        return True


class Faults:
    """The faults of a server. Every rule counts every request; the first rule that applies wins."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[_Rule] = []

    def add(
        self,
        fault: Fault,
        *,
        path: str = "",
        key: str | None = None,
        nth: int | Collection[int] | None = None,
        times: int | None = None,
    ) -> None:
        """Let requests fail from now on.

        path   part of the request's path
        key    the request's API key
        nth    which of the requests with this path and key, from 1
        times  the fault ends after so many requests
        """
        with self._lock:
            self._rules.append(_Rule(fault, path, key, {nth} if isinstance(nth, int) else nth, times))

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def answer(self, request: Request, proceed: Proceed) -> Response:
        """The response to a request, with its fault if it has one."""
        with self._lock:
            faults = [rule.fault for rule in self._rules if rule.applies_to(request)]
        return faults[0](request, proceed) if faults else proceed()


# -------------------------------------------------------------------- instead of the response


def status(code: int, message: str = "Something went wrong", retry_after: str | None = None) -> Fault:
    """An error in the shape of the API that was called. A 429 has the headers of Kapso's."""
    headers = RETRY_AFTER | {"X-RateLimit-Remaining": "0"} if code == TOO_MANY_REQUESTS else {}
    if retry_after is not None:
        headers = headers | {"Retry-After": retry_after}

    def fault(_request: Request, _proceed: Proceed) -> NoReturn:
        raise Problem(code, message, headers)

    return fault


def reset() -> Fault:
    """The connection is reset before any byte of the response."""

    def fault(request: Request, _proceed: Proceed) -> NoReturn:
        _reset(request.environ["werkzeug.socket"])
        raise ConnectionResetError("a programmed fault")

    return fault


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # The descriptor gets a socket that is already at its end. The server still reads from it and closes it,
    # and a closed descriptor could belong to another connection by then.
    ended, other = socket.socketpair()
    with ended, other:
        os.dup2(ended.fileno(), connection.fileno())


def body(content: bytes, content_type: str = "application/json") -> Fault:
    return lambda _request, _proceed: Response(content, content_type=content_type)


def broken_json() -> Fault:
    """A complete body that is not JSON."""
    return body(b'{"data": [{"id": "123e4567-e89b-12d3')


def html() -> Fault:
    """A gateway's page instead of JSON."""
    return body(b"<!doctype html><title>Bad gateway</title><h1>502</h1>", "text/html")


def redirect(location: str) -> Fault:
    """A redirect to a place that must not get the key."""
    return lambda _request, _proceed: Response(status=302, headers={"Location": location})


def huge(size: int) -> Fault:
    """The correct response after `size` bytes of padding. It is never in memory as a whole."""

    def fault(_request: Request, proceed: Proceed) -> Response:
        response = proceed()
        rest = b'",' + response.get_data().lstrip()[1:]

        def content() -> Iterator[bytes]:
            yield b'{"padding": "'
            yield from (CHUNK for _ in range(size // len(CHUNK)))
            yield CHUNK[: size % len(CHUNK)]
            yield rest

        return Response(content(), response.status_code, content_type=response.content_type)

    return fault


# -------------------------------------------------------------------- a changed response


def slow(hook: Callable[[], object]) -> Fault:
    """Call `hook` before the response is made. It may wait, move a clock or change the store."""

    def fault(_request: Request, proceed: Proceed) -> Response:
        hook()
        return proceed()

    return fault


def then(hook: Callable[[], object]) -> Fault:
    """Call `hook` after the response is made and before it is sent, so the response does not show it."""

    def fault(_request: Request, proceed: Proceed) -> Response:
        response = proceed()
        hook()
        return response

    return fault


def truncated() -> Fault:
    """The connection ends in the middle of the body, whose full length the headers announced."""

    def fault(_request: Request, proceed: Proceed) -> Response:
        response = proceed()
        content = response.get_data()
        headers = {"Content-Length": str(len(content))}
        half = iter([content[: len(content) // 2]])
        return Response(half, response.status_code, headers, content_type=response.content_type)

    return fault


def edited(change: Callable[[Any], Any]) -> Fault:
    """The response's document after `change`."""

    def fault(_request: Request, proceed: Proceed) -> Response:
        response = proceed()
        return json_response(change(json.loads(response.get_data())), response.status_code)

    return fault


def records(change: Callable[[dict[str, Any]], Any]) -> Fault:
    """Every record of a list after `change`."""
    return edited(lambda document: document | {"data": [change(record) for record in document["data"]]})


def wrong_types(*names: str) -> Fault:
    """These fields of every record have a value of a wrong type."""
    return records(lambda record: record | {name: {"some": "thing"} for name in names})


def another_number(phone_number_id: str) -> Fault:
    """Every record says that it belongs to another number."""
    return records(lambda record: record | {"phone_number_id": phone_number_id})
