"""Where a command's text goes: results to stdout, progress and errors to stderr.

Names, notes and errors were written by others. They are shown as text, never as markup, and what would steer
a terminal is shown escaped.
"""

import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
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

STEERING = frozenset({"Cc", "Zl", "Zp", "Cs"})
BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
GAP = (0, 2, 0, 0)
STATE_STYLES = {
    "pass": "green",
    "completed": "green",
    "fresh": "green",
    "warn": "yellow",
    "running": "yellow",
    "stale": "yellow",
    "fail": "bold red",
    "failed": "bold red",
    "unreadable": "bold red",
    "active": "green",
    "off": "bold red",
    "none": "yellow",
    "unknown": "yellow",
}


def console(*, stderr: bool = False) -> Console:
    """A console that takes nothing for markup, emoji names or something to highlight."""
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)


def clean(value: object) -> str:
    """A value's text on one line, with what would steer a terminal escaped."""
    return "".join(_visible(character) for character in str(value))


def _visible(character: str) -> str:
    if character in BIDI or unicodedata.category(character) in STEERING:
        return character.encode("unicode_escape").decode()
    return character


def shortened(text: str, width: int) -> str:
    """At most `width` characters, an ellipsis for the rest."""
    return text if len(text) <= width else text[: width - 1] + "…"


def state(value: object) -> Text:
    """A state in its colour."""
    return Text(clean(value), STATE_STYLES.get(str(value), ""))


def grid(headers: Iterable[str], *, right: Iterable[str] = (), fold: Iterable[str] = ()) -> Table:
    """A table without lines; columns in `right` hold numbers, those in `fold` give way on a narrow screen."""
    table = Table(box=None, padding=GAP, pad_edge=False, header_style="bold")
    numbers, flexible = frozenset(right), frozenset(fold)
    for header in headers:
        folds = header in flexible
        table.add_column(
            header,
            justify="right" if header in numbers else "left",
            overflow="fold" if folds else "ellipsis",
            no_wrap=not folds,
        )
    return table


def facts() -> Table:
    """A table of names and values."""
    table = Table(box=None, padding=GAP, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    return table


@dataclass(frozen=True)
class Cut:
    """As many lines of its parts as the terminal has; where there are more, the last one says so."""

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
    sys.stdout.write(json.dumps(document, indent=2, default=_jsonable) + "\n")
    sys.stdout.flush()


def print_json_line(document: Any) -> None:
    """One JSON document on a line of stdout, in ASCII, at once."""
    print_line(json.dumps(document, separators=(",", ":"), default=_jsonable))


def print_line(text: str) -> None:
    """One line on stdout, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _jsonable(value: Any) -> Any:
    """What DynamoDB knows and JSON does not: decimals, sets and bytes."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return sorted(value) if isinstance(value, Set) else str(value)


def progress() -> Progress:
    """So many of so many, on stderr, on terminals only."""
    return _progress(BarColumn(), MofNCompleteColumn())


def share() -> Progress:
    """A part of a whole, likewise."""
    return _progress(BarColumn(), TaskProgressColumn())


def waiting(text: str) -> AbstractContextManager[Any]:
    """Something that turns while the block works, likewise."""
    turning = spinner()
    turning.add_task(text, total=None)
    return turning


def spinner() -> Progress:
    """Something that turns beside what its task says, likewise."""
    return _progress()


def _progress(*measures: ProgressColumn) -> Progress:
    err = console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), *measures)
    return Progress(*columns, console=err, transient=True, disable=not err.is_terminal)
