"""The messages of the work queue: one workspace's share of work, at one moment."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from background_sync.rules.identity import RESERVED_PREFIX
from background_sync.rules.policy import DAY_MS

VERSION = 1
RUN = "run"
AUDIT = "audit"
BACKFILL = "backfill"
KINDS = frozenset({RUN, AUDIT, BACKFILL})
MAX_WINDOW_MS = 30 * DAY_MS
"""Kapso's delivery log goes back no further, and neither should a repair."""


class InvalidMessage(ValueError):
    """A queue message that this version cannot read; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Window:
    """The part of the past that a backfill compares (ms, both included); a dry run only counts."""

    since: int
    until: int
    dry_run: bool


@dataclass(frozen=True, slots=True)
class Message:
    """Work on one workspace; `run_at` in ms since the epoch names the sweep, audit or backfill.

    Only a backfill has a `window`.
    """

    kind: str
    workspace_id: str
    run_at: int
    window: Window | None = None

    def body(self) -> str:
        """As it travels, with the schema's version."""
        return json.dumps(
            {
                "version": VERSION,
                "kind": self.kind,
                "workspace_id": self.workspace_id,
                "run_at": self.run_at,
                **({} if self.window is None else asdict(self.window)),
            }
        )


def read_message(body: str) -> Message:
    """Parse a body.

    Raises:
        InvalidMessage: it is no JSON object, of another version or kind, or a field is missing or wrong.
    """
    try:
        document = json.loads(body)
    except ValueError as error:
        raise InvalidMessage(f"no JSON: {error}") from error
    if not isinstance(document, dict):
        raise InvalidMessage("no JSON object")
    if document.get("version") != VERSION:
        raise InvalidMessage(f"version is {document.get('version')!r}, not {VERSION}")
    kind, workspace_id, run_at = (document.get(name) for name in ("kind", "workspace_id", "run_at"))
    if not isinstance(kind, str) or kind not in KINDS:
        raise InvalidMessage(f"kind is {kind!r}, none of {', '.join(sorted(KINDS))}")
    if not isinstance(workspace_id, str) or not workspace_id or workspace_id.startswith(RESERVED_PREFIX):
        raise InvalidMessage(f"workspace_id is {workspace_id!r}")
    if not isinstance(run_at, int) or isinstance(run_at, bool) or run_at <= 0:
        raise InvalidMessage(f"run_at is {run_at!r}, no time in ms")
    return Message(kind, workspace_id, run_at, _window(document) if kind == BACKFILL else None)


def _window(document: Mapping[str, object]) -> Window:
    since, until, dry_run = (document.get(name) for name in ("since", "until", "dry_run"))
    for name, value in (("since", since), ("until", until)):
        if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            raise InvalidMessage(f"{name} is {value!r}, no time in ms")
    if not isinstance(dry_run, bool):
        raise InvalidMessage(f"dry_run is {dry_run!r}, neither true nor false")
    window = Window(int(str(since)), int(str(until)), dry_run)
    if not 0 < window.until - window.since <= MAX_WINDOW_MS:
        raise InvalidMessage("since must be before until, and by 30 days at most")
    return window


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
