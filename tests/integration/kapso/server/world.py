"""A client of the server, and an endpoint for its webhooks."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from werkzeug.wrappers import Request, Response

from background_sync_ops.kapso import KapsoServer
from background_sync_ops.stack.loopback import LoopbackServer, listen, url

NOW = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""
SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
NUMBER = "110987654321"
KEY = "project-key"
CONVERSATIONS = f"/meta/whatsapp/v24.0/{NUMBER}/conversations"
WEBHOOKS = f"/platform/v1/whatsapp/phone_numbers/{NUMBER}/webhooks"
DELIVERIES = "/platform/v1/webhook_deliveries"


@dataclass
class Clock:
    """A clock that the test moves."""

    time: int = NOW

    def now(self) -> int:
        return self.time


@dataclass(frozen=True)
class Answer:
    """What the server answered."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.raw)

    @property
    def data(self) -> Any:
        return self.document["data"]

    @property
    def ids(self) -> list[str]:
        return [each["id"] for each in self.data]


@dataclass(frozen=True)
class Client:
    """Requests, straight to the socket: no retries, no redirects."""

    server: KapsoServer
    key: str | None = KEY

    def using(self, key: str | None) -> "Client":
        """The same with another key, or with none."""
        return replace(self, key=key)

    def get(self, path: str, /, **query: object) -> Answer:
        return self.request("GET", f"{path}?{urlencode(query)}" if query else path)

    def request(self, method: str, path: str, document: object = None) -> Answer:
        connection = HTTPConnection(urlsplit(self.server.url).netloc, timeout=30)
        body = None if document is None else json.dumps(document)
        headers = {"Content-Type": "application/json"} | ({} if self.key is None else {"X-API-Key": self.key})
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, headers, response.read())
        finally:
            connection.close()

    def pages(self, path: str = CONVERSATIONS, /, **query: object) -> Iterator[Answer]:
        """Page after page, as long as there is an `after`."""
        answer = self.get(path, **query)
        while True:
            yield answer
            after = answer.document.get("paging", {}).get("cursors", {}).get("after")
            if not after:
                return
            answer = self.get(path, **query, after=after)


@dataclass
class Endpoint:
    """Receives webhooks and answers with `status`, or as `answer` says."""

    status: int = 200
    answer: Callable[[Request], int] | None = None
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def __enter__(self) -> Self:
        listener = listen(0)
        self.url = f"{url(listener)}/hooks"
        self._server = LoopbackServer(self._respond, listener)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    def _respond(self, request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers}
        self.received.append((headers, request.get_data()))
        return Response(status=self.answer(request) if self.answer else self.status)

    @property
    def documents(self) -> list[Any]:
        return [json.loads(body) for _, body in self.received]

    @property
    def texts(self) -> list[str]:
        return [document["message"]["text"]["body"] for document in self.documents]

    def header(self, name: str) -> list[str | None]:
        return [headers.get(name) for headers, _ in self.received]


def run_all(*works: Callable[[], object]) -> None:
    """Run at the same time, and wait for all."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
