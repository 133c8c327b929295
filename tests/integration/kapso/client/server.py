"""A server with scripted responses that records its requests, and a client for it."""

import json
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from background_sync.clock import Clock, Deadline
from background_sync.kapso.client import KapsoClient
from background_sync.kapso.transport import pool
from tests.integration.world import TestClock
from tests.unit.kapso.records import MOMENT

KEY = "kp_live+Secret/word=7f3a99"


def make_client(
    url: str, clock: Clock | None = None, left_ms: int = 60_000, on_request: Callable[[], None] | None = None
) -> KapsoClient:
    """A client with `left_ms` left. By default its clock stands at `MOMENT` until it sleeps."""
    clock = clock or TestClock(MOMENT)
    deadline = Deadline(clock, clock.now() + left_ms)
    return KapsoClient(url, KEY, clock=clock, deadline=deadline, on_request=on_request)


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    """A response. `raw` replaces everything else, byte for byte, and the connection is closed after it."""

    status: int = 200
    document: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    raw: bytes | None = None

    def send(self, handler: BaseHTTPRequestHandler) -> None:
        if self.raw is not None:
            handler.wfile.write(self.raw)
            handler.close_connection = True
            return
        body = json.dumps(self.document).encode() if self.body is None else self.body
        handler.send_response(self.status)
        for name, value in {"Content-Length": str(len(body)), **self.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)


@dataclass
class EndlessReply:
    """`begin`, and then `piece` again and again until `stop`. Without bytes it is a server that hangs."""

    stop: threading.Event
    begin: bytes = b""
    piece: bytes = b""

    def send(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.wfile.write(self.begin)
        while not self.stop.wait(0.02):
            handler.wfile.write(self.piece)


class Server:
    """Sends its `replies` in turn, and the last one for all further requests.

    `connections` counts the connections that were opened.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.replies: list[Reply | EndlessReply] = []
        self.connections = 0
        self.stop = threading.Event()
        self._http = _http_server(self)
        if context is not None:
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=lambda: self._http.serve_forever(0.01), daemon=True)

    def next_reply(self) -> Reply | EndlessReply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        # A connection that stays open keeps its thread waiting for another request.
        close_connections()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


def _http_server(server: Server) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        log_message: Callable[..., None] = lambda *_: None

        def setup(self) -> None:
            server.connections += 1
            super().setup()

        def reply(self) -> None:
            url, length = urlsplit(self.path), int(self.headers.get("Content-Length", 0))
            body, query = self.rfile.read(length), parse_qs(url.query)
            server.requests.append(Request(self.command, url.path, query, dict(self.headers), body))
            try:
                server.next_reply().send(self)
            except OSError:
                # The client has closed the connection.
                self.close_connection = True

        do_GET = do_PATCH = reply  # noqa: N815 - http.server's names

    class QuietServer(ThreadingHTTPServer):
        daemon_threads = False

        def handle_error(self, *_: object) -> None:
            """Ignore clients that close the connection or refuse the certificate."""

    return QuietServer(("127.0.0.1", 0), Handler)


def close_connections(proxy: str | None = None) -> None:
    pools = pool(proxy).pools
    for key in pools.keys():  # noqa: SIM118 - urllib3's container cannot be iterated over
        pools[key].close()
    pools.clear()
