"""`background-sync import`."""
# ruff: noqa: PLC0415

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from background_sync_ops.cli.command import command, exit_status
from background_sync_ops.cli.options import AsJson, KeepSecrets, ReportFile, StackOptions
from background_sync_ops.cli.output import clean, console, grid, percentage, print_json, print_stderr
from background_sync_ops.errors import NOT_OK, OK, USAGE, CommandError

if TYPE_CHECKING:
    from background_sync_ops.snapshot import ImportProgress, ImportReport, Reason, Remark
    from background_sync_ops.target import Target

MERGED_SHOWN = 10
REMARKS_SHOWN = 20


@command(exit_status("0 every line was loaded", "1 some lines could not be loaded"), name="import")
def import_(
    stack: StackOptions,
    path: Annotated[
        Path,
        typer.Argument(
            help="The export of `npx convex export`: the ZIP, its folder, or the unpacked folder."
        ),
    ],
    report_file: ReportFile = None,
    keep_secrets: KeepSecrets = False,
    as_json: AsJson = False,
) -> int:
    """Load a Convex snapshot export. Newer data wins, and a second import changes nothing.

    A line that cannot be loaded is reported with its file, line, field and reason; all others are loaded.
    One of the CRM's own fields that cannot be stored, or that looks like a secret, is left out and reported.
    """
    require_snapshot(path)
    report = load(stack.target(), path, report_file, keep_secrets=keep_secrets)
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


def load(target: "Target", path: Path, report_file: Path | None, *, keep_secrets: bool) -> "ImportReport":
    from background_sync_ops.importing import import_target
    from background_sync_ops.snapshot import import_snapshot

    with _progress(f"importing {path}") as update, _writing(report_file) as on_remark:
        return import_snapshot(
            path, import_target(target), update, keep_secrets=keep_secrets, on_remark=on_remark
        )


@contextmanager
def _writing(report_file: Path | None) -> "Iterator[Callable[[Remark], None]]":
    """Writes remarks to the file; nowhere without one."""
    if report_file is None:
        yield lambda _: None
        return
    with report_file.open("w", encoding="utf-8") as file:
        yield lambda remark: print(json.dumps(asdict(remark)), file=file)


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
    """Print the counts. Remarks and lines that could not be loaded go to stderr, many of them by reason."""
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
    err = console(stderr=True)
    if report.remarked:
        err.print(f"remarks on lines that were loaded: {report.remarked}", style="yellow")
        _sum_up(err, report.remark_lines, report.remark_reasons, report.remarked)
    if report.bad:
        err.print(f"error: lines that could not be loaded: {report.bad}", style="bold red")
        _sum_up(err, report.bad_lines, report.bad_reasons, report.bad)


def print_left_out(report: "ImportReport") -> None:
    """One line about lines that could not be loaded, if there are any."""
    if report.bad:
        print_stderr(f"error: lines of the snapshot that could not be loaded: {report.bad} (listed above)")


def _sum_up(out: Console, remarks: "Sequence[Remark]", reasons: "Mapping[str, Reason]", total: int) -> None:
    if total <= REMARKS_SHOWN:
        _print_remarks(out, remarks, total)
        return
    commonest = sorted(reasons.items(), key=lambda item: -item[1].count)
    for reason, found in commonest[:REMARKS_SHOWN]:
        more = ", …" if found.count > len(found.lines) else ""
        lines = ", ".join(map(str, found.lines)) + more
        out.print(f"  {found.count}: {clean(reason)} (lines {lines})", soft_wrap=True)
    if len(reasons) > REMARKS_SHOWN:
        out.print(f"  … and {len(reasons) - REMARKS_SHOWN} more reasons")
    out.print("  `--report FILE` writes each of them to a file.")


def _print_remarks(out: Console, remarks: "Sequence[Remark]", total: int) -> None:
    for remark in remarks:
        out.print(f"  {clean(remark)}", soft_wrap=True)
    if len(remarks) < total:
        out.print(f"  … and {total - len(remarks)} more")
