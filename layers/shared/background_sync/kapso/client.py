"""The HTTP client for Kapso: it sends one workspace's key, stops at a deadline, retries what may succeed, and
raises an error for every response that is not a success.
"""

import json
import random
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

import urllib3

from background_sync.clock import Clock, Deadline
from background_sync.kapso.errors import (
    InvalidResponse,
    KapsoError,
    NumberUnknown,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
    excerpt,
)
from background_sync.kapso.parsing import read_document
from background_sync.kapso.transport import MAX_BYTES, NoResponse, Response, send_request
from background_sync.rules.base_url import validate_base_url
from background_sync.rules.version import VERSION

PROXY: Final = "/meta/whatsapp/v24.0"
PLATFORM: Final = "/platform/v1"
USER_AGENT: Final = f"background-sync/{VERSION}"
CONNECT_TIMEOUT_S = 2.0
RESPONSE_TIMEOUT_S = 10.0
MAX_RETRIES = 2
BACKOFF_S = 0.5
SUCCESS, CLIENT_ERROR, SERVER_ERROR = 2, 4, 5
ERRORS: Final[Mapping[int, type[KapsoError]]] = {
    HTTPStatus.UNAUTHORIZED: Unauthorized,
    HTTPStatus.NOT_FOUND: NumberUnknown,
}
# Kapso counts requests by the minute.
DEFAULT_RETRY_AFTER_S = 60
MAX_RETRY_AFTER_S = 3600
_KEY = re.compile(r"[\x21-\x7e]{1,1000}")


class KapsoClient:
    """Sends requests with one key until one deadline.

    `on_request` is called before every HTTP request, retries included. If it raises, the request is not sent,
    and the error reaches the caller.

    Only a 5xx or a missing response is retried, at most `MAX_RETRIES` times. A 429 is raised at once:
    everybody who shares the key must pause.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        clock: Clock,
        deadline: Deadline,
        on_request: Callable[[], None] | None = None,
    ) -> None:
        """
        Raises:
            ValueError: the key must not be sent to this base URL.
            Unauthorized: a header cannot hold the key.
        """
        self.base_url = validate_base_url(base_url)
        # http.client refuses such a key too, but its error quotes it.
        if not _KEY.fullmatch(key):
            raise Unauthorized("the key is empty, or a header cannot hold its characters")
        self.clock = clock
        self.rate_limit: RateLimit | None = None
        self._key = key
        self._deadline = deadline
        self._on_request = on_request

    def __repr__(self) -> str:
        return f"KapsoClient({self.base_url!r})"

    def get(
        self, path: str, query: Mapping[str, str], *, only_fields: Collection[str] | None = None
    ) -> object:
        """The JSON document of the response; `only_fields` as in `read_document`. Raises `KapsoError`."""
        return read_document(self._send(_Request("GET", path, urlencode(query))), only_fields)

    def patch(self, path: str, document: Mapping[str, object]) -> None:
        """Change something. The response's body is ignored.

        Raises:
            KapsoError: the change may or may not have happened.
        """
        self._send(_Request("PATCH", path, body=json.dumps(document).encode()))

    def post(self, path: str, document: Mapping[str, object]) -> None:
        """Make something, in one attempt: a second one might make it twice. As `patch` otherwise."""
        self._send(_Request("POST", path, body=json.dumps(document).encode()), retries=0)

    def _send(self, request: "_Request", retries: int = MAX_RETRIES) -> bytes:
        for attempt in range(retries + 1):
            response = self._send_once(request)
            if isinstance(response, Response) and response.status_class != SERVER_ERROR:
                return self._content(request, response)
            pause_s = BACKOFF_S * 2**attempt * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
            if attempt == retries or pause_s >= self._left_s():
                break
            self.clock.sleep(pause_s)
        raise Unavailable(self._describe(request, response))

    def _send_once(self, request: "_Request") -> Response | NoResponse:
        if self._left_s() <= 0:
            raise Unavailable(f"{request}: no time left before the deadline")
        if self._on_request is not None:
            self._on_request()
        # `on_request` may have taken the last of the time, and urllib3 refuses a timeout of 0.
        total_s = max(self._left_s(), 0.001)
        response = send_request(
            method=request.method,
            url=self.base_url + request.target,
            headers=self._headers(),
            body=request.body,
            timeout=urllib3.Timeout(total=total_s, connect=CONNECT_TIMEOUT_S, read=RESPONSE_TIMEOUT_S),
        )
        if isinstance(response, Response):
            self.rate_limit = read_rate_limit(response.headers) or self.rate_limit
        return response

    def _left_s(self) -> float:
        return (self._deadline.at - self._deadline.clock.now()) / 1000

    def _headers(self) -> dict[str, str]:
        return {
            "X-API-Key": self._key,
            "User-Agent": USER_AGENT,
            "Accept": "application/json",
            "Content-Type": "application/json",
        }

    def _content(self, request: "_Request", response: Response) -> bytes:
        if response.status_class == SUCCESS and response.content is not None:
            return response.content
        message = self._describe(request, response)
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise RateLimited(message, read_retry_after_s(response.headers, self.clock.now()))
        default = Rejected if response.status_class == CLIENT_ERROR else InvalidResponse
        raise ERRORS.get(response.status, default)(message)

    def _describe(self, request: "_Request", response: Response | NoResponse) -> str:
        if isinstance(response, NoResponse):
            return f"Kapso ({self.base_url}) gave no answer to {request}: {response.reason}"
        if response.content is None:
            return f"Kapso answered {response.status} with more than {MAX_BYTES} bytes to {request}"
        words = excerpt(response.content, self._key)
        return f"Kapso answered {response.status} to {request}" + (words and f": {words}")


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    query: str = ""
    body: bytes | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def target(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """How many requests a key may send in a minute, and how many of them were left at the last response."""

    limit: int
    remaining: int


def read_rate_limit(headers: Mapping[str, str]) -> RateLimit | None:
    limit = _read_int(headers.get("X-RateLimit-Limit"))
    remaining = _read_int(headers.get("X-RateLimit-Remaining"))
    return None if limit is None or remaining is None else RateLimit(limit=limit, remaining=remaining)


def read_retry_after_s(headers: Mapping[str, str], now: int) -> int:
    """`Retry-After`, in seconds or as an HTTP date: from 1 s to an hour, or a minute if it is invalid.

    A date is compared with the response's own `Date`, because clocks differ; without one, with `now` (ms).
    """
    seconds, until = _read_int(headers.get("Retry-After")), _read_date(headers.get("Retry-After"))
    if seconds is None and until is not None:
        seconds = until - (_read_date(headers.get("Date")) or now // 1000)
    return DEFAULT_RETRY_AFTER_S if seconds is None else max(1, min(seconds, MAX_RETRY_AFTER_S))


def _read_int(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"[0-9]{1,9}", text) else None


def _read_date(text: str | None) -> int | None:
    """An HTTP date in seconds since the epoch."""
    try:
        moment = parsedate_to_datetime(text or "")
        return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp())
    except (ValueError, OverflowError):
        return None
