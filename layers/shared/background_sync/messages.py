"""What functions are asked: the messages of the work queue, and the dispatcher's event."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TypeGuard

from background_sync.rules.identity import MAX_WORKSPACE_ID_BYTES, RESERVED_PREFIX
from background_sync.rules.policy import DAY_MS
from background_sync.rules.times import RUN_BOUNDS, is_run_time
from background_sync.rules.values import LATEST_MS

VERSION = 1
MAX_SHOWN = 100
RUN = "run"
AUDIT = "audit"
BACKFILL = "backfill"
KINDS = frozenset({RUN, AUDIT, BACKFILL})
MAX_WINDOW_MS = 30 * DAY_MS
"""Kapso's delivery log goes back 30 days; a backfill goes back no further."""


class InvalidMessage(ValueError):
    """A queue message that this version cannot read; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Window:
    """The time that a backfill compares, both ends included (ms). A dry run only counts."""

    since: int
    until: int
    dry_run: bool


@dataclass(frozen=True, slots=True)
class Message:
    """Work on one workspace; `run_at` (ms) identifies the sweep, audit or backfill.

    Only a backfill has a window.
    """

    kind: str
    workspace_id: str
    run_at: int
    window: Window | None = None

    def body(self) -> str:
        """The message as JSON, with the version of its schema."""
        return json.dumps(
            {
                "version": VERSION,
                "kind": self.kind,
                "workspace_id": self.workspace_id,
                "run_at": self.run_at,
                **({} if self.window is None else asdict(self.window)),
            }
        )


def read_message(body: str, now: int) -> Message:
    """Parse a body at `now` (ms).

    Raises:
        InvalidMessage: it is not a JSON object, its version or kind is unknown, or a field is invalid; also
            a `run_at` in the future, which would supersede every run until then.
    """
    document = read_document(body, VERSION)
    kind, run_at = document.get("kind"), document.get("run_at")
    if not isinstance(kind, str) or kind not in KINDS:
        raise InvalidMessage(f"kind is {_shown(kind)}, expected one of {', '.join(sorted(KINDS))}")
    window = _window(document) if kind == BACKFILL else None
    if not _is_run_at(run_at, now):
        raise InvalidMessage(_not_run_at(run_at))
    return Message(kind, read_workspace_id(document), run_at, window)


def read_document(body: str, version: int) -> dict[str, object]:
    """A body as a JSON object of this version of its schema; raises `InvalidMessage`."""
    try:
        document = json.loads(body)
    except ValueError as error:
        raise InvalidMessage(f"not JSON: {error}") from error
    except RecursionError:
        raise InvalidMessage("not JSON that can be read: it is nested too deep") from None
    if not isinstance(document, dict):
        raise InvalidMessage("not a JSON object")
    if document.get("version") != version:
        raise InvalidMessage(f"version is {_shown(document.get('version'))}, expected {version}")
    return document


def _is_run_at(value: object, now: int) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and is_run_time(value, now)


def _not_run_at(value: object) -> str:
    return f"run_at is {_shown(value)}, expected a time in ms {RUN_BOUNDS}"


def read_workspace_id(document: Mapping[str, object]) -> str:
    """A message's workspace id; raises `InvalidMessage`."""
    value = document.get("workspace_id")
    if not isinstance(value, str) or not value or value.startswith(RESERVED_PREFIX):
        raise InvalidMessage(
            f"workspace_id is {_shown(value)}, expected text without {RESERVED_PREFIX} first"
        )
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise InvalidMessage(f"workspace_id is {_shown(value)}, which is not valid Unicode") from None
    if size > MAX_WORKSPACE_ID_BYTES:
        raise InvalidMessage(f"workspace_id has {size} bytes, at most {MAX_WORKSPACE_ID_BYTES} are possible")
    return value


def _time(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= LATEST_MS:
        raise InvalidMessage(f"{name} is {_shown(value)}, expected a time in ms")
    return value


def _window(document: Mapping[str, object]) -> Window:
    since, until = (_time(name, document.get(name)) for name in ("since", "until"))
    dry_run = document.get("dry_run")
    if not isinstance(dry_run, bool):
        raise InvalidMessage(f"dry_run is {_shown(dry_run)}, expected true or false")
    window = Window(since, until, dry_run)
    if not 0 < window.until - window.since <= MAX_WINDOW_MS:
        raise InvalidMessage("since must be before until, by 30 days at most")
    return window


def _shown(value: object) -> str:
    """A value for an error's text, shortened: it may be of any type and size."""
    if isinstance(value, list | dict):
        return f"a {type(value).__name__}"
    text = ascii(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


class InvalidEvent(ValueError):
    """An event that does not say which sweep is meant; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A sweep by its scheduled time (ms); `resume` if the dispatcher invoked itself to continue."""

    run_at: int
    resume: bool


def read_scheduled(event: object, now: int) -> Scheduled:
    """Parse EventBridge's scheduled event ({"time": "2026-01-01T10:00:00Z", ...}) or {"run_at": ms}.

    Raises:
        InvalidEvent: it has neither, or not a valid one at `now` (ms).
    """
    if not isinstance(event, Mapping):
        raise InvalidEvent(f"the event is {_shown(event)}, expected an object")
    if "run_at" in event:
        return Scheduled(_scheduled_at(event["run_at"], now), resume=event.get("resume") is True)
    time = event.get("time")
    if not isinstance(time, str):
        raise InvalidEvent("the event has neither run_at nor time")
    try:
        moment = datetime.fromisoformat(time)
    except ValueError as error:
        raise InvalidEvent(f"time is {_shown(time)}, expected ISO 8601") from error
    if moment.tzinfo is None:
        raise InvalidEvent(f"time is {_shown(time)}, expected a time zone")
    return Scheduled(_scheduled_at(round(moment.timestamp() * 1000), now), resume=False)


def _scheduled_at(value: object, now: int) -> int:
    if not _is_run_at(value, now):
        raise InvalidEvent(_not_run_at(value))
    return value
