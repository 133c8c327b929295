"""Which times can be true. All are ms since the epoch, and `now` is the time by the stack's own clock.

A time outside these bounds is a mistake of whoever wrote it: seconds or microseconds instead of ms, a wrong
clock, a typing error. It is never believed, because one such time would hold for ever: nothing that is true
is newer.
"""

from collections.abc import Iterable, Mapping

from background_sync.rules.policy import DAY_MS, MINUTE_MS
from background_sync.rules.values import InvalidRecord, kind_of, to_int

EARLIEST_RUN_MS = 1_577_836_800_000
"""2020-01-01. There is no older sweep, audit or backfill."""
EARLIEST_ACTIVITY_MS = 946_684_800_000
"""2000-01-01. A smaller number is a time in seconds: those of today would be in January 1970."""
CLOCKS_DIFFER_MS = 5 * MINUTE_MS
"""By how much two clocks may differ: what sync itself stored is not later than that."""
ACTIVITY_AHEAD_MS = DAY_MS
"""How far ahead the clocks of others may be, or their time zones wrong."""
RUN_BOUNDS = "from 2020-01-01 to 5 minutes from now"
ACTIVITY_BOUNDS = "from 2000-01-01 to a day from now"


def latest_own(now: int) -> int:
    """The latest time that sync can have stored."""
    return now + CLOCKS_DIFFER_MS


def is_future(at: int, now: int) -> bool:
    """Whether sync cannot have stored this time yet."""
    return at > latest_own(now)


def is_run_time(at: int, now: int) -> bool:
    """Whether a sweep, an audit or a backfill can have this time."""
    return EARLIEST_RUN_MS <= at <= latest_own(now)


def is_activity_time(at: int, now: int) -> bool:
    """Whether a contact or a conversation can have been active at this time."""
    return EARLIEST_ACTIVITY_MS <= at <= now + ACTIVITY_AHEAD_MS


def own_time(record: Mapping[str, object], name: str, now: int) -> int | None:
    """A time that sync stored; None when it is missing or 0, and when it is in the future.

    Raises:
        InvalidRecord: it is not a number, or negative.
    """
    value = record.get(name)
    if value is None:
        return None
    at = _number(name, value)
    if at < 0:
        raise InvalidRecord(f"{name} is negative")
    return at if 0 < at <= now + CLOCKS_DIFFER_MS else None


def remembered_time(record: Mapping[str, object], name: str, now: int) -> int | None:
    """The same, where an invalid time counts as missing too."""
    try:
        return own_time(record, name, now)
    except InvalidRecord:
        return None


def future_times(record: Mapping[str, object], names: Iterable[str], now: int) -> list[str]:
    """Which of these attributes are times in the future."""
    known = [name for name in names if record.get(name)]  # most contacts have none
    return [name for name in known if is_future(to_int(record[name]) or 0, now)]


def activity_time(record: Mapping[str, object], name: str, now: int) -> int | None:
    """A time of the CRM's. A number that cannot be such a time counts as missing, as null does.

    Raises:
        InvalidRecord: it is not a number.
    """
    value = record.get(name)
    if value is None:
        return None
    at = _number(name, value)
    return at if is_activity_time(at, now) else None


def _number(name: str, value: object) -> int:
    at = to_int(value)
    if at is None:
        raise InvalidRecord(f"{name} is not a time in ms but {kind_of(value)}")
    return at
