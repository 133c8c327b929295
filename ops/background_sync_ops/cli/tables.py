"""Runs and sweeps as tables that fit 80 columns."""

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from background_sync.rules.counts import TOTALLED
from background_sync_ops.cli.counts import Document, count, listed
from background_sync_ops.cli.output import clean, facts, grid, shortened, state
from background_sync_ops.cli.times import ago, iso, span
from background_sync_ops.cli.verified import VERIFICATION, sentences, verification, verified

COLUMNS = ("contacts_checked", "stale_found", "flagged")
OTHER_OUTCOMES = tuple(name for name in TOTALLED if name not in (*COLUMNS, "fresh", *VERIFICATION))
COUNTS = ("Checked", "Stale", "Flagged")
ERROR_WIDTH = 300


def units(run: Document) -> str:
    """Capacity units read and written, which the local engine does not tell."""
    read, written = run["read_units"], run["write_units"]
    return "unknown" if read is None or written is None else f"{read:g}/{written:g}"


def other_outcomes(document: Document) -> str:
    """`1 invalid, 3 in cooldown`: the outcomes that have no column and are not zero."""
    return listed(document, OTHER_OUTCOMES)


def sweep_facts(sweep: Document, now: int) -> Table:
    """What one sweep came to."""
    table = facts()
    table.add_row("Sweep", f"{iso(sweep['run_at'])} ({ago(sweep['run_at'], now)})")
    table.add_row("Workspaces", f"{sweep['dispatched']} dispatched, {sweep['skipped']} skipped{_why(sweep)}")
    table.add_row("Runs", _closed_runs(sweep))
    checked, stale, flagged = _counted(sweep)
    table.add_row("Contacts", f"{checked} checked, {stale} stale, {flagged} flagged")
    rest = other_outcomes({**sweep, "skipped": sweep["skipped_runs"]})
    if rest:
        table.add_row("", rest)
    if verified([sweep]):
        for label, sentence in zip(("Kapso", ""), sentences(sweep), strict=False):
            table.add_row(label, sentence)
    return table


def _why(sweep: Document) -> str:
    reasons = ", ".join(f"{number} {reason}" for reason, number in (sweep["skipped_why"] or {}).items())
    return clean(f" ({reasons.replace('_', ' ')})") if reasons else ""


def _closed_runs(sweep: Document) -> Text:
    failed = Text(f"{sweep['failed']} failed", "bold red" if sweep["failed"] else "")
    return Text.assemble(f"{sweep['completed']} completed, ", failed)


def sweep_runs(runs: Sequence[Document], limit: int) -> RenderableType:
    """The runs of one sweep: those that failed first, then those that flagged most, `limit` at most."""
    table = grid(
        ("Workspace", "Status", *COUNTS, "Other outcomes"), right=COUNTS, fold=("Workspace", "Other outcomes")
    )
    for run in sorted(runs, key=_most_telling_first)[:limit]:
        numbers = map(count, _counted(run))
        table.add_row(clean(run["workspace_id"]), state(run["status"]), *numbers, _remarks(run))
    return Group(table, *_cut(len(runs), limit), *_verification(verified(runs), limit))


def _cut(number: int, limit: int) -> Iterable[Text]:
    if number > limit:
        yield Text(f"… and {number - limit} more: `background-sync health --limit 100` lists runs")


def _verification(runs: Sequence[Document], limit: int) -> Iterable[RenderableType]:
    if runs:
        yield Text()
        yield verification(sorted(runs, key=_least_in_step_first)[:limit], "Workspace")
        yield from _cut(len(runs), limit)


def _least_in_step_first(run: Document) -> tuple[bool, bool, int, str]:
    missed = sum(run[name] or 0 for name in ("behind", "missing", "repaired", "created"))
    return not run["deferred"], not run["webhook_off"], -missed, run["workspace_id"]


def _most_telling_first(run: Document) -> tuple[bool, int, str]:
    return run["status"] == "completed", -(run["flagged"] or 0), run["workspace_id"]


def _remarks(run: Document) -> str:
    if run["error"] and run["status"] != "completed":
        return shortened(clean(run["error"]), ERROR_WIDTH)
    return other_outcomes(run)


def run_history(runs: Iterable[Document]) -> Table:
    """Runs of many sweeps, as they come."""
    headers = ("Sweep", "Workspace", "Status", *COUNTS, "Took")
    table = grid(headers, right=(*COUNTS, "Took"), fold=("Workspace",))
    for run in runs:
        table.add_row(iso(run["run_at"]), clean(run["workspace_id"]), state(run["status"]), *_measures(run))
    return table


def workspace_history(runs: Iterable[Document]) -> Table:
    """Runs of one workspace, as they come, with the capacity units that they read and wrote."""
    numbers = (*COUNTS, "Took", "Units r/w")
    table = grid(("Sweep", "Status", *numbers), right=numbers)
    for run in runs:
        table.add_row(iso(run["run_at"]), state(run["status"]), *_measures(run), units(run))
    return table


def _measures(run: Document) -> tuple[str, ...]:
    took = "-" if run["duration_ms"] is None else span(run["duration_ms"])
    return (*map(count, _counted(run)), took)


def _counted(document: Document) -> tuple[object, ...]:
    return tuple(document[name] for name in COLUMNS)


def run_errors(runs: Iterable[Document]) -> Iterable[str]:
    """One line for each run that failed."""
    for run in runs:
        if run["status"] == "failed":
            error = shortened(clean(run["error"]), ERROR_WIDTH)
            yield f"{clean(run['workspace_id'])} at {iso(run['run_at'])}: {error}"


def sweep_history(sweeps: Iterable[Document]) -> Table:
    """Sweeps, as they come."""
    headers = ("Sweep", "Runs closed", "Failed", "Skipped", *COUNTS)
    table = grid(headers, right=headers[1:])
    for sweep in sweeps:
        closed = f"{sweep['completed'] + sweep['failed']}/{sweep['dispatched']}"
        numbers = map(count, _counted(sweep))
        table.add_row(iso(sweep["run_at"]), closed, count(sweep["failed"]), count(sweep["skipped"]), *numbers)
    return table
