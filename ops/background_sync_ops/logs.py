"""The reconciler's log entries of one workspace, from the local stack's file or from CloudWatch Logs."""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from background_sync_ops.stack.state import log_path

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

    from background_sync_ops.target import Target

RECONCILER = "ReconcilerFunction"
STANDARD_KEYS = frozenset({"level", "message", "timestamp", "workspace_id"})
SEVERITIES = logging.getLevelNamesMapping()
DESCENDING_SINCE_MS = 1_704_067_200_000
"""2024-01-01T00:00:00Z: CloudWatch Logs can return the newest events first only from this time on."""
MAX_PATTERN = 1024
WILDCARD = "*"


@dataclass(frozen=True)
class LogEntry:
    """A log line of a workspace. `at` is in ms; `fields` are the other keys, as they were logged."""

    at: int
    level: str
    message: str
    workspace_id: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LogSelection:
    """The entries of one workspace from `since` (ms) on, of `level` and above."""

    workspace_id: str
    since: int
    level: str | None = None

    def includes(self, entry: LogEntry) -> bool:
        # A level that is not known counts as the lowest.
        return (
            entry.workspace_id == self.workspace_id
            and entry.at >= self.since
            and (self.level is None or _severity(entry.level) >= _severity(self.level))
        )


def _severity(level: str) -> int:
    return SEVERITIES.get(level.upper(), logging.NOTSET)


def log_pages(target: "Target", selection: LogSelection) -> Iterator[Iterable[str]]:
    """The lines of the reconciler's log: the newest page first, and within a page the oldest line first.

    Pages may contain lines that are not selected. Raises OSError or botocore's errors.
    """
    if target.state_dir is not None:
        return file_pages(log_path(target.state_dir, RECONCILER))
    group, since = target.outputs["ReconcilerLogGroupName"], selection.since - target.clock.offset_ms
    return cloudwatch_pages(target.client("logs"), group, selection.workspace_id, since)


def file_pages(path: Path) -> Iterator[Iterable[str]]:
    with path.open(encoding="utf-8", errors="replace") as lines:
        yield lines


def cloudwatch_pages(
    client: "CloudWatchLogsClient", group: str, workspace_id: str, since: int
) -> Iterator[Iterable[str]]:
    answers = client.get_paginator("filter_log_events").paginate(
        logGroupName=group,
        filterPattern=filter_pattern(workspace_id),
        startTime=max(since, DESCENDING_SINCE_MS),
        startFromHead=False,
    )
    for answer in answers:
        yield (event["message"] for event in reversed(answer["events"]))


def filter_pattern(workspace_id: str) -> str:
    """CloudWatch's pattern for the lines of a workspace.

    Control characters, and the end of an id that is too long, become a wildcard. An asterisk in an id acts as
    a wildcard too. So the pattern may match other workspaces, but it never misses a line of this one.
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


def newest_entries(
    pages: Iterable[Iterable[str]], selection: LogSelection, limit: int, offset_ms: int = 0
) -> list[LogEntry]:
    """The newest `limit` of the selected entries, the newest last.

    The stack's clock is `offset_ms` ahead of the log's. The selection and the entries have the stack's times.
    """
    found: list[LogEntry] = []
    for page in pages:
        entries = (read_entry(line, offset_ms) for line in page)
        selected = [entry for entry in entries if entry is not None and selection.includes(entry)]
        found = sorted([*selected, *found], key=lambda entry: entry.at)[-limit:]
        if len(found) == limit:
            break
    return found


def read_entry(line: str, offset_ms: int = 0) -> LogEntry | None:
    """The entry in a log line; None if it is a traceback, a metric or a line without a workspace."""
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
    return LogEntry(at + offset_ms, level, message, workspace_id, fields)


def _time(text: object) -> int | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        return None if moment is None or moment.tzinfo is None else round(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
