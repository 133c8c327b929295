"""Numbers, times and texts as they are stored, which may be of any type."""

from collections.abc import Mapping
from decimal import Decimal
from math import floor
from zlib import crc32


def round_half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` to the nearest whole number, .5 upwards; exact at any size."""
    return (2 * numerator + denominator) // (2 * denominator)


def to_int(value: object) -> int | None:
    """A stored number, rounded down; None for what is no finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        return floor(value)
    except (ValueError, OverflowError):  # NaN and the infinities
        return None


def stable_hash(text: str) -> int:
    """A non-negative 32-bit hash; unlike `hash()`, the same everywhere and for ever."""
    return crc32(text.encode())


def shard_of(text: str, shards: int) -> int:
    """A shard in 0..shards-1."""
    return stable_hash(text) % shards


LATEST_MS = 253_402_300_799_999
"""The end of the year 9999: what is beyond it is no time."""


class InvalidRecord(ValueError):
    """A stored record that cannot be judged: a wrong type, or no time at all."""


def read_time(record: Mapping[str, object], attribute: str) -> int | None:
    """A time in whole ms, or None where it is absent; 0 and null count as absent.

    Raises:
        InvalidRecord: the attribute is no number, negative, or beyond the year 9999.
    """
    value = record.get(attribute)
    if value is None:
        return None
    time = to_int(value)
    if time is None or not 0 <= time <= LATEST_MS:
        raise InvalidRecord(f"{attribute} is no time in ms: {value!r}")
    return time or None


def read_text(record: Mapping[str, object], attribute: str) -> str | None:
    """A text, or None where it is absent or null.

    Raises:
        InvalidRecord: the attribute is no text.
    """
    value = record.get(attribute)
    if value is not None and not isinstance(value, str):
        raise InvalidRecord(f"{attribute} is no text: {value!r}")
    return value
