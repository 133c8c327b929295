"""Kapso on 127.0.0.1."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import NamedTuple, Self

from werkzeug.wrappers import Request, Response

from background_sync_ops.kapso.api import KEY_HEADER, PLATFORM_PATH, PROXY_PATH, Api, api_key, surface
from background_sync_ops.kapso.courier import Channel, Courier
from background_sync_ops.kapso.faults import Faults
from background_sync_ops.kapso.problems import Problem, json_response, problem_response
from background_sync_ops.kapso.quirks import Quirks
from background_sync_ops.kapso.rate import RETRY_AFTER, Allowance, RateLimit
from background_sync_ops.kapso.store import KapsoStore
from background_sync_ops.stack.loopback import LoopbackServer, listen, url

PLATFORM_PLAN = 1000
"""Requests a minute and key on Kapso's plan "Platform"."""

SECRET_HEADERS = (KEY_HEADER.lower(), "authorization")


class Received(NamedTuple):
    """A request as it came in. `headers`: names in lower case; the key is left out."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""


class KapsoServer:
    """A store, served over HTTP from `with` to its end.

        with KapsoServer(store, clock.now) as kapso:
            get(f"{kapso.url}/meta/whatsapp/v24.0/{number}/conversations")
            assert len(kapso.requests) == 1

    `quirks`, `faults`, `rate` and `courier.channel` may be changed while it runs. `requests` has every
    request in the order of arrival, also one that is refused or fails. What happens in the store before
    `with` is history: no webhook tells of it.
    """

    url: str  # stands for https://api.kapso.ai
    requests: list[Received]
    faults: Faults
    rate: RateLimit
    courier: Courier

    def __init__(
        self,
        store: KapsoStore,
        now: Callable[[], int],
        *,
        quirks: Quirks | None = None,
        channel: Channel | None = None,
        rate_limit: int = PLATFORM_PLAN,
        port: int = 0,
    ) -> None:
        """`now` gives the time in ms since the epoch. A port 0 is any free one."""
        self.store = store
        self.quirks = quirks or Quirks()
        self.faults = Faults()
        self.rate = RateLimit(rate_limit)
        self.requests = []
        self.courier = Courier(store, now, lambda: self.quirks, channel)
        self._now = now
        self._port = port
        self._lock = threading.Lock()
        self._resources = ExitStack()

    @property
    def proxy_url(self) -> str:
        """Where the Meta proxy's paths begin."""
        return f"{self.url}{PROXY_PATH}"

    @property
    def platform_url(self) -> str:
        """Where the platform's paths begin."""
        return f"{self.url}{PLATFORM_PATH}"

    def __enter__(self) -> Self:
        """Raises PortError."""
        with ExitStack() as resources:
            listener = resources.enter_context(listen(self._port))
            self.url = url(listener)
            resources.callback(self.store.subscribe(self.courier.accept))
            resources.enter_context(LoopbackServer(self._respond, listener))
            self._resources = resources.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Answers no more. A request that a fault keeps waiting is left to its thread."""
        self._resources.close()

    def _respond(self, request: Request) -> Response:
        with self._lock:
            self.requests.append(_received(request))
        allowance = self.rate.take(api_key(request), self._now())
        try:
            response = self.faults.answer(request, lambda: self._answer(request, allowance))
        except Problem as problem:
            response = self._problem(request, problem)
        allowance.tell(response.headers)
        return response

    def _answer(self, request: Request, allowance: Allowance) -> Response:
        """The true answer, which faults may get to see and change: an error too."""
        if not allowance.granted:
            return self._problem(request, Problem(429, "Rate limit exceeded", RETRY_AFTER))
        try:
            return json_response(Api(self.store, self._now(), self.quirks).answer(request))
        except Problem as problem:
            return self._problem(request, problem)

    def _problem(self, request: Request, problem: Problem) -> Response:
        return problem_response(problem, surface(request.path), text=self.quirks.error_text)


def _received(request: Request) -> Received:
    headers = {name.lower(): value for name, value in request.headers if name.lower() not in SECRET_HEADERS}
    return Received(request.method, request.path, request.args.to_dict(), headers, request.get_data())
