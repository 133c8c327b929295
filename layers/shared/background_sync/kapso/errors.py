"""Why Kapso gave no usable response.

Messages name the request and quote Kapso only through `excerpt`: they never hold the key or a body. The
errors of the HTTP library and the JSON parser are not chained, because their texts quote what the server
sent.
"""

import json
import re
from collections.abc import Mapping
from contextlib import suppress

MAX_EXCERPT_LENGTH = 160
OMITTED = "…"
_PLAIN_WORD = re.compile(r"[\"'(]?(?:[A-Za-z]?[a-z]{0,19}(?:_[a-z]{1,20}){0,5}|[A-Z]{1,8})[\"').,:;!?]{0,3}")
_KEY_PART_LENGTH = 8
"""A text that holds this many letters and digits of the key in a row is treated as if it held the key."""


class KapsoError(Exception):
    """Kapso gave no usable response. The message names the request and the reason."""


class InvalidPhoneId(KapsoError, ValueError):
    """The phone id is not a row of digits, so it must not become part of a URL. Nothing was sent."""


class Unauthorized(KapsoError):
    """401: Kapso does not know the key. Or a header cannot hold the key, and nothing was sent."""


class NumberUnknown(KapsoError):
    """404: the key's project has no such number, or no such webhook."""


class Rejected(KapsoError):
    """Any other 4xx, such as 422 for conflicting filters. A retry would get the same response."""


class RateLimited(KapsoError):
    """429: nobody may use the key for `retry_after_s`."""

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unavailable(KapsoError):
    """5xx or no response, after the last retry; or no time was left before the deadline."""


class InvalidResponse(KapsoError):
    """Not JSON, a wrong shape, data of another number, too large, or a redirect. No part of it is used."""


def excerpt(content: bytes | None, key: str) -> str:
    """The message of an error response, shortened; "" if there is none.

    A server may echo what was sent, in any encoding. So only plain words pass, and "…" replaces everything
    else. If the words still contain a part of the key, the result is "".
    """
    words = [word if _PLAIN_WORD.fullmatch(word) else OMITTED for word in _error_message(content).split()]
    text = " ".join(words)
    if _contains_key_part(text, key):
        return ""
    return text if len(text) <= MAX_EXCERPT_LENGTH else text[:MAX_EXCERPT_LENGTH] + OMITTED


def _error_message(content: bytes | None) -> str:
    """The text of `{"error": {"message": "text"}}` or `{"error": "text"}`."""
    with suppress(ValueError, RecursionError):
        document = json.loads(content or b"")
        error = document.get("error") if isinstance(document, Mapping) else None
        message = error.get("message") if isinstance(error, Mapping) else error
        return message if isinstance(message, str) else ""
    return ""


def _contains_key_part(text: str, key: str) -> bool:
    text, key = _letters_and_digits(text), _letters_and_digits(key)
    starts = range(max(1, len(key) - _KEY_PART_LENGTH + 1))
    return any(key[start : start + _KEY_PART_LENGTH] in text for start in starts)


def _letters_and_digits(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
