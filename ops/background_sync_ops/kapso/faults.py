"""What can go wrong with chosen requests.

    server.faults.add(faults.status(503), nth=2)                    # the second request from now on
    server.faults.add(faults.reset(), path="/webhooks", times=1)    # the next one whose path has that in it
    server.faults.add(faults.html(), share=0.1, seed=7)             # every tenth, the same ones every time

A fault is a function of the request and of `proceed`, which gives the true answer: a test may write its own.
"""

import json
import os
import random
import socket
import struct
import threading
from collections.abc import Callable, Collection, Iterator
from typing import Any, NoReturn

from werkzeug.wrappers import Request, Response

from background_sync_ops.kapso.problems import Problem, json_response
from background_sync_ops.kapso.rate import RETRY_AFTER

Proceed = Callable[[], Response]
Fault = Callable[[Request, Proceed], Response]

TOO_MANY = 429
CHUNK = b"x" * 65_536


class _Rule:
    """A fault, and which requests it is for."""

    def __init__(
        self, fault: Fault, chosen: Callable[[Request], bool], nth: Collection[int] | None, times: int | None
    ) -> None:
        self.fault = fault
        self._chosen = chosen
        self._nth = nth
        self._left = times
        self._seen = 0

    def takes(self, request: Request) -> bool:
        """Whether a request gets the fault; counts it."""
        if not self._chosen(request):
            return False
        self._seen += 1
        if self._left == 0 or (self._nth is not None and self._seen not in self._nth):
            return False
        self._left = self._left and self._left - 1
        return True


class Faults:
    """The faults of a server. Every rule counts every request; the rule that was added first wins."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[_Rule] = []

    def add(
        self,
        fault: Fault,
        *,
        path: str = "",
        method: str | None = None,
        key: str | None = None,
        nth: int | Collection[int] | None = None,
        times: int | None = None,
        share: float = 1.0,
        seed: int = 0,
    ) -> None:
        """Let requests fail, from now on.

        path    a part of the path
        method  GET or PATCH
        key     the API key that the request carries
        nth     which of the requests that path, method and key choose, from 1
        times   after so many faults no more
        share   the share of these requests, decided by `seed`
        """
        chance = random.Random(seed)  # noqa: S311

        def chosen(request: Request) -> bool:
            return (
                path in request.path
                and method in (None, request.method)
                and key in (None, request.headers.get("X-API-Key"))
                and chance.random() < share
            )

        with self._lock:
            self._rules.append(_Rule(fault, chosen, {nth} if isinstance(nth, int) else nth, times))

    def clear(self) -> None:
        """Nothing fails any more."""
        with self._lock:
            self._rules.clear()

    def answer(self, request: Request, proceed: Proceed) -> Response:
        """The answer to a request, as its fault has it."""
        with self._lock:
            faults = [rule.fault for rule in self._rules if rule.takes(request)]
        return faults[0](request, proceed) if faults else proceed()


# -------------------------------------------------------------------- instead of an answer


def status(code: int, message: str = "Something went wrong", retry_after: str | None = None) -> Fault:
    """An error, in the shape of the API that was asked. A 429 says what Kapso's says."""
    headers = RETRY_AFTER | {"X-RateLimit-Remaining": "0"} if code == TOO_MANY else {}
    if retry_after is not None:
        headers = headers | {"Retry-After": retry_after}

    def fault(_request: Request, _proceed: Proceed) -> NoReturn:
        raise Problem(code, message, headers)

    return fault


def reset() -> Fault:
    """The connection is reset before anything was answered."""

    def fault(request: Request, _proceed: Proceed) -> NoReturn:
        _reset(request.environ["werkzeug.socket"])
        raise ConnectionResetError("a programmed fault")

    return fault


def _reset(connection: socket.socket) -> None:
    """Closes the real socket at once. Its place is taken by one that is at its end, so that the server's own
    reading and closing goes on in peace."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    ended, other = socket.socketpair()
    with ended, other:
        os.dup2(ended.fileno(), connection.fileno())


def body(content: bytes, code: int = 200, content_type: str = "application/json") -> Fault:
    """Any answer."""
    return lambda _request, _proceed: Response(content, code, content_type=content_type)


def broken_json() -> Fault:
    """A body that is complete but no JSON."""
    return body(b'{"data": [{"id": "123e4567-e89b-12d3')


def html(code: int = 200) -> Fault:
    """A page of some gateway instead of JSON."""
    return body(b"<!doctype html><title>Bad gateway</title><h1>502</h1>", code, "text/html")


def redirect(location: str, code: int = 302) -> Fault:
    """A redirect to another place, to which the key must not travel."""
    return lambda _request, _proceed: Response(status=code, headers={"Location": location})


def huge(size: int) -> Fault:
    """A correct answer with `size` bytes of something else in front of it. Never in memory as a whole."""

    def fault(_request: Request, proceed: Proceed) -> Response:
        answer = proceed()
        rest = b'",' + answer.get_data().lstrip()[1:]

        def content() -> Iterator[bytes]:
            yield b'{"padding": "'
            yield from (CHUNK for _ in range(size // len(CHUNK)))
            yield CHUNK[: size % len(CHUNK)]
            yield rest

        return Response(content(), answer.status_code, content_type=answer.content_type)

    return fault


# -------------------------------------------------------------------- a changed answer


def slow(hook: Callable[[], object]) -> Fault:
    """Calls `hook` before answering: it may wait, move a clock, or let something happen in between."""

    def fault(_request: Request, proceed: Proceed) -> Response:
        hook()
        return proceed()

    return fault


def then(hook: Callable[[], object]) -> Fault:
    """Calls `hook` when the answer is made up and not yet sent: what happens now is not in it."""

    def fault(_request: Request, proceed: Proceed) -> Response:
        answer = proceed()
        hook()
        return answer

    return fault


def truncated() -> Fault:
    """The connection ends in the middle of the body that the headers announced."""

    def fault(_request: Request, proceed: Proceed) -> Response:
        answer = proceed()
        content = answer.get_data()
        headers = {"Content-Length": str(len(content))}
        half = iter([content[: len(content) // 2]])
        return Response(half, answer.status_code, headers, content_type=answer.content_type)

    return fault


def edited(change: Callable[[Any], Any]) -> Fault:
    """The answer's document, changed: `change` gets it and returns what is sent."""

    def fault(_request: Request, proceed: Proceed) -> Response:
        answer = proceed()
        return json_response(change(json.loads(answer.get_data())), answer.status_code)

    return fault


def records(change: Callable[[dict[str, Any]], Any]) -> Fault:
    """Every record of the answer, changed."""

    def changed(document: dict[str, Any]) -> dict[str, Any]:
        match document:
            case {"data": list(data)}:
                return document | {"data": [change(each) for each in data]}
            case {"data": data}:
                return document | {"data": change(data)}
        return document  # an error has no records

    return edited(changed)


def wrong_types(*names: str) -> Fault:
    """Fields of the records have values of a type that they never have; without `names`, all of them."""
    return records(
        lambda record: {
            name: _other(value) if not names or name in names else value for name, value in record.items()
        }
    )


def _other(value: Any) -> Any:
    match value:
        case str():
            return 7
        case None:
            return ["something"]
        case dict():
            return "something"
        case _:
            return {"some": "thing"}


def another_number(phone_number_id: str) -> Fault:
    """The records say that they are another number's."""
    return records(lambda record: record | {"phone_number_id": phone_number_id})
