"""The dispatcher's event: which sweep is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


class InvalidEvent(ValueError):
    """An event that names no sweep; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A sweep by its scheduled time (ms); `resume` when the dispatcher asks itself to go on."""

    run_at: int
    resume: bool


def read_scheduled(event: Mapping[str, object]) -> Scheduled:
    """Parse EventBridge's scheduled event ({"time": "2026-01-01T10:00:00Z", ...}) or {"run_at": ms}.

    Raises:
        InvalidEvent: it has neither, or one that is no time.
    """
    if "run_at" in event:
        run_at = event["run_at"]
        if not isinstance(run_at, int) or isinstance(run_at, bool) or run_at <= 0:
            raise InvalidEvent(f"run_at is {run_at!r}, no time in ms")
        return Scheduled(run_at, resume=event.get("resume") is True)
    time = event.get("time")
    if not isinstance(time, str):
        raise InvalidEvent("neither run_at nor time")
    try:
        moment = datetime.fromisoformat(time)
    except ValueError as error:
        raise InvalidEvent(f"time is {time!r}, no ISO 8601 time") from error
    if moment.tzinfo is None:
        raise InvalidEvent(f"time is {time!r}, without a time zone")
    return Scheduled(round(moment.timestamp() * 1000), resume=False)
