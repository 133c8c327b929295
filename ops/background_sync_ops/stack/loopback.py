"""Servers on 127.0.0.1."""

import errno
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from background_sync_ops.stack.errors import PortError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HOST = "127.0.0.1"

Respond = Callable[[Request], Response]


def listen(port: int) -> socket.socket:
    """A socket that listens on `port` of 127.0.0.1; 0 takes any free one. Raises PortError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        raise PortError(port, _reason(error)) from None
    return listener


def url(listener: socket.socket) -> str:
    """Where a listening socket is reached."""
    return f"http://{HOST}:{listener.getsockname()[1]}"


def _reason(error: OSError | OverflowError) -> str:
    if isinstance(error, OverflowError):
        return "not a port number (0 to 65535)"
    return "already taken" if error.errno == errno.EADDRINUSE else str(error.strerror).lower()


class QuietHandler(WSGIRequestHandler):
    """Logs no line per request: what the functions log is what is to be read."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def wsgi_server(
    app: "WSGIApplication", listener: socket.socket, handler: type[WSGIRequestHandler] = QuietHandler
) -> BaseWSGIServer:
    """A server for `app` on a listening socket, which it takes over; a thread for each request."""
    with listener:
        return make_server(
            HOST, listener.getsockname()[1], app, threaded=True, request_handler=handler, fd=listener.fileno()
        )


class LoopbackServer:
    """Answers requests with `respond`, which may raise werkzeug's HTTP errors, until it is closed."""

    def __init__(self, respond: Respond, listener: socket.socket) -> None:
        self._server = wsgi_server(Request.application(respond), listener)
        self._closing = False
        self.port = self._server.port
        self._thread = threading.Thread(target=self._serve, name=f"http-{self.port}", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self._closing:
            self._server.handle_request()

    def close(self) -> None:
        """Stops listening. Requests under way are left to their threads."""
        if self._closing:
            return
        self._closing = True
        socket.create_connection((HOST, self.port)).close()  # wakes the thread without a timer that polls
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
