"""Requests to Kapso: one workspace's key, one deadline, and every answer judged by its status."""

import json
import random
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

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
from background_sync.kapso.transport import MAX_BYTES, Answer, NoAnswer, exchange

PROXY: Final = "/meta/whatsapp/v24.0"
PLATFORM: Final = "/platform/v1"
USER_AGENT: Final = "background-sync/0.1.0"
CONNECT_TIMEOUT_S = 2.0
ANSWER_TIMEOUT_S = 10.0
MAX_RETRIES = 2
BACKOFF_S = 0.5
SUCCESS, CLIENT_ERROR, SERVER_ERROR = 2, 4, 5
"""Kinds of status, by their first digit."""
REFUSALS: Final[Mapping[int, type[KapsoError]]] = {
    HTTPStatus.UNAUTHORIZED: Unauthorized,
    HTTPStatus.NOT_FOUND: NumberUnknown,
}
_KEY = re.compile(r"[\x21-\x7e]{1,1000}")


class KapsoClient:
    """Asks Kapso with one key until one deadline.

    `on_request` is called before every HTTP request, repeated ones too. It may raise, and what it raises is
    the caller's: the request is not made.

    Nothing is asked again but what got a 5xx or no answer, and that at most `MAX_RETRIES` times. Least of all
    what got a 429: everybody who shares the key must rest, so it is raised at once.
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
        """Raises `ValueError` for a base URL that the key must not go to, `Unauthorized` for a key that no
        header can carry."""
        self.base_url = checked_base_url(base_url)
        self.clock = clock
        self.rate_limit: RateLimit | None = None
        self._key = _checked_key(key)
        self._deadline = deadline
        self._on_request = on_request

    def __repr__(self) -> str:
        return f"KapsoClient({self.base_url!r})"

    def get(self, path: str, query: Mapping[str, str], *, only: Collection[str] | None = None) -> object:
        """An answer's document; with `only`, without any field of another name (see `read_document`).

        Raises:
            KapsoError: there is none; the classes tell why.
        """
        return read_document(self._ask(_Request("GET", path, urlencode(query))), only)

    def patch(self, path: str, document: Mapping[str, object]) -> None:
        """Change something; the answer is not looked at.

        Raises:
            KapsoError: it is not certain that anything changed.
        """
        self._ask(_Request("PATCH", path, body=json.dumps(document).encode()))

    def _ask(self, request: "_Request") -> bytes:
        for attempt in range(MAX_RETRIES + 1):
            answer = self._exchange(request)
            if isinstance(answer, Answer) and answer.kind != SERVER_ERROR:
                return self._content(request, answer)
            pause_s = BACKOFF_S * 2**attempt * (0.5 + random.random())  # noqa: S311 - jitter
            if attempt < MAX_RETRIES and pause_s < self._left_s():
                self.clock.sleep(pause_s)
            else:
                break
        raise Unavailable(self._said(request, answer))

    def _exchange(self, request: "_Request") -> Answer | NoAnswer:
        if self._left_s() <= 0:
            raise Unavailable(f"{request}: no time left before the deadline")
        if self._on_request is not None:
            self._on_request()
        answer = exchange(
            request.method,
            self.base_url + request.target,
            self._headers(),
            request.body,
            urllib3.Timeout(
                total=max(self._left_s(), 0.001), connect=CONNECT_TIMEOUT_S, read=ANSWER_TIMEOUT_S
            ),
        )
        if isinstance(answer, Answer):
            self.rate_limit = rate_limit(answer.headers) or self.rate_limit
        return answer

    def _left_s(self) -> float:
        return (self._deadline.at - self._deadline.clock.now()) / 1000

    def _headers(self) -> dict[str, str]:
        return {
            "X-API-Key": self._key,
            "User-Agent": USER_AGENT,
            "Accept": "application/json",
            "Content-Type": "application/json",
        }

    def _content(self, request: "_Request", answer: Answer) -> bytes:
        if answer.kind == SUCCESS and answer.content is not None:
            return answer.content
        said = self._said(request, answer)
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise RateLimited(said, retry_after_s(answer.headers, self.clock.now()))
        raise REFUSALS.get(answer.status, Rejected if answer.kind == CLIENT_ERROR else InvalidResponse)(said)

    def _said(self, request: "_Request", answer: Answer | NoAnswer) -> str:
        if isinstance(answer, NoAnswer):
            return f"no answer from Kapso to {request}: {answer.reason}"
        if answer.content is None:
            return f"Kapso answered {answer.status} with more than {MAX_BYTES} bytes to {request}"
        words = excerpt(answer.content, self._key)
        return f"Kapso answered {answer.status} to {request}" + (words and f": {words}")


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


def _checked_key(key: str) -> str:
    """The key, if it is one; http.client's own error would quote it."""
    if not _KEY.fullmatch(key):
        raise Unauthorized("the key is empty, or has blanks or characters that no header can carry")
    return key


def checked_base_url(url: str) -> str:
    """The base URL without a slash at its end, as the HTTP library itself understands it.

    Raises:
        ValueError: neither https nor http to this machine, or with a user, a query or a fragment; the text
            names the URL.
    """
    try:
        parsed = parse_url(url)
    except LocationParseError:
        raise ValueError(f"no usable base URL: {url!r}") from None
    if parsed.auth is not None:
        raise ValueError(f"a base URL has no user and no password: {parsed._replace(auth='***').url!r}")
    if not parsed.host or parsed.query is not None or parsed.fragment is not None:
        raise ValueError(f"a base URL is a scheme, a host and perhaps a path: {url!r}")
    if parsed.scheme != "https" and not (parsed.scheme == "http" and _is_loopback(parsed)):
        raise ValueError(f"a base URL must be https, except on this machine: {url!r}")
    return parsed._replace(path=(parsed.path or "").rstrip("/")).url


def _is_loopback(parsed: Url) -> bool:
    host = (parsed.host or "").strip("[]")
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


DEFAULT_S = 60
"""Kapso counts by the minute."""
MAX_S = 3600


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Requests that a key may make a minute, and how many of this minute's are left, as last told."""

    limit: int
    remaining: int


def rate_limit(headers: Mapping[str, str]) -> RateLimit | None:
    """Read `X-RateLimit-Limit` and `X-RateLimit-Remaining`."""
    limit, remaining = (_whole(headers.get(f"X-RateLimit-{name}")) for name in ("Limit", "Remaining"))
    return None if limit is None or remaining is None else RateLimit(limit, remaining)


def retry_after_s(headers: Mapping[str, str], now: int) -> int:
    """Read `Retry-After`, seconds or an HTTP date; from 1 s to an hour, a minute where it tells nothing.

    A date counts from the answer's own `Date`, and from `now` (ms) only without one: clocks differ.
    """
    seconds, until = _whole(headers.get("Retry-After")), _date(headers.get("Retry-After"))
    if seconds is None and until is not None:
        seconds = until - (_date(headers.get("Date")) or now // 1000)
    return DEFAULT_S if seconds is None else max(1, min(seconds, MAX_S))


def _whole(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"[0-9]{1,9}", text) else None


def _date(text: str | None) -> int | None:
    try:
        moment = parsedate_to_datetime(text or "")
        return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp())
    except (ValueError, OverflowError):
        return None
