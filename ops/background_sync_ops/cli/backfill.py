"""`background-sync backfill`."""
# ruff: noqa: PLC0415

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from background_sync.messages import MAX_WINDOW_MS, Window
from background_sync_ops.cli.command import command, exit_status
from background_sync_ops.cli.options import FIFTEEN_MINUTES, AsJson, StackOptions, Timeout, WorkspaceId, time
from background_sync_ops.cli.options import since as parse_since
from background_sync_ops.cli.output import clean, console, facts, print_json, print_stderr, spinner
from background_sync_ops.cli.signals import continues_alone
from background_sync_ops.cli.times import SECOND_MS, Since, iso, span
from background_sync_ops.cli.verification import kapso_rows
from background_sync_ops.errors import NOT_OK, OK, USAGE, CommandError

if TYPE_CHECKING:
    from background_sync_ops.backfilling import Backfill, BackfillSnapshot
    from background_sync_ops.target import Target

COMPLETED = "completed"
Document = Mapping[str, Any]


@command(exit_status("0 it is completed", "1 it failed, or did not finish in time"))
def backfill(
    stack: StackOptions,
    workspace: WorkspaceId,
    since: Annotated[
        Since,
        typer.Option(
            parser=parse_since,
            metavar="DURATION|ISO8601",
            help="The start: a duration before now, 12h, 7d, or a time, 2026-01-01T10:00:00Z.",
        ),
    ],
    until: Annotated[
        int | None,
        typer.Option(
            parser=time,
            metavar="ISO8601",
            show_default="now",
            help="The end, at most 30 days after the start.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count only, and write nothing.")] = False,
    timeout: Timeout = FIFTEEN_MINUTES,
    as_json: AsJson = False,
) -> int:
    """Compare a workspace with Kapso for a period in the past, and repair what was missed.

    A run compares only what changed since the last run; a backfill goes back further. It repairs even if
    `settings.verify` does not ask for that. If this command ends first, the backfill continues without it. A
    second backfill of the same period changes nothing.
    """
    from background_sync_ops.backfilling import Backfill
    from background_sync_ops.workspaces import find_active_workspace

    if isinstance(since.start, int) and until is not None:
        _require_window(since.start, until)
    target = stack.target()
    find_active_workspace(target, target.connect(), workspace)
    now = target.clock.now()
    if until is not None and until > now:
        raise CommandError(f"--until {iso(until)} is in the future", USAGE)
    window = Window(since.at(now), until or now, dry_run)
    _require_window(window.since, window.until)
    wanted = Backfill(workspace, now, window)
    wanted.send(target)
    with continues_alone("the backfill"):
        last = _followed(target, wanted, timeout)
    document = wanted.document(last)
    if as_json:
        print_json(document)
    elif document["status"] == COMPLETED and not document["skipped"]:
        console().print(facts(_rows(document)))
    problem = _problem(document, last, timeout)
    if problem is None:
        return OK
    print_stderr(f"error: {problem}")
    return NOT_OK


def _require_window(since: int, until: int) -> None:
    if since >= until:
        raise CommandError(f"--since {iso(since)} is not before the end, {iso(until)}", USAGE)
    if until - since > MAX_WINDOW_MS:
        window = f"from {iso(since)} to {iso(until)} is more than {span(MAX_WINDOW_MS)}"
        raise CommandError(f"{window}: backfill it in parts", USAGE)


def _followed(target: "Target", wanted: "Backfill", timeout: timedelta) -> "BackfillSnapshot":
    from background_sync_ops.backfilling import BackfillSnapshot
    from background_sync_ops.following import follow

    last, shown_error = BackfillSnapshot(None), ""
    with spinner() as turning:
        task = turning.add_task("", total=None)
        for last in follow(wanted.look, target.clock, timeout.total_seconds()):
            turning.update(task, description=_progress(wanted, last))
            if last.error and last.error != shown_error and not last.finished:
                shown_error = last.error
                turning.console.print(f"{clean(shown_error)}: it is retried", soft_wrap=True)
    return last


def _progress(wanted: "Backfill", last: "BackfillSnapshot") -> str:
    if last.run is None:
        return "waiting for it to begin"
    pause = "; waiting for the next minute's requests" if last.paused else ""
    return f"comparing {clean(wanted.workspace_id)} with Kapso: {last.compared} people so far{pause}"


def _rows(document: Document) -> Iterator[tuple[str, str]]:
    yield "Backfill", clean(document["workspace_id"])
    yield "Window", f"{iso(document['since'])} to {iso(document['until'])}"
    yield from kapso_rows(document)
    if document["dry_run"]:
        behind, missing = document["behind"], document["missing"]
        yield "Dry run", f"nothing was written; {behind} would be repaired and {missing} created"


def _problem(document: Document, last: "BackfillSnapshot", timeout: timedelta) -> str | None:
    name, error = clean(document["workspace_id"]), f": {clean(last.error)}" if last.error else ""
    if not last.finished:
        limit = span(timeout.total_seconds() * SECOND_MS)
        return (
            f"the backfill of {name} did not finish within {limit}, and continues without this command{error}"
        )
    if document["status"] != COMPLETED:
        return f"the backfill of {name} failed {document['attempts']} times{error}"
    return f"{name} was no longer active when the backfill began" if document["skipped"] else None
