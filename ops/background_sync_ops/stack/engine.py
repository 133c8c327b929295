"""The local AWS engine: a moto server, to be run as a child process.

    python -m background_sync_ops.stack.engine --port 0

Says on stdout, as one line of JSON, {"port": N} once it answers, or {"error": {"port": N, "reason": text}}.
Ends when its stdin does, so it never outlives whoever started it, and ignores Ctrl-C, so that its parent can
still read from it while it shuts down. With --invoke-url, invocations of functions are passed on to there.
"""

import argparse
import importlib
import io
import json
import os
import signal
import sys
import threading
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.sqs.models import Queue
from werkzeug.wrappers import Request, Response
from werkzeug.wsgi import get_input_stream

from background_sync_ops.stack.errors import PortError
from background_sync_ops.stack.invoke_api import INVOKE_PATH
from background_sync_ops.stack.loopback import QuietHandler, listen, wsgi_server

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LONG_POLL_STEP_S = 0.1
SLOWEST_MODULE = (
    "moto.cloudformation.parsing"  # two seconds, better spent while the parent reads the template
)


class OneAtATime:
    """moto behind one lock.

    moto's transactions are not isolated between threads: two conditional writes at the same moment can both
    pass their condition. A long poll gives its turn away while it waits, or nobody could send the message.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._moto = DomainDispatcherApplication(create_backend_app)
        _wait_without(self._turn)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        body = get_input_stream(environ).read()  # before the turn: a slow client holds up nobody
        environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        with self._turn:
            response = Response.from_app(self._moto, environ, buffered=True)
        return response(environ, start_response)


def _wait_without(turn: threading.Lock) -> None:
    def wait_for_messages(self: Queue, timeout: int) -> None:  # noqa: ARG001
        turn.release()
        try:
            with self._messages_lock:
                self._messages_lock.wait(LONG_POLL_STEP_S)
        finally:
            turn.acquire()

    Queue.wait_for_messages = wait_for_messages  # type: ignore[method-assign]


class InvocationsElsewhere:
    """Passes invocations of functions on to `invoke_url`, so that a client needs one endpoint only."""

    def __init__(self, app: "WSGIApplication", invoke_url: str) -> None:
        self._app = app
        self._host = urlsplit(invoke_url).netloc

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        is_invocation = self._host and INVOKE_PATH.fullmatch(environ["PATH_INFO"])
        app = self._passed_on(Request(environ)) if is_invocation else self._app
        return app(environ, start_response)

    def _passed_on(self, request: Request) -> Response:
        connection = HTTPConnection(self._host)
        try:
            connection.request("POST", request.path, request.get_data(), dict(request.headers))
            answer = connection.getresponse()
            return Response(answer.read(), answer.status, answer.getheaders())
        finally:
            connection.close()


class Handler(QuietHandler, MotoRequestHandler):
    """moto's way with headers, without a line per request."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--invoke-url", default="")
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        listener = listen(arguments.port)
    except PortError as error:
        _report({"error": {"port": error.port, "reason": error.reason}})
        return 1
    server = wsgi_server(InvocationsElsewhere(OneAtATime(), arguments.invoke_url), listener, Handler)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    threading.Thread(target=importlib.import_module, args=(SLOWEST_MODULE,), daemon=True).start()
    _report({"port": server.port})
    server.serve_forever()
    return 0


def _report(line: dict[str, Any]) -> None:
    os.write(sys.stdout.fileno(), json.dumps(line).encode() + b"\n")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what moto prints is no part of the report


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
