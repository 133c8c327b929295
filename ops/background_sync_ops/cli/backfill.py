"""`background-sync backfill`: a workspace is compared with Kapso over a part of the past."""

from dataclasses import dataclass
from datetime import timedelta

from rich.table import Table

from background_sync.messages import MAX_WINDOW_MS, Window
from background_sync.records.runs import COMPLETED
from background_sync_ops.backfilling import Backfill, Document, Sighting
from background_sync_ops.cli.errors import NOT_WELL, USAGE, WELL, CommandError
from background_sync_ops.cli.output import clean, console, facts, print_json, spinner
from background_sync_ops.cli.times import SECOND_MS, iso, span
from background_sync_ops.cli.verified import sentences
from background_sync_ops.cli.where import Where, active_workspace
from background_sync_ops.target import Target


@dataclass(frozen=True)
class Options:
    """As the command line has them; times in ms."""

    workspace_id: str
    since: int
    until: int | None
    dry_run: bool
    timeout: timedelta
    as_json: bool


def backfill(where: Where, options: Options) -> int:
    """The exit status: whether it was completed."""
    _require_window(options.since, options.until)
    target = where.target()
    active_workspace(target, target.connect(), options.workspace_id)
    wanted = _wanted(options, target.clock.now())
    wanted.send(target)
    last = _followed(target, wanted, options.timeout)
    document = wanted.document(last)
    if options.as_json:
        print_json(document)
    elif document["status"] == COMPLETED and not document["skipped"]:
        console().print(_facts(document))
    return _status(document, last, options.timeout)


def _wanted(options: Options, now: int) -> Backfill:
    until = now if options.until is None else options.until
    if until > now:
        raise CommandError(f"--until {iso(until)} is in the future", USAGE)
    _require_window(options.since, until)
    return Backfill(options.workspace_id, now, Window(options.since, until, options.dry_run))


def _require_window(since: int, until: int | None) -> None:
    if until is None:
        return
    if since >= until:
        raise CommandError(f"--since {iso(since)} is not before {iso(until)}, where it ends", USAGE)
    if until - since > MAX_WINDOW_MS:
        raise CommandError(
            f"from {iso(since)} to {iso(until)} is more than {span(MAX_WINDOW_MS)}: do it in parts", USAGE
        )


def _followed(target: Target, wanted: Backfill, timeout: timedelta) -> Sighting:
    last, told = Sighting(None), ""
    with spinner() as turning:
        task = turning.add_task("", total=None)
        for last in wanted.follow(target.clock, timeout.total_seconds()):
            turning.update(task, description=_progress(wanted, last))
            if last.error and last.error != told and not last.closed:
                told = last.error
                turning.console.print(f"{clean(told)}: it is tried again", soft_wrap=True)
    return last


def _progress(wanted: Backfill, last: Sighting) -> str:
    if last.run is None:
        return "waiting for its turn"
    pause = "; this minute's share of requests is spent" if last.paused else ""
    return f"comparing {clean(wanted.workspace_id)} with Kapso: {last.compared} people so far{pause}"


def _facts(document: Document) -> Table:
    table = facts()
    table.add_row("Backfill", clean(document["workspace_id"]))
    table.add_row("Window", f"{iso(document['since'])} to {iso(document['until'])}")
    for label, sentence in zip(("Kapso", ""), sentences(document), strict=False):
        table.add_row(label, sentence)
    if document["dry_run"]:
        behind, missing = document["behind"], document["missing"]
        table.add_row("Dry run", f"nothing was written; {behind} would be repaired and {missing} created")
    return table


def _status(document: Document, last: Sighting, timeout: timedelta) -> int:
    trouble = _trouble(document, last, timeout)
    if trouble is None:
        return WELL
    console(stderr=True).print(f"error: {trouble}", soft_wrap=True)
    return NOT_WELL


def _trouble(document: Document, last: Sighting, timeout: timedelta) -> str | None:
    name = clean(document["workspace_id"])
    if not last.closed:
        late = f"the backfill of {name} did not finish within {span(timeout.total_seconds() * SECOND_MS)}"
        return f"{late}, and goes on by itself{_because(last)}"
    if document["status"] != COMPLETED:
        return f"the backfill of {name} failed {document['attempts']} times{_because(last)}"
    return f"{name} was no longer active when its turn came" if document["skipped"] else None


def _because(last: Sighting) -> str:
    return f": {clean(last.error)}" if last.error else ""
