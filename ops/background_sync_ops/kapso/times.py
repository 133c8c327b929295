"""ISO 8601 <-> ms since the epoch."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)

TimeForm = Literal["microseconds", "seconds", "mixed"]
"""`seconds` cuts the fraction off; `mixed` leaves it out where there is none."""


def iso(at: int, form: TimeForm = "microseconds") -> str:
    """A time in UTC, with `Z`."""
    short = form == "seconds" or (form == "mixed" and at % 1000 == 0)
    moment = EPOCH + at * MILLISECOND
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ" if short else "%Y-%m-%dT%H:%M:%S.%fZ")


def iso_with_offset(at: int, minutes: int) -> str:
    """A time with a numeric offset, as webhook bodies may carry."""
    moment = EPOCH + at * MILLISECOND
    return moment.astimezone(timezone(timedelta(minutes=minutes))).isoformat()


def parse(text: str) -> timedelta:
    """The time since the epoch. Without an offset it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH


def first_ms(text: str) -> int:
    """The first ms that is not before a time. Raises ValueError."""
    return -(-parse(text) // MILLISECOND)


def last_ms(text: str) -> int:
    """The last ms that is not after a time. Raises ValueError."""
    return parse(text) // MILLISECOND
