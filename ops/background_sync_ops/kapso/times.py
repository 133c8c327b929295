"""ISO 8601 <-> ms since the epoch."""

from datetime import UTC, datetime, timedelta
from typing import Literal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def iso(at: int, timespec: Literal["microseconds", "seconds"] = "microseconds") -> str:
    """A time in UTC, with `Z`."""
    return (_EPOCH + at * _MILLISECOND).isoformat(timespec=timespec).replace("+00:00", "Z")


def parse(text: str) -> int:
    """A time in ms, rounded down. Raises ValueError, also if the text has no offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset")
    return (moment - _EPOCH) // _MILLISECOND
