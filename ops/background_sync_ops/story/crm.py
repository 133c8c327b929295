"""The webhook endpoint of a CRM: it checks signatures, and records activity with `record_activity`."""

import hashlib
import hmac
import json
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from werkzeug.exceptions import InternalServerError, Unauthorized
from werkzeug.wrappers import Request, Response

from background_sync.records.contacts import record_activity
from background_sync.records.database import Database
from background_sync.rules.identity import phone_digits
from background_sync_ops.stack.loopback import LoopbackServer, listen, url


class Crm:
    """Receives the webhooks of one workspace's number on 127.0.0.1, as a context manager.

    `last_activity` holds the newest delivery about each contact, by contact id (ms). While `is_failing`, the
    endpoint responds with 500 and records nothing.
    """

    url: str

    def __init__(
        self, database: Database, workspace_id: str, secret_key: str, now: Callable[[], int]
    ) -> None:
        """`now` returns the time in ms since the epoch."""
        self.last_activity: dict[str, int] = {}
        self.is_failing = False
        self._database = database
        self._workspace_id = workspace_id
        self._secret_key = secret_key.encode()
        self._now = now
        self._received_keys: set[str] = set()

    @property
    def delivery_count(self) -> int:
        """How many deliveries arrived. A duplicate does not count."""
        return len(self._received_keys)

    def __enter__(self) -> Self:
        listener = listen(0)
        self.url = f"{url(listener)}/webhooks/kapso"
        self._server = LoopbackServer(self._respond, listener)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    def _respond(self, request: Request) -> Response:
        if self.is_failing:
            raise InternalServerError
        body = request.get_data()
        expected = hmac.new(self._secret_key, body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, request.headers.get("X-Webhook-Signature", "")):
            raise Unauthorized
        idempotency_key = request.headers["X-Idempotency-Key"]
        if idempotency_key not in self._received_keys:
            self._record(json.loads(body)["conversation"])
            self._received_keys.add(idempotency_key)
        return Response("ok")

    def _record(self, conversation: dict[str, Any]) -> None:
        phone = phone_digits(conversation["phone_number"] or "") or None
        contact_id = phone or conversation["business_scoped_user_id"]
        at, name = self._now(), conversation["kapso"]["contact_name"]
        record_activity(self._database, self._workspace_id, contact_id, at, phone=phone, profile_name=name)
        self.last_activity[contact_id] = max(at, self.last_activity.get(contact_id, 0))
