"""`background-sync logs`: what the reconciler's log says of one workspace."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from background_sync.rules.workspace import SKIPPED, skip_reason
from background_sync_ops.cli.errors import USAGE, WELL, CommandError
from background_sync_ops.cli.output import clean, console, grid, print_json, shortened, waiting
from background_sync_ops.cli.times import Since, iso
from background_sync_ops.cli.where import Where, workspace_of
from background_sync_ops.logs import Entry, Selection, log_of, newest

VALUE_WIDTH = 300
LEVEL_STYLES = {"WARNING": "yellow", "ERROR": "bold red", "CRITICAL": "bold red"}
TIME_SUFFIXES = ("_at", "_until")
OF_THE_PLATFORM = frozenset(
    {
        *("location", "service", "cold_start", "xray_trace_id"),
        *("function_name", "function_memory_size", "function_arn", "function_request_id"),
    }
)
OF_EXCEPTIONS = frozenset({"exception", "exception_name", "stack_trace"})
_PLAIN = re.compile(r'[^\s"=]+')


@dataclass(frozen=True)
class Listing:
    """The entries to show, the newest last, and whether there are older ones."""

    selection: Selection
    entries: list[Entry]
    more: bool

    def document(self) -> dict[str, Any]:
        """All of it, for --json; times in ms."""
        return {
            "workspace_id": self.selection.workspace_id,
            "since": self.selection.since,
            "level": self.selection.level,
            "more": self.more,
            "entries": [_document(entry) for entry in self.entries],
        }


def _document(entry: Entry) -> dict[str, Any]:
    return {"at": entry.at, "level": entry.level, "message": entry.message, "fields": entry.fields}


def logs(
    where: Where, workspace_id: str, since: Since, level: str | None, limit: int, *, as_json: bool
) -> int:
    """The exit status."""
    target = where.target()
    skipped = skip_reason(workspace_of(target, target.connect(), workspace_id))
    selection = Selection(workspace_id, _beginning(since, target.clock.now()), level)
    with waiting("reading the log"):
        found = newest(log_of(target), selection, limit + 1, target.clock.offset_ms)
    listing = Listing(selection, found[-limit:], more=len(found) > limit)
    if as_json:
        print_json(listing.document())
    else:
        print_listing(console(), listing)
        if skipped is not None:
            console().print(f"It is not active: {SKIPPED[skipped]}. Sweeps skip it.")
    return WELL


def _beginning(since: Since, now: int) -> int:
    at = since.at(now)
    if at > now:
        raise CommandError(f"--since {iso(at)} is in the future", USAGE)
    return at


def print_listing(out: Console, listing: Listing) -> None:
    """The entries as a table, and a line that says what they are, or where to look for some."""
    asked, number = listing.selection, len(listing.entries)
    above = f" at level {asked.level} and above" if asked.level else ""
    what = f"of {clean(asked.workspace_id)}{above} since {iso(asked.since)}"
    if not number:
        out.print(f"The log says nothing {what}.")
        less = ", or ask without --level" if asked.level else ""
        out.print(f"Look further back with --since{less}; `background-sync sweep` lets it work now.")
        return
    out.print(_table(listing.entries), "")
    out.print(f"{number} {'entry' if number == 1 else 'entries'} {what}.")
    if listing.more:
        out.print("Older ones are left out; --limit shows more.")


def _table(entries: Iterable[Entry]) -> Table:
    table = grid(("Time", "Level", "Entry"), fold=("Entry",))
    for entry in entries:
        level = Text(clean(entry.level), LEVEL_STYLES.get(entry.level, ""))
        table.add_row(iso(entry.at), level, told(entry))
    return table


def told(entry: Entry) -> str:
    """The message, and as `key=value` what else says something."""
    return " ".join((shortened(clean(entry.message), VALUE_WIDTH), *_pairs(entry.fields)))


def _pairs(fields: Mapping[str, Any]) -> Iterator[str]:
    for name, value in fields.items():
        if isinstance(value, Mapping) and name not in OF_EXCEPTIONS:
            yield from (_pair(*count) for count in value.items() if count[1])
        elif name not in OF_THE_PLATFORM | OF_EXCEPTIONS and value is not None:
            yield _pair(name, value)
    if error := _last_line(fields.get("exception")):
        yield _pair("exception", error)


def _last_line(traceback: object) -> str:
    """Of a traceback, the line that names the error."""
    return next((line for line in reversed(str(traceback or "").splitlines()) if line.strip()), "")


def _pair(name: str, value: object) -> str:
    return f"{clean(name)}={shortened(clean(_text(name, value)), VALUE_WIDTH)}"


def _text(name: str, value: object) -> str:
    if name.endswith(TIME_SUFFIXES) and isinstance(value, int):
        return iso(value)
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False)
