"""Why Kapso gave no usable answer.

    KapsoError
    ├── InvalidPhoneId  not asked: the phone id is no row of digits (a ValueError too)
    ├── Unauthorized    401, or not asked: no header can carry the key
    ├── NumberUnknown   404
    ├── Rejected        any other 4xx, such as 422 for filters that contradict each other
    ├── RateLimited     429; `retry_after_s` tells how long the key must rest
    ├── Unavailable     5xx or no answer, however often it was asked; or no time left before the deadline
    └── Nonsense        an answer that cannot be true: no JSON, a wrong shape, another number's, too large,
                        a redirect

The texts name the request and hold Kapso's own words only as far as `excerpt` lets them through: never the
key, never a body. Nor do they carry the errors below them, whose texts quote what a server sent.
"""


class KapsoError(Exception):
    """Kapso gave no usable answer; the text says to what, and why."""


class InvalidPhoneId(KapsoError, ValueError):
    """A phone id that is no row of digits must not become part of a URL."""


class Unauthorized(KapsoError):
    """Kapso does not know the key, or it cannot be sent."""


class NumberUnknown(KapsoError):
    """The key's project has no such number (or webhook)."""


class Rejected(KapsoError):
    """Kapso does not take the request as it is; asking again is in vain."""


class RateLimited(KapsoError):
    """The key's requests of this minute are spent; whoever shares the key must rest `retry_after_s`."""

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unavailable(KapsoError):
    """No answer this time; the next run may have more luck."""


class Nonsense(KapsoError):
    """An answer that cannot be believed, and so nothing of it is."""
