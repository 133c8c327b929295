"""Kapso on 127.0.0.1."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import NamedTuple, Self

from werkzeug.wrappers import Request, Response

from background_sync_ops.kapso.api import Api, api_key, is_proxy
from background_sync_ops.kapso.courier import Courier
from background_sync_ops.kapso.faults import Faults
from background_sync_ops.kapso.paging import Quirks
from background_sync_ops.kapso.problems import Problem, json_response, problem_response
from background_sync_ops.kapso.rate import RETRY_AFTER, Allowance, RateLimit
from background_sync_ops.kapso.store import KapsoStore
from background_sync_ops.stack.loopback import LoopbackServer, listen, url

PLATFORM_PLAN = 1000
"""Requests per minute and key of Kapso's plan "Platform"."""


class ReceivedRequest(NamedTuple):
    """A request without its headers, which hold the key."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes


class KapsoServer:
    """Serves a store over HTTP as a context manager.

        with KapsoServer(store, clock.now) as kapso:
            get(f"{kapso.url}/meta/whatsapp/v24.0/{phone_id}/conversations")
            assert len(kapso.requests) == 1

    `quirks`, `faults`, `rate` and `courier.channel` may be changed while it runs. `requests` holds every
    request in the order of arrival, also refused and failed ones. Messages that were stored before the
    context is entered are history, and no webhook reports them.
    """

    url: str

    def __init__(self, store: KapsoStore, now: Callable[[], int], *, quirks: Quirks | None = None) -> None:
        """`now` returns the time in ms since the epoch."""
        self.store = store
        self.quirks = quirks or Quirks()
        self.faults = Faults()
        self.rate = RateLimit(PLATFORM_PLAN)
        self.requests: list[ReceivedRequest] = []
        self.courier = Courier(store, now)
        self._now = now
        self._resources = ExitStack()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        listener = listen(0)
        self.url = url(listener)
        self._resources.callback(self.store.subscribe(self.courier.accept))
        self._resources.enter_context(LoopbackServer(self._respond, listener))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Does not wait for a request that a fault delays."""
        self._resources.close()

    def _respond(self, request: Request) -> Response:
        received = ReceivedRequest(request.method, request.path, request.args.to_dict(), request.get_data())
        with self._lock:
            self.requests.append(received)
        allowance = self.rate.take(api_key(request), self._now())
        try:
            response = self.faults.answer(request, lambda: self._answer(request, allowance))
        except Problem as problem:
            response = problem_response(problem, is_proxy=is_proxy(request.path))
        allowance.add_to(response.headers)
        return response

    def _answer(self, request: Request, allowance: Allowance) -> Response:
        if allowance.is_exceeded:
            raise Problem(429, "Rate limit exceeded", RETRY_AFTER)
        return json_response(Api(self.store, self._now(), self.quirks).answer(request))
