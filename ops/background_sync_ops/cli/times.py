"""Times and durations as people type and read them. Times are in ms since the epoch."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from background_sync.rules.times import EARLIEST_RUN_MS

SECOND_MS = 1000
UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
LARGEST_FIRST = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
_DURATION = re.compile(r"(\d{1,9})([smhd])", re.ASCII)
_MS = re.compile(r"\d{13}", re.ASCII)
_TIME = re.compile(r"\s*(\d{4}-|\d{8}T|\d{13}\s*$)", re.ASCII)


@dataclass(frozen=True)
class Since:
    """A start in the past: a time (ms), or a duration before now."""

    start: int | timedelta

    def at(self, now: int) -> int:
        """The start in ms; 0 at the earliest."""
        if isinstance(self.start, int):
            return self.start
        return max(0, now - self.start // timedelta(milliseconds=1))


def parse_duration(text: str) -> timedelta:
    """`90s`, `10m`, `1h` or `2d`; raises ValueError."""
    found = _DURATION.fullmatch(text.strip())
    if found is None or int(found[1]) == 0:
        raise ValueError(f"{text!r} is not a duration like 90s, 10m, 1h or 7d")
    return timedelta(seconds=int(found[1]) * UNITS_S[found[2]])


def parse_time(text: str) -> int:
    """An ISO 8601 time with its offset from UTC, like `2026-01-01T10:00:00Z`, or in ms, as JSON has it.

    Raises ValueError.
    """
    if _MS.fullmatch(text.strip()):
        return int(text)
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(
            f"{text!r} is not an ISO 8601 time like 2026-01-01T10:00:00Z, or one in ms"
        ) from None
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone: add Z for UTC, or an offset like +02:00")
    milliseconds = (moment - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)
    if milliseconds <= 0:
        raise ValueError(f"{text!r} is not after 1970")
    return milliseconds


def parse_run_time(text: str) -> int:
    """The same, for the time of a sweep; raises ValueError."""
    at = parse_time(text)
    if at < EARLIEST_RUN_MS:
        raise ValueError(f"{text!r} is before {iso(EARLIEST_RUN_MS)}: no sweep is that old")
    return at


def parse_since(text: str) -> Since:
    """A time if the text begins with a date or is one in ms, else a duration; raises ValueError."""
    return Since(parse_time(text) if _TIME.match(text) else parse_duration(text))


def iso(at: int | float | None, *, seconds: bool = True) -> str:
    """`2026-01-01T10:00:00Z`; a dash for None, and the plain number for a time after the year 9999."""
    if at is None:
        return "-"
    try:
        moment = datetime.fromtimestamp(at / SECOND_MS, UTC)
    except (ValueError, OverflowError, OSError):
        return f"{at} ms"
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ" if seconds else "%Y-%m-%dT%H:%MZ")


def span(milliseconds: int | float) -> str:
    """A duration, rounded, in its largest unit. Between 1 and 2 of a unit, the next smaller one: `90 min`."""
    for name, unit_s in LARGEST_FIRST:
        number = abs(milliseconds) / (unit_s * SECOND_MS)
        if number == 1 or number >= 2:  # noqa: PLR2004
            return f"{round(number)} {name}"
    return f"{round(abs(milliseconds))} ms"


def ago(at: int | float, now: int) -> str:
    """`5 min ago`, `in 2 h`, `just now`."""
    if abs(now - at) < SECOND_MS:
        return "just now"
    return f"{span(now - at)} ago" if at < now else f"in {span(at - now)}"
