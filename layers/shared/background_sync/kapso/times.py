"""Instants as Kapso writes them, and as it reads them. Ours are ms since the epoch."""

import math
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"(?:0|[0-9]{9,14})(?:\.[0-9]{1,9})?")
"""A bare number: too long for seconds, it is ms. Shorter ones are no time since 1973."""
_SECONDS_BELOW = 10**11


class Unreadable(ValueError):
    """A value that is no instant, or no text; the message says what is wrong with it, not what it is."""


def instant(value: object) -> int | None:
    """Whole ms since the epoch, rounded down; None for null, "", and the epoch itself: a 0 is no time.

    Read are ISO 8601 with `Z` or an offset, and bare seconds or ms since the epoch, as number or text.

    Raises:
        Unreadable: it is none of them, or without a time zone.
    """
    if value is None or value == "":
        return None
    text = value if isinstance(value, str) else _digits(value)
    return (_from_number(Decimal(text)) if _NUMBER.fullmatch(text) else _from_iso(text)) or None


def _digits(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10**14:
        raise Unreadable("is no time")
    return repr(value)


def _from_number(number: Decimal) -> int:
    return math.floor(number * 1000 if number < _SECONDS_BELOW else number)


def _from_iso(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable("is no time") from None
    if moment.tzinfo is None:
        raise Unreadable("has no time zone")
    ms = (moment - _EPOCH) // timedelta(milliseconds=1)
    if ms < 0:
        raise Unreadable("is before the epoch")
    return ms


def iso_since(ms: int) -> str:
    """A lower bound for Kapso, in whole seconds, not later than `ms`."""
    return _iso(ms // 1000)


def iso_until(ms: int) -> str:
    """An upper bound for Kapso, in whole seconds, not earlier than `ms`."""
    return _iso(-(-ms // 1000))


def _iso(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
