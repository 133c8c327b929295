"""`background-sync logs`."""
# ruff: noqa: PLC0415

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from background_sync.rules.workspace import SKIP_REASONS, skip_reason
from background_sync_ops.cli.command import command, exit_status, typed
from background_sync_ops.cli.options import AsJson, StackOptions, WorkspaceId
from background_sync_ops.cli.options import since as parse_since
from background_sync_ops.cli.output import clean, console, grid, print_json, shortened, waiting
from background_sync_ops.cli.times import Since, iso
from background_sync_ops.errors import OK, USAGE, CommandError
from background_sync_ops.logs import LogEntry, LogSelection, log_pages, newest_entries

A_DAY = Since(timedelta(hours=24))
ENTRY_FIELDS = ("at", "level", "message", "fields")
VALUE_WIDTH = 300
LEVEL_STYLES = {"WARNING": "yellow", "ERROR": "bold red", "CRITICAL": "bold red"}
TIME_SUFFIXES = ("_at", "_until")
PLATFORM_FIELDS = frozenset(
    {
        *("location", "service", "cold_start", "xray_trace_id"),
        *("function_name", "function_memory_size", "function_arn", "function_request_id"),
    }
)
EXCEPTION_FIELDS = frozenset({"exception", "exception_name", "stack_trace"})
_PLAIN = re.compile(r'[^\s"=]+')


class Level(StrEnum):
    """The levels of log lines, the least severe first."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


@command(exit_status("0 done"))
def logs(
    stack: StackOptions,
    workspace: WorkspaceId,
    since: Annotated[
        Since,
        typer.Option(
            parser=parse_since,
            metavar="DURATION|ISO8601",
            show_default="24h",
            help="The start: a duration before now, 30m, 1h, 7d, or a time, 2026-01-01T10:00:00Z.",
        ),
    ] = A_DAY,
    limit: Annotated[int, typer.Option(min=1, help="How many entries to show, the newest ones.")] = 100,
    level: Annotated[
        Level | None,
        typer.Option(
            case_sensitive=False,
            metavar="LEVEL",
            show_default="all",
            help="Show this level and above: debug, info, warning, error, critical.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Show the reconciler's log of a workspace: its runs, audits and backfills, the newest last.

    On AWS, the log is read from CloudWatch Logs. With --json, each entry has all its keys.
    """
    from background_sync_ops.workspaces import find_workspace

    target = stack.target()
    reason = skip_reason(find_workspace(target, target.connect(), workspace))
    start = since.at(target.clock.now())
    if start > target.clock.now():
        raise CommandError(f"--since {iso(start)} is in the future", USAGE)
    selection = LogSelection(workspace, start, level)
    with waiting("reading the log"):
        found = newest_entries(log_pages(target, selection), selection, limit + 1, target.clock.offset_ms)
    entries, more = found[-limit:], len(found) > limit
    if as_json:
        listed = [{name: getattr(each, name) for name in ENTRY_FIELDS} for each in entries]
        print_json({**asdict(selection), "more": more, "entries": listed})
        return OK
    print_log(console(), selection, entries, more=more)
    if reason is not None:
        console().print(f"The workspace is not active: {SKIP_REASONS[reason]}. Sweeps skip it.")
    return OK


def print_log(out: Console, selection: LogSelection, entries: Sequence[LogEntry], *, more: bool) -> None:
    level = f" at level {selection.level} and above" if selection.level else ""
    what = f"of {clean(selection.workspace_id)}{level} since {iso(selection.since)}"
    if not entries:
        out.print(f"The log has no entries {what}.")
        no_level = ", or leave out --level" if selection.level else ""
        again = typed("`background-sync sweep` makes a new entry.")
        out.print(f"Look further back with --since{no_level}; {again}")
        return
    out.print(_table(entries), "")
    out.print(f"{len(entries)} {'entry' if len(entries) == 1 else 'entries'} {what}.")
    if more:
        out.print("Older entries are left out. Show more with --limit.")


def _table(entries: Iterable[LogEntry]) -> Table:
    table = grid(("Time", "Level", "Entry"), fold=("Entry",))
    for entry in entries:
        level = Text(clean(entry.level), LEVEL_STYLES.get(entry.level, ""))
        table.add_row(iso(entry.at), level, entry_text(entry))
    return table


def entry_text(entry: LogEntry) -> str:
    """The message, and the fields as `key=value`."""
    return " ".join((shortened(clean(entry.message), VALUE_WIDTH), *_pairs(entry.fields)))


def _pairs(fields: Mapping[str, Any]) -> Iterator[str]:
    for name, value in fields.items():
        if isinstance(value, Mapping) and name not in EXCEPTION_FIELDS:
            yield from (_pair(*count) for count in value.items() if count[1])
        elif name not in PLATFORM_FIELDS | EXCEPTION_FIELDS and value is not None:
            yield _pair(name, value)
    if error := _last_line(fields.get("exception")):
        yield _pair("exception", error)


def _last_line(traceback: object) -> str:
    """The last line of a traceback names the error."""
    return next((line for line in reversed(str(traceback or "").splitlines()) if line.strip()), "")


def _pair(name: str, value: object) -> str:
    return f"{clean(name)}={shortened(clean(_text(name, value)), VALUE_WIDTH)}"


def _text(name: str, value: object) -> str:
    if name.endswith(TIME_SUFFIXES) and isinstance(value, int):
        return iso(value)
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False)
