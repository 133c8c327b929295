"""A CRM, as far as webhooks go: it checks their signature, and writes what it hears by `record_activity`."""

import hashlib
import hmac
import json
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from werkzeug.exceptions import InternalServerError, Unauthorized
from werkzeug.wrappers import Request, Response

from background_sync.records.contacts import record_activity
from background_sync.records.database import Database
from background_sync.rules.identity import digits
from background_sync_ops.stack.loopback import LoopbackServer, listen, url


class Crm:
    """Takes the webhooks of one workspace's number on 127.0.0.1, from `with` to its end.

    `heard` has the time of the newest delivery about each contact, `arrived` counts deliveries; one that is
    sent twice counts once. While it is `broken`, it answers 500 and hears nothing.
    """

    url: str

    def __init__(
        self, database: Database, workspace_id: str, secret_key: str, now: Callable[[], int]
    ) -> None:
        """`now` gives the time in ms since the epoch."""
        self.heard: dict[str, int] = {}
        self.broken = False
        self._database = database
        self._workspace_id = workspace_id
        self._secret_key = secret_key.encode()
        self._now = now
        self._seen: set[str] = set()
        self._resources = ExitStack()

    @property
    def arrived(self) -> int:
        """How many deliveries came in."""
        return len(self._seen)

    def __enter__(self) -> Self:
        listener = listen(0)
        self.url = f"{url(listener)}/webhooks/kapso"
        self._resources.enter_context(LoopbackServer(self._respond, listener))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.close()

    def _respond(self, request: Request) -> Response:
        if self.broken:
            raise InternalServerError
        body = request.get_data()
        expected = hmac.new(self._secret_key, body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, request.headers.get("X-Webhook-Signature", "")):
            raise Unauthorized
        delivery = request.headers["X-Idempotency-Key"]
        if delivery not in self._seen:
            self._write(json.loads(body)["conversation"])
            self._seen.add(delivery)
        return Response("ok")

    def _write(self, conversation: dict[str, Any]) -> None:
        phone = digits(conversation["phone_number"] or "") or None
        contact_id = phone or conversation["business_scoped_user_id"]
        at, name = self._now(), conversation["kapso"]["contact_name"]
        record_activity(self._database, self._workspace_id, contact_id, at, phone=phone, profile_name=name)
        self.heard[contact_id] = max(at, self.heard.get(contact_id, 0))
