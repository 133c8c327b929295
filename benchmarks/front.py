"""Between the functions and the engine: counts requests and their units, delays them, and answers for large crowds."""

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from background_sync_ops.stack.loopback import HOST
from benchmarks.crowd import Crowd
from tests.dynamodb.capacity import Cost, measure

Headers = Mapping[str, str]


class Answer(dict[str, Any]):
    """What the engine answered, parsed; `status` and `raw` are what the client gets."""

    def __init__(self, status: int, raw: bytes) -> None:
        super().__init__(json.loads(raw or b"{}"))
        self.status, self.raw = status, raw


@dataclass(frozen=True)
class Asked:
    """A request; `table` is the one that it names, or the first of a transaction or a batch."""

    operation: str
    table: str
    read: float
    write: float


class Front:
    """Answers at `url`, as the engine does, while the `with` block runs.

    With `meters` it asks the engine for what each request reads and writes, one request at a time. `delay_s` is how
    long each request takes at least.
    """

    def __init__(self, engine_url: str) -> None:
        self.meters, self.delay_s = True, 0.0
        self.crowds: dict[str, Crowd] = {}
        self.asked: list[Asked] = []
        self._engine = urlsplit(engine_url).netloc
        self._connections, self._one = threading.local(), threading.RLock()
        handler = type("Handler", (_Handler,), {"front": self})
        self._server = ThreadingHTTPServer((HOST, 0), handler)
        self.url = f"http://{HOST}:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def respond(self, headers: Headers, body: bytes) -> tuple[int, bytes]:
        begun = time.perf_counter()
        service, operation = headers["X-Amz-Target"].split(".")
        answer = self._answer(service, operation, headers, body)
        time.sleep(max(0, begun + self.delay_s - time.perf_counter()))
        return answer

    def _answer(self, service: str, operation: str, headers: Headers, body: bytes) -> tuple[int, bytes]:
        cost, table = Cost(), ""

        def call(made: str, parameters: Any) -> Answer:
            page = self._page(made, parameters)
            if page is not None:
                return Answer(200, page.encode())
            return Answer(*self._forward(f"{service}.{made}", headers, json.dumps(parameters).encode()))

        if service.startswith("DynamoDB"):
            parameters = json.loads(body)
            table = _tables(parameters)[0]
            if self.meters:
                with self._one:
                    answer = measure(call, operation, parameters, cost)
                self.asked.append(Asked(operation, table, cost.read, cost.write))
                return answer.status, answer.raw
            if page := self._page(operation, parameters):
                return 200, page.encode()
        self.asked.append(Asked(operation, table, 0, 0))
        return self._forward(headers["X-Amz-Target"], headers, body)

    def _page(self, operation: str, parameters: Mapping[str, Any]) -> str | None:
        value = parameters.get("ExpressionAttributeValues", {}) if operation == "Query" else {}
        crowds = [self.crowds[each["S"]] for each in value.values() if each.get("S") in self.crowds]
        is_contacts = "contact" in parameters.get("TableName", "").lower()
        return crowds[0].page(parameters) if crowds and is_contacts else None

    def _forward(self, target: str, headers: Headers, body: bytes) -> tuple[int, bytes]:
        if not hasattr(self._connections, "engine"):
            self._connections.engine = HTTPConnection(self._engine)
        connection: HTTPConnection = self._connections.engine
        kept = {name: headers[name] for name in ("Authorization", "Content-Type")}
        connection.request("POST", "/", body, {**kept, "X-Amz-Target": target})
        answer = connection.getresponse()
        return answer.status, answer.read()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept open
    disable_nagle_algorithm = True
    front: Front

    def do_POST(self) -> None:
        status, content = self.front.respond(self.headers, self.rfile.read(int(self.headers["Content-Length"])))  # type: ignore[arg-type]
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def _tables(parameters: Mapping[str, Any]) -> Sequence[str]:
    if batch := parameters.get("RequestItems"):
        return list(batch)
    actions = [what for each in parameters.get("TransactItems", []) for what in each.values()]
    return [each["TableName"] for each in actions or [parameters]]
