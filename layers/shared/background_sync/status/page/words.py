"""Times, spans, shares and states as people read them; times are UTC."""

from datetime import UTC, datetime

from background_sync.status.page.html import Html, el
from background_sync.status.thresholds import State

MINUTE_S = 60
HOUR_S = 60 * MINUTE_S
DAY_S = 24 * HOUR_S
PARTS = ((DAY_S, "d"), (HOUR_S, "h"), (MINUTE_S, "min"))
NONE = "–"  # noqa: RUF001 - a dash, for what is not known
WORDS = {State.PASS: "OK", State.WARN: "Warning", State.FAIL: "Failing"}


def span(seconds: float) -> str:
    """`45 s`, `12 min`, `1 h 5 min`, `3 d 2 h`."""
    left = int(seconds)
    if left < MINUTE_S:
        return f"{left} s"
    place = next(number for number, (size, _) in enumerate(PARTS) if left >= size)
    said = []
    for size, unit in PARTS[place : place + 2]:
        amount, left = divmod(left, size)
        said += [f"{amount} {unit}"] if amount else []
    return " ".join(said)


def when(at: int) -> datetime:
    """The moment `at` (ms)."""
    return datetime.fromtimestamp(at / 1000, UTC)


def day_and_hour(at: int) -> str:
    """`1 Jan 10:00`."""
    moment = when(at)
    return f"{moment.day} {moment:%b %H:%M}"


def time_tag(at: int | None, text: str | None = None) -> Html:
    """A time that programs can read too."""
    if at is None:
        return el("span", NONE)
    return el("time", text or day_and_hour(at), datetime=f"{when(at):%Y-%m-%dT%H:%M:%SZ}")


def share(count: int, whole: int) -> float:
    """The part that `count` is of `whole`; of nothing, none."""
    return min(1.0, count / whole) if whole else 0.0


def percent(part: float) -> str:
    """`12.5 %`; what is not quite nothing is never said to be."""
    value = 100 * part
    if 0 < value < 0.1:  # noqa: PLR2004
        return "< 0.1 %"
    return f"{round(value, 1):g} %"


def badge(state: State) -> Html:
    """A state as a word in its colour."""
    return el("span", WORDS[state], class_=f"badge {state}")
