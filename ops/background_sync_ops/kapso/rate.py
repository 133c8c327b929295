"""Requests per key, in fixed one-minute windows."""

import threading
from collections import Counter
from dataclasses import dataclass

from werkzeug.datastructures import Headers

MINUTE_MS = 60_000
RETRY_AFTER = {"Retry-After": "60"}
"""What Kapso answers above the limit, however much of the minute is left."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much of a key's limit is used in this minute, the current request included."""

    limit: int
    used: int

    @property
    def is_exceeded(self) -> bool:
        return self.used > self.limit

    def add_to(self, headers: Headers) -> None:
        """Add the rate limit headers, unless a fault has set them."""
        headers.setdefault("X-RateLimit-Limit", str(self.limit))
        headers.setdefault("X-RateLimit-Remaining", str(max(0, self.limit - self.used)))


class RateLimit:
    """`limit` is the number of requests per minute of every key."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._used: Counter[tuple[str, int]] = Counter()

    def take(self, key: str, now: int, count: int = 1) -> Allowance:
        """Count requests of a key. A test may call it to play another user of the same key."""
        with self._lock:
            self._used[key, now // MINUTE_MS] += count
            return Allowance(self.limit, self._used[key, now // MINUTE_MS])
