"""Why Kapso gave no usable answer.

    KapsoError
    ├── InvalidPhoneId  not asked: the phone id is no row of digits (a ValueError too)
    ├── Unauthorized    401, or not asked: no header can carry the key
    ├── NumberUnknown   404
    ├── Rejected        any other 4xx, such as 422 for filters that contradict each other
    ├── RateLimited     429; `retry_after_s` tells how long the key must rest
    ├── Unavailable     5xx or no answer, however often it was asked; or no time left before the deadline
    └── InvalidResponse an answer that cannot be true: no JSON, a wrong shape, another number's, too large,
                        a redirect

The texts name the request and hold Kapso's own words only as far as `excerpt` lets them through: never the
key, never a body. Nor do they carry the errors below them, whose texts quote what a server sent.
"""

import json
import re
from collections.abc import Mapping
from contextlib import suppress


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


class InvalidResponse(KapsoError):
    """An answer that cannot be believed, and so nothing of it is."""


MAX_LENGTH = 160
OMITTED = "…"
_WORD = re.compile(r"[\"'(]?(?:[A-Za-z]?[a-z]{0,19}(?:_[a-z]{1,20}){0,5}|[A-Z]{1,8})[\"').,:;!?]{0,3}")
_KEY_PIECE = 8
"""So many letters and digits of a key in a row are taken for the key."""


def excerpt(content: bytes | None, key: str) -> str:
    """The message of an error's document, shortened; "" where there is none.

    An answer may echo what was sent, in whatever encoding. So plain words pass, "…" stands for all else, and
    nothing passes when the words hold a piece of the key.
    """
    words = [word if _WORD.fullmatch(word) else OMITTED for word in _message(content).split()]
    text = " ".join(words)
    if _holds_piece(text, key):
        return ""
    return text if len(text) <= MAX_LENGTH else text[:MAX_LENGTH] + OMITTED


def _message(content: bytes | None) -> str:
    """`{"error": {"message": "text"}}` or `{"error": "text"}`."""
    with suppress(ValueError, RecursionError):
        document = json.loads(content or b"")
        error = document.get("error") if isinstance(document, Mapping) else None
        message = error.get("message") if isinstance(error, Mapping) else error
        return message if isinstance(message, str) else ""
    return ""


def _holds_piece(text: str, key: str) -> bool:
    text, key = _squeezed(text), _squeezed(key)
    starts = range(max(1, len(key) - _KEY_PIECE + 1))
    return any(key[start : start + _KEY_PIECE] in text for start in starts)


def _squeezed(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
