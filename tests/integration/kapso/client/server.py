"""A server that answers as a test says, and remembers what it was asked."""

import json
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from background_sync.kapso.transport import POOL


@dataclass
class Asked:
    """A request."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    """An answer; `raw` is sent instead of all else, byte for byte, and the connection closed."""

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
class Dripping:
    """The same bytes again and again, `begin` first, and never an end."""

    begin: bytes
    drop: bytes
    stop: threading.Event

    def send(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.wfile.write(self.begin)
        while not self.stop.wait(0.02):
            handler.wfile.write(self.drop)


@dataclass
class Silence:
    """No answer at all."""

    stop: threading.Event

    def send(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        self.stop.wait()


class Server:
    """Gives its answers in turn, the last one for ever. `connections` counts those that were opened."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.asked: list[Asked] = []
        self.answers: list[Reply | Dripping | Silence] = []
        self.connections = 0
        self.stop = threading.Event()
        self._http = _http_server(self)
        if context is not None:
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=lambda: self._http.serve_forever(0.01), daemon=True)

    def next_answer(self) -> Reply | Dripping | Silence:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        _close_connections()  # else the threads wait for another request
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

        def answer(self) -> None:
            url, length = urlsplit(self.path), int(self.headers.get("Content-Length", 0))
            server.asked.append(
                Asked(
                    self.command, url.path, parse_qs(url.query), dict(self.headers), self.rfile.read(length)
                )
            )
            try:
                server.next_answer().send(self)
            except OSError:
                self.close_connection = True  # the client has gone

        do_GET = do_PATCH = answer  # noqa: N815 - http.server's names

    class Quiet(ThreadingHTTPServer):
        daemon_threads = False

        def handle_error(self, *_: object) -> None:
            pass  # a client that goes, or that refuses our certificate

    return Quiet(("127.0.0.1", 0), Handler)


def _close_connections() -> None:
    for key in POOL.pools.keys():  # noqa: SIM118 - urllib3's container cannot be iterated over
        POOL.pools[key].close()
    POOL.clear()
