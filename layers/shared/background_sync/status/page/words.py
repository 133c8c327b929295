"""Times, durations, shares and states, written for people. Times are in UTC."""

from datetime import UTC, datetime

from background_sync.status.page.html import Html, el
from background_sync.status.thresholds import State

MINUTE_S = 60
HOUR_S = 60 * MINUTE_S
DAY_S = 24 * HOUR_S
PARTS = ((DAY_S, "d"), (HOUR_S, "h"), (MINUTE_S, "min"))
NO_TIME = "not a time"
NONE = "–"  # noqa: RUF001 - a dash, for an unknown value
STATE_WORDS = {State.PASS: "OK", State.WARN: "Warning", State.FAIL: "Failing"}


def span(seconds: float) -> str:
    """`45 s`, `12 min`, `1 h 5 min`, `3 d 2 h`."""
    left = int(seconds)
    if left < MINUTE_S:
        return f"{left} s"
    largest = next(number for number, (size, _) in enumerate(PARTS) if left >= size)
    words = []
    for size, unit in PARTS[largest : largest + 2]:
        amount, left = divmod(left, size)
        words += [f"{amount} {unit}"] if amount else []
    return " ".join(words)


def when(at: int) -> datetime | None:
    """The moment of a stored number; None if no calendar has it."""
    try:
        return datetime.fromtimestamp(at / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def day_and_hour(at: int) -> str:
    """`1 Jan 10:00`."""
    moment = when(at)
    return NO_TIME if moment is None else f"{moment.day} {moment:%b %H:%M}"


def time_tag(at: int | None, text: str | None = None) -> Html:
    """A time that programs can read too; a dash if it is None."""
    moment = None if at is None else when(at)
    if at is None or moment is None:
        return el("span", NONE if at is None else NO_TIME)
    return el("time", text or day_and_hour(at), datetime=f"{moment:%Y-%m-%dT%H:%M:%SZ}")


def share(count: int, total: int) -> float | None:
    """`count` as a share of `total`, at most 1; None if the total is 0."""
    return min(1.0, count / total) if total else None


def percent(part: float | None) -> str:
    """`12.5 %`. A share above 0 is never written as 0 %, and one that is not known is a dash."""
    if part is None:
        return NONE
    value = 100 * part
    if 0 < value < 0.1:  # noqa: PLR2004
        return "< 0.1 %"
    return f"{round(value, 1):g} %"


def badge(state: State, *, is_known: bool = True) -> Html:
    if not is_known:
        return el("span", "Not known", class_="badge plain")
    return el("span", STATE_WORDS[state], class_=f"badge {state}")
