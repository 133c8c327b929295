"""Kapso's own words about an error, fit for logs and records."""

import json
import re
from collections.abc import Mapping
from contextlib import suppress

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
