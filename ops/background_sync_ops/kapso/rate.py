"""Requests per key, in fixed one-minute windows."""

import threading
from collections import Counter
from dataclasses import dataclass

from werkzeug.datastructures import Headers

MINUTE_MS = 60_000
RETRY_AFTER = {"Retry-After": "60"}
"""What Kapso tells whoever is over the limit, whatever is left of the minute."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a key has in this minute, after a request."""

    limit: int
    used: int

    @property
    def granted(self) -> bool:
        """Whether the request is within the limit."""
        return self.used <= self.limit

    def tell(self, headers: Headers) -> None:
        """Writes the allowance into an answer that does not tell one yet."""
        headers.setdefault("X-RateLimit-Limit", str(self.limit))
        headers.setdefault("X-RateLimit-Remaining", str(max(0, self.limit - self.used)))


class RateLimit:
    """Counts requests. `limit` is every key's, unless `limits` names the key."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.limits: dict[str, int] = {}
        self._lock = threading.Lock()
        self._used: Counter[tuple[str, int]] = Counter()

    def take(self, key: str, now: int, count: int = 1) -> Allowance:
        """Count `count` requests of a key; also to play somebody else who uses the same key."""
        with self._lock:
            self._used[key, now // MINUTE_MS] += count
            return Allowance(self.limits.get(key, self.limit), self._used[key, now // MINUTE_MS])

    def used(self, key: str, now: int) -> int:
        """How many requests a key has made in the minute of `now`."""
        with self._lock:
            return self._used[key, now // MINUTE_MS]

    def clear(self) -> None:
        """Forget every request and every key's own limit."""
        with self._lock:
            self._used.clear()
            self.limits.clear()
