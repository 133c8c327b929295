"""Text on the terminal: results on stdout, progress and errors on stderr.

Names, notes and errors come from other people. They are printed as plain text, never as markup, and control
characters are escaped.
"""

import csv
import json
import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
)
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

CONTROL = frozenset({"Cc", "Zl", "Zp", "Cs"})
BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
GAP = (0, 2, 0, 0)
LONGEST_SCREEN, UNBOUNDED = 1_000, 10_000
"""Columns of a line on a screen, and of one in a pipe."""
STATE_STYLES = {
    **dict.fromkeys(("pass", "completed", "fresh", "active"), "green"),
    **dict.fromkeys(("warn", "running", "deferred", "stale", "none", "incomplete", "unknown"), "yellow"),
    **dict.fromkeys(("fail", "failed", "unreadable", "off"), "bold red"),
}
LABELS = {
    "over_cap": "over the cap",
    "invalid_setting": "invalid settings",
    "webhook_off": "without a working webhook",
    "webhook_failing": "with a failing webhook",
    "reception_lost": "not heard by Kapso",
    "intake_silent": "with a silent intake",
    "future_times": "times in the future",
}


def console(*, stderr: bool = False) -> Console:
    """A console that prints text as it is: no markup, no emoji names, no highlighting.

    In a pipe or a file no line is wrapped and nothing is cut, so that `grep` finds a whole row.
    """
    is_terminal = (sys.stderr if stderr else sys.stdout).isatty()
    width = None if is_terminal or "COLUMNS" in os.environ else UNBOUNDED
    file: Any = None if is_terminal else _Trimmed(stderr)
    return Console(file=file, stderr=stderr, markup=False, emoji=False, highlight=False, width=width)


@dataclass(frozen=True)
class _Trimmed:
    """stdout or stderr, without the spaces that fill up the lines of a table."""

    stderr: bool

    def write(self, text: str) -> int:
        return self.stream.write(re.sub(" +\n", "\n", text))

    @property
    def stream(self) -> TextIO:
        return sys.stderr if self.stderr else sys.stdout

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def clean(value: object) -> str:
    """A value as text on one line, with control characters escaped."""
    return "".join(_escaped(character) for character in str(value))


def _escaped(character: str) -> str:
    if character in BIDI or unicodedata.category(character) in CONTROL:
        return character.encode("unicode_escape").decode()
    return character


def shortened(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def count(value: object) -> str:
    """A count, or a dash if there is none yet."""
    return "-" if value is None else clean(value)


def plural(number: int, thing: str) -> str:
    """`1 message`, `2 messages`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def nonzero(counts: Mapping[str, Any], names: Iterable[str]) -> str:
    """`1 invalid, 3 in cooldown`: the named counts that are not zero."""
    shown = (name for name in names if counts.get(name))
    return ", ".join(f"{counts[name]} {LABELS.get(name, name.replace('_', ' '))}" for name in shown)


def state(value: object) -> Text:
    """A state in its colour."""
    return Text(clean(value), STATE_STYLES.get(str(value), ""))


def grid(headers: Iterable[str], *, right: Iterable[str] = (), fold: Iterable[str] = ()) -> Table:
    """A table without lines. Columns in `right` hold numbers; columns in `fold` wrap on a narrow screen."""
    table = Table(box=None, padding=GAP, pad_edge=False, header_style="bold")
    numbers, folding = frozenset(right), frozenset(fold)
    for header in headers:
        folds = header in folding
        table.add_column(
            header,
            justify="right" if header in numbers else "left",
            overflow="fold" if folds else "ellipsis",
            no_wrap=not folds,
        )
    return table


def facts(rows: Iterable[Sequence[RenderableType]]) -> Table:
    """A table of names and values."""
    table = Table(box=None, padding=GAP, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


@dataclass(frozen=True)
class Stacked:
    """Parts of a cell: below one another on a terminal, else in one line."""

    parts: Sequence[Text | str]

    def _text(self, console: Console) -> Text:
        one_line = console.width > LONGEST_SCREEN
        return Text(", " if one_line else "\n").join(Text.assemble(each) for each in self.parts)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self._text(console)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self._text(console))


@dataclass(frozen=True)
class OneScreen:
    """The lines that fit on the screen. If there are more, the last line is an ellipsis."""

    parts: Sequence[RenderableType]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(Group(*self.parts), options.reset_height(), pad=False)
        height = options.size.height
        shown = lines if len(lines) <= height else [*lines[: height - 1], [Segment("…")]]
        for line in shown:
            yield from line
            yield Segment.line()


def print_json(document: Any) -> None:
    """One JSON document on stdout, in ASCII."""
    print_line(json.dumps(document, indent=2, default=_jsonable))


def print_json_line(document: Any) -> None:
    """One JSON document as one line on stdout, in ASCII."""
    print_line(json.dumps(document, separators=(",", ":"), default=_jsonable))


def print_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Rows as CSV on stdout. Text that a spreadsheet would take for a formula gets an apostrophe in front."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in columns])
    sys.stdout.flush()


def _cell(value: object) -> object:
    is_formula = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if is_formula else value


def print_line(text: str) -> None:
    """One line on stdout, at once: a pipe gets no buffer full of lines later."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _jsonable(value: Any) -> Any:
    """A value of DynamoDB that JSON does not have: a decimal, a set or bytes."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return sorted(value) if isinstance(value, Set) else str(value)


def print_stderr(text: str) -> None:
    """One line on stderr, however wide the terminal is."""
    console(stderr=True).print(text, soft_wrap=True)


def progress() -> Progress:
    """A progress bar with counts. Like the other kinds, it is on stderr, and on terminals only."""
    return _progress(BarColumn(), MofNCompleteColumn())


def percentage() -> Progress:
    """A progress bar with a percentage."""
    return _progress(BarColumn(), TaskProgressColumn())


def spinner() -> Progress:
    """A spinner beside the task's text."""
    return _progress()


def waiting(text: str) -> AbstractContextManager[Any]:
    """A spinner with a fixed text."""
    turning = spinner()
    turning.add_task(text, total=None)
    return turning


def _progress(*measures: ProgressColumn) -> Progress:
    err = console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), *measures)
    return Progress(*columns, console=err, transient=True, disable=not err.is_terminal)
