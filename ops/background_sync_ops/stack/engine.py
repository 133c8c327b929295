"""The local AWS engine: a moto server, to be run as a child process.

    python -m background_sync_ops.stack.engine --port 0

Prints one line of JSON: {"port": N} once it answers, or {"error": {"port": N, "reason": text}}.
Ends when its stdin does, so it never outlives its parent.
"""

import argparse
import json
import os
import signal
import sys
import threading
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from moto.moto_server.werkzeug_app import create_backend_app
from moto.sqs.models import Queue
from werkzeug.wrappers import Request, Response

from background_sync_ops.stack.engine_http import KeepAliveHandler
from background_sync_ops.stack.engine_shortcuts import Dispatcher, import_slowest_module, take_shortcuts
from background_sync_ops.stack.errors import PortError
from background_sync_ops.stack.invoke_api import INVOKE_PATH
from background_sync_ops.stack.loopback import listen, wsgi_server

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LONG_POLL_STEP_S = 0.1


class LockedMoto:
    """moto with one request at a time.

    moto does not isolate transactions between threads: without the lock, two conditional writes at the same
    moment can both pass their condition.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._moto = Dispatcher(create_backend_app)
        _release_while_polling(self._lock)
        take_shortcuts()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        # The handler has read the body already, so a slow client does not delay the others.
        with self._lock:
            return list(self._moto(environ, start_response))


def _release_while_polling(lock: threading.Lock) -> None:
    """Makes a long poll release `lock` while it waits. Otherwise no request could send the message."""

    def wait_for_messages(self: Queue, timeout: int) -> None:  # noqa: ARG001
        lock.release()
        try:
            with self._messages_lock:
                self._messages_lock.wait(LONG_POLL_STEP_S)
        finally:
            lock.acquire()

    Queue.wait_for_messages = wait_for_messages  # type: ignore[method-assign]


class InvocationForwarder:
    """Forwards invocations of functions to `invoke_url`, so that clients need only one endpoint."""

    def __init__(self, app: "WSGIApplication", invoke_url: str) -> None:
        self._app = app
        self._host = urlsplit(invoke_url).netloc

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        is_invocation = self._host and INVOKE_PATH.fullmatch(environ["PATH_INFO"])
        app = self._forward(Request(environ)) if is_invocation else self._app
        return app(environ, start_response)

    def _forward(self, request: Request) -> Response:
        connection = HTTPConnection(self._host)
        try:
            connection.request("POST", request.path, request.get_data(), dict(request.headers))
            answer = connection.getresponse()
            return Response(answer.read(), answer.status, answer.getheaders())
        finally:
            connection.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--invoke-url", default="")
    arguments = parser.parse_args()
    # On Ctrl-C the parent still needs the engine to shut down.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        listener = listen(arguments.port)
    except PortError as error:
        _report({"error": {"port": error.port, "reason": error.reason}})
        return 1
    server = wsgi_server(InvocationForwarder(LockedMoto(), arguments.invoke_url), listener, KeepAliveHandler)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # The import runs while the parent translates the template.
    threading.Thread(target=import_slowest_module, daemon=True).start()
    _report({"port": server.port})
    server.serve_forever()
    return 0


def _report(line: dict[str, Any]) -> None:
    os.write(sys.stdout.fileno(), json.dumps(line).encode() + b"\n")
    # moto prints too: that goes to the log, because the parent does not read stdout after the report.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())


def _end_with_parent() -> None:
    # stdin is a pipe from the parent. The system closes it, however the parent ends.
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
