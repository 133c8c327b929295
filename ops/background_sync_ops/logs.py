"""What the reconciler's log says of one workspace: from the local stack's file, or from CloudWatch Logs."""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from background_sync_ops.stack.state import log_path
from background_sync_ops.target import Target

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

RECONCILER = "ReconcilerFunction"
STANDARD_KEYS = frozenset({"level", "message", "timestamp", "workspace_id"})
SEVERITIES = logging.getLevelNamesMapping()
DESCENDING_SINCE_MS = 1_704_067_200_000
"""2024-01-01T00:00:00Z: from there on CloudWatch Logs gives the newest events first."""
MAX_PATTERN = 1024
WILDCARD = "*"


@dataclass(frozen=True)
class Entry:
    """A log line of a workspace; `at` in ms, `fields` are its other keys, as they were logged."""

    at: int
    level: str
    message: str
    workspace_id: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Selection:
    """Which entries are asked for: those of one workspace, from `since` (ms) on, of `level` and above."""

    workspace_id: str
    since: int
    level: str | None = None

    def takes(self, entry: Entry) -> bool:
        """Whether it is one of them. An unknown level is below all others."""
        return (
            entry.workspace_id == self.workspace_id
            and entry.at >= self.since
            and (self.level is None or _severity(entry.level) >= _severity(self.level))
        )


def _severity(level: str) -> int:
    return SEVERITIES.get(level.upper(), logging.NOTSET)


class Log(Protocol):
    """A log's lines as they were written, the newest page first, and the oldest line of a page first.

    It may leave out what is not of the workspace or before `since` (ms, by the log's clock), and need not.
    """

    def pages(self, workspace_id: str, since: int, /) -> Iterator[Iterable[str]]:
        """Raises OSError or botocore's errors where it cannot be read."""


@dataclass(frozen=True)
class FileLog:
    """The file of a local function."""

    path: Path

    def pages(self, _workspace_id: str, _since: int, /) -> Iterator[Iterable[str]]:
        """All of it, as one page."""
        with self.path.open(encoding="utf-8", errors="replace") as lines:
            yield lines


@dataclass(frozen=True)
class CloudWatchLog:
    """A log group on AWS."""

    client: "CloudWatchLogsClient"
    group: str

    def pages(self, workspace_id: str, since: int, /) -> Iterator[Iterable[str]]:
        """What the filter pattern lets through."""
        answers = self.client.get_paginator("filter_log_events").paginate(
            logGroupName=self.group,
            filterPattern=filter_pattern(workspace_id),
            startTime=max(since, DESCENDING_SINCE_MS),
            startFromHead=False,
        )
        for answer in answers:
            yield (event["message"] for event in reversed(answer["events"]))


def filter_pattern(workspace_id: str) -> str:
    """CloudWatch's pattern for lines of a workspace; what it cannot say exactly it says with a wildcard.

    The wildcard stands for control characters and for the end of an id that is too long. An asterisk in an id
    is one too: the pattern may let through more than was asked for, and never less.
    """
    beginning, end = '{ $.workspace_id = "', '" }'
    room = MAX_PATTERN - len(beginning) - len(end) - len(WILDCARD)
    value = ""
    for character in map(_escaped, workspace_id):
        if len(value) + len(character) > room:
            value += WILDCARD
            break
        value += character
    return beginning + value + end


def _escaped(character: str) -> str:
    if character in ('"', "\\"):
        return "\\" + character
    return character if character.isprintable() else WILDCARD


def log_of(target: Target) -> Log:
    """The reconciler's log of a stack."""
    if target.state_dir is not None:
        return FileLog(log_path(target.state_dir, RECONCILER))
    return CloudWatchLog(target.client("logs"), target.outputs["ReconcilerLogGroupName"])


def newest(log: Log, selection: Selection, limit: int, offset_ms: int = 0) -> list[Entry]:
    """At most `limit` of the entries asked for, the newest of them, the newest last.

    The stack's clock is `offset_ms` ahead of the log's; all times asked for and given are by the stack's.
    """
    found: list[Entry] = []
    for page in log.pages(selection.workspace_id, selection.since - offset_ms):
        entries = (read_entry(line, offset_ms) for line in page)
        wanted = [entry for entry in entries if entry is not None and selection.takes(entry)]
        found = sorted([*wanted, *found], key=lambda entry: entry.at)[-limit:]
        if len(found) == limit:
            break
    return found


def read_entry(line: str, offset_ms: int = 0) -> Entry | None:
    """The entry that a log line holds; None for tracebacks, metrics and all that is of no workspace."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or "_aws" in document:
        return None
    at, workspace_id = _time(document.get("timestamp")), document.get("workspace_id")
    if at is None or not isinstance(workspace_id, str):
        return None
    level, message = (str(document.get(name, "")) for name in ("level", "message"))
    fields = {name: value for name, value in document.items() if name not in STANDARD_KEYS}
    return Entry(at + offset_ms, level, message, workspace_id, fields)


def _time(text: object) -> int | None:
    """A time with its offset from UTC, in ms."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        return None if moment is None or moment.tzinfo is None else round(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
