"""`background-sync import`."""
# ruff: noqa: PLC0415

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from background_sync_ops.cli.command import command, exit_status
from background_sync_ops.cli.options import AsJson, StackOptions
from background_sync_ops.cli.output import clean, console, grid, percentage, print_json
from background_sync_ops.errors import NOT_OK, OK, USAGE, CommandError

if TYPE_CHECKING:
    from background_sync_ops.snapshot import ImportProgress, ImportReport, Remark
    from background_sync_ops.target import Target

MERGED_SHOWN = 10


@command(exit_status("0 every line was loaded", "1 some lines could not be loaded"), name="import")
def import_(
    stack: StackOptions,
    path: Annotated[
        Path, typer.Argument(help="The export of `npx convex export`: the ZIP or the unpacked folder.")
    ],
    as_json: AsJson = False,
) -> int:
    """Load a Convex snapshot export. Newer data wins, and a second import changes nothing.

    A line that cannot be loaded is reported with its file, line and reason; all other lines are loaded.
    """
    require_snapshot(path)
    report = load(stack.target(), path)
    if as_json:
        print_json(asdict(report))
    print_report(report, console(stderr=as_json))
    return NOT_OK if report.bad else OK


def require_snapshot(path: Path) -> None:
    """Raises `CommandError` if the path does not exist, `SnapshotError` if it is not a snapshot."""
    from background_sync_ops.snapshot.export import open_snapshot

    if not path.exists():
        raise CommandError(f"there is no file or folder {path}", USAGE)
    with open_snapshot(path):
        pass


def load(target: "Target", path: Path) -> "ImportReport":
    from background_sync_ops.importing import import_target
    from background_sync_ops.snapshot import import_snapshot

    with _progress(f"importing {path}") as update:
        return import_snapshot(path, import_target(target), update)


def load_demo(target: "Target", now: int) -> "ImportReport":
    """Import the built-in demo, made for the time `now` (ms)."""
    from background_sync_ops.demo import import_demo
    from background_sync_ops.importing import import_target

    with _progress("importing the demo") as update:
        return import_demo(now, import_target(target), update)


@contextmanager
def _progress(what: str) -> Iterator[Callable[["ImportProgress"], None]]:
    with percentage() as bar:
        task = bar.add_task(clean(what), total=None)
        yield lambda at: bar.update(task, completed=at.bytes_done, total=at.bytes_total)


def print_report(report: "ImportReport", out: Console) -> None:
    """Print the counts. Lines that could not be loaded go to stderr."""
    headers = ("Imported", "Created", "Updated", "Unchanged")
    table = grid(headers, right=headers[1:])
    for label, written in (("workspaces", report.workspaces), ("contacts", report.contacts)):
        table.add_row(label, str(written.created), str(written.updated), str(written.unchanged))
    out.print(table)
    if report.merged:
        out.print(f"Merged with another document of the same person: {report.merged}")
        _print_remarks(out, report.merged_lines[:MERGED_SHOWN], report.merged)
    for file, count in report.in_seconds.items():
        out.print(f"{file}: {count} documents with times in seconds, converted to milliseconds")
    if report.bad:
        err = console(stderr=True)
        err.print(f"error: lines that could not be loaded: {report.bad}", style="bold red")
        _print_remarks(err, report.bad_lines, report.bad)


def _print_remarks(out: Console, remarks: "Sequence[Remark]", total: int) -> None:
    for remark in remarks:
        out.print(f"  {clean(remark)}", soft_wrap=True)
    if len(remarks) < total:
        out.print(f"  … and {total - len(remarks)} more")
