"""What Kapso says of the rate at which a key may ask."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

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
