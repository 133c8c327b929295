"""`background-sync import`: loads a Convex snapshot export."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from background_sync_ops.cli.errors import NOT_WELL, USAGE, WELL, CommandError
from background_sync_ops.cli.output import clean, console, grid, print_json, share
from background_sync_ops.cli.where import Where
from background_sync_ops.demo import import_demo
from background_sync_ops.importing import import_target
from background_sync_ops.snapshot import ImportReport, Progress, Remark, import_snapshot
from background_sync_ops.snapshot.load import CONTACTS, WORKSPACES
from background_sync_ops.snapshot.reader import open_snapshot
from background_sync_ops.target import Target

MERGED_SHOWN = 10


def import_(where: Where, path: Path, *, as_json: bool) -> int:
    """The exit status: whether every line was loaded."""
    require_snapshot(path)
    report = load(where.target(), path)
    if as_json:
        print_json(report.to_json())
    print_report(report, console(stderr=as_json))
    return NOT_WELL if report.bad else WELL


def require_snapshot(path: Path) -> None:
    """Raises `CommandError` where there is nothing to import, `SnapshotError` where it is no snapshot."""
    if not path.exists():
        raise CommandError(f"there is no file or folder {path}", USAGE)
    with open_snapshot(path, (WORKSPACES, CONTACTS)):
        pass


def load(target: Target, path: Path) -> ImportReport:
    """Import the snapshot at `path`, with a progress bar."""
    with _progress(f"importing {path}") as tell:
        return import_snapshot(path, import_target(target), tell)


def load_demo(target: Target, now: int) -> ImportReport:
    """Import the built-in demo as it is at `now` (ms), with a progress bar."""
    with _progress("importing the demo") as tell:
        return import_demo(now, import_target(target), tell)


@contextmanager
def _progress(what: str) -> Iterator[Callable[[Progress], None]]:
    with share() as bar:
        task = bar.add_task(clean(what), total=None)
        yield lambda at: bar.update(task, completed=at.bytes_done, total=at.bytes_total)


def print_report(report: ImportReport, out: Console) -> None:
    """The counts, and on stderr what could not be loaded."""
    headers = ("Imported", "Created", "Updated", "Unchanged")
    table = grid(headers, right=headers[1:])
    for label, written in (("workspaces", report.workspaces), ("contacts", report.contacts)):
        table.add_row(label, str(written.created), str(written.updated), str(written.unchanged))
    out.print(table)
    if report.merged:
        out.print(f"Merged with another document of the same person: {report.merged}")
        _list(out, report.merged_lines[:MERGED_SHOWN], report.merged)
    if report.bad:
        err = console(stderr=True)
        err.print(f"error: lines that could not be loaded: {report.bad}", style="bold red")
        _list(err, report.bad_lines, report.bad)


def _list(out: Console, remarks: Sequence[Remark], total: int) -> None:
    for remark in remarks:
        out.print(f"  {clean(remark)}", soft_wrap=True)
    if len(remarks) < total:
        out.print(f"  … and {total - len(remarks)} more")
