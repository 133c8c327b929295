"""Stored values, which may be of any type: numbers, times (ms since the epoch) and texts."""

from collections.abc import Mapping, Sized
from decimal import Decimal
from math import floor
from zlib import crc32

LATEST_MS = 253_402_300_799_999
"""The end of the year 9999. A larger number is not a time."""


class InvalidRecord(ValueError):
    """A stored record that cannot be judged: an attribute has a wrong type, or there is no time at all."""


def to_int(value: object) -> int | None:
    """A stored number, rounded down; None for anything that is not a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        return floor(value)
    except (ValueError, OverflowError):  # NaN and the infinities
        return None


def kind_of(value: object) -> str:
    """A stored value by its kind and size, for logs: the value is the CRM's, and is never quoted."""
    if isinstance(value, str):
        return f"text of {len(value)} characters"
    if isinstance(value, bool) or value is None:
        return "null" if value is None else "true or false"
    if isinstance(value, int | float | Decimal):
        return "a number out of bounds"
    return f"a {type(value).__name__} of {len(value)}" if isinstance(value, Sized) else type(value).__name__


def read_time(record: Mapping[str, object], attribute: str) -> int | None:
    """A time in whole ms, or None when it is missing; 0 and null count as missing.

    Raises:
        InvalidRecord: the attribute is not a number, is negative, or lies after the year 9999.
    """
    value = record.get(attribute)
    if value is None:
        return None
    time = to_int(value)
    if time is None or not 0 <= time <= LATEST_MS:
        raise InvalidRecord(f"{attribute} is not a time in ms but {kind_of(value)}")
    return time or None


def valid_time(record: Mapping[str, object], attribute: str) -> int | None:
    """The same, where an invalid time counts as missing: for what sync stored on a record of the CRM."""
    try:
        return read_time(record, attribute)
    except InvalidRecord:
        return None


def read_text(record: Mapping[str, object], attribute: str) -> str | None:
    """A text, or None when it is missing or null.

    Raises:
        InvalidRecord: the attribute is not a text.
    """
    value = record.get(attribute)
    if value is not None and not isinstance(value, str):
        raise InvalidRecord(f"{attribute} is not text but {kind_of(value)}")
    return value


def valid_text(record: Mapping[str, object], attribute: str) -> str | None:
    """The same, where anything else counts as missing."""
    value = record.get(attribute)
    return value if isinstance(value, str) else None


def round_half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` to the nearest integer, .5 upwards; exact at any size."""
    return (2 * numerator + denominator) // (2 * denominator)


def stable_hash(text: str) -> int:
    """A non-negative 32-bit hash. Unlike `hash()`, it is the same in every process."""
    return crc32(text.encode())


def shard_of(text: str, shards: int) -> int:
    """A shard in 0..shards-1, the same for the same text in every process."""
    return stable_hash(text) % shards
