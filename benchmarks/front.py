"""Between functions and engine: counts requests and their units, delays, answers for large crowds."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from background_sync_ops.stack.loopback import HOST
from benchmarks.crowd import Crowd
from tests.dynamodb.capacity import Cost, measure

KEPT = ("Authorization", "Content-Type", "X-Amz-Target")


class Answer(dict[str, Any]):
    """What the engine answered, parsed; `status` and `raw` are what the client gets."""

    def __init__(self, status: int, raw: bytes) -> None:
        super().__init__(json.loads(raw or b"{}"))
        self.status, self.raw = status, raw


@dataclass(frozen=True)
class Asked:
    """A request and its units; `tables` is every table that it names, as text."""

    operation: str
    tables: str
    read: float = 0
    write: float = 0


@dataclass
class Front:
    """Answers at `url` as the engine does. Each request takes `delay_s` at least.

    With `meters` it asks the engine for what each request reads and writes, one request at a time.
    """

    engine: str
    url: str = ""
    meters: bool = True
    delay_s: float = 0
    crowds: dict[str, Crowd] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    _one: threading.Lock = field(default_factory=threading.Lock)

    def respond(self, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        service, operation = headers["X-Amz-Target"].split(".")
        parameters, cost = json.loads(body), Cost()

        def call(operation: str, parameters: Any) -> Answer:
            target, text = f"{service}.{operation}", json.dumps(parameters).encode()
            page = self._page(operation, parameters)
            return (
                Answer(200, page)
                if page
                else Answer(*self._forward({**headers, "X-Amz-Target": target}, text))
            )

        if self.meters and service.startswith("DynamoDB"):
            with self._one:
                answer = measure(call, operation, parameters, cost)
            status, content = answer.status, answer.raw
        else:
            page = self._page(operation, parameters)
            status, content = (200, page) if page else self._forward(headers, body)
        self.asked.append(Asked(operation, _tables(parameters), cost.read, cost.write))
        return status, content

    def _page(self, operation: str, parameters: Mapping[str, Any]) -> bytes | None:
        if operation != "Query" or "Contacts" not in parameters["TableName"]:
            return None
        values = [each.get("S", "") for each in parameters["ExpressionAttributeValues"].values()]
        crowds = [self.crowds[each] for each in values if each in self.crowds]
        return crowds[0].page(parameters) if crowds else None

    def _forward(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        # The engine closes connections that wait for some seconds, so each request has its own.
        with closing(HTTPConnection(urlsplit(self.engine).netloc)) as connection:
            connection.request("POST", "/", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept open
    disable_nagle_algorithm = True
    front: Front

    def do_POST(self) -> None:
        begun, headers = time.perf_counter(), {name: self.headers[name] for name in KEPT}
        status, content = self.front.respond(headers, self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(max(0, begun + self.front.delay_s - time.perf_counter()))
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def fronting(engine_url: str) -> Iterator[Front]:
    front = Front(engine_url)
    with ThreadingHTTPServer((HOST, 0), type("Handler", (_Handler,), {"front": front})) as server:
        front.url = f"http://{HOST}:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield front
        server.shutdown()


def _tables(parameters: Mapping[str, Any]) -> str:
    actions = [what for each in parameters.get("TransactItems", []) for what in each.values()]
    named = [each.get("TableName", "") for each in actions or [parameters]]
    return " ".join((*named, *parameters.get("RequestItems", ())))
