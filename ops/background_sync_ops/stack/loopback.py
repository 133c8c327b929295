"""HTTP servers on 127.0.0.1."""

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
    """A socket that listens on `port` of 127.0.0.1 (0: any free port). Raises PortError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except OverflowError:
        listener.close()
        raise PortError(port, "not a port number (0 to 65535)") from None
    except OSError as error:
        listener.close()
        taken = error.errno == errno.EADDRINUSE
        raise PortError(port, "already taken" if taken else str(error.strerror).lower()) from None
    return listener


def url(listener: socket.socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}"


class QuietHandler(WSGIRequestHandler):
    """Does not log requests, which would hide what the functions log."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def wsgi_server(
    app: "WSGIApplication", listener: socket.socket, handler: type[WSGIRequestHandler] = QuietHandler
) -> BaseWSGIServer:
    """A server with one thread per request. It takes the listening socket over."""
    with listener:
        return make_server(
            HOST, listener.getsockname()[1], app, threaded=True, request_handler=handler, fd=listener.fileno()
        )


class LoopbackServer:
    """Answers requests with `respond`, which may raise werkzeug's HTTP errors, until `close`."""

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
        """Stops listening. Does not wait for requests in progress."""
        if self._closing:
            return
        self._closing = True
        # The thread blocks until a connection arrives. serve_forever() and shutdown() would poll instead,
        # which takes up to half a second for each server.
        socket.create_connection((HOST, self.port)).close()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
