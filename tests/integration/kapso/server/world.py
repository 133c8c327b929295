"""A client of the server, and an endpoint for its webhooks."""

import json
from collections.abc import Iterator
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


@dataclass(frozen=True)
class ClientResponse:
    status: int
    headers: dict[str, str]
    document: Any

    @property
    def data(self) -> Any:
        return self.document["data"]

    @property
    def ids(self) -> list[str]:
        return [record["id"] for record in self.data]


@dataclass(frozen=True)
class Client:
    """Sends requests without retries and without following redirects."""

    server: KapsoServer
    key: str = KEY

    def with_key(self, key: str) -> "Client":
        return replace(self, key=key)

    def get(self, path: str, /, **query: object) -> ClientResponse:
        return self.request("GET", f"{path}?{urlencode(query)}" if query else path)

    def request(self, method: str, path: str, document: object = None) -> ClientResponse:
        connection = HTTPConnection(urlsplit(self.server.url).netloc, timeout=60)
        headers = {"Content-Type": "application/json", "X-API-Key": self.key}
        try:
            connection.request(method, path, json.dumps(document) if document else None, headers)
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return ClientResponse(response.status, headers, json.loads(response.read()))
        finally:
            connection.close()

    def pages(self, path: str = CONVERSATIONS, /, **query: object) -> Iterator[ClientResponse]:
        response = self.get(path, **query)
        yield response
        while after := response.document.get("paging", {}).get("cursors", {}).get("after"):
            response = self.get(path, **query, after=after)
            yield response


@dataclass
class Endpoint:
    status: int = 200
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def __enter__(self) -> Self:
        listener = listen(0)
        self.url = f"{url(listener)}/hooks"
        self._server = LoopbackServer(self._receive, listener)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    def _receive(self, request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers}
        self.received.append((headers, request.get_data()))
        return Response(status=self.status)

    @property
    def documents(self) -> list[Any]:
        return [json.loads(body) for _, body in self.received]

    @property
    def texts(self) -> list[str]:
        return [document["message"]["text"]["body"] for document in self.documents]

    def header(self, name: str) -> list[str | None]:
        return [headers.get(name) for headers, _ in self.received]
