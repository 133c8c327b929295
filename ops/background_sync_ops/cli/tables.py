"""Runs and sweeps as tables that fit 80 columns."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from background_sync.rules.counts import TOTALLED
from background_sync_ops.cli.command import typed
from background_sync_ops.cli.output import clean, count, facts, grid, nonzero, state
from background_sync_ops.cli.times import ago, iso, span
from background_sync_ops.cli.verification import VERIFICATION, kapso_rows, verification, verified
from background_sync_ops.reasons import short_error

Document = Mapping[str, Any]
COLUMNS = {"Checked": "contacts_checked", "Stale": "stale_found", "Flagged": "flagged"}
OTHER_OUTCOMES = tuple(name for name in TOTALLED if name not in (*COLUMNS.values(), "fresh", *VERIFICATION))


def sweep_facts(sweep: Document, now: int) -> Table:
    """The result of one sweep."""
    return facts(_sweep_rows(sweep, now))


def _sweep_rows(sweep: Document, now: int) -> Iterator[tuple[str, RenderableType]]:
    yield "Sweep", f"{iso(sweep['run_at'])} ({ago(sweep['run_at'], now)})"
    yield "Workspaces", f"{sweep['dispatched']} dispatched, {sweep['skipped']} skipped{_skip_reasons(sweep)}"
    failed = Text(f"{sweep['failed']} failed", "bold red" if sweep["failed"] else "")
    yield "Runs", Text.assemble(f"{sweep['completed']} completed, ", failed)
    checked, stale, flagged = _counted(sweep)
    yield "Contacts", f"{checked} checked, {stale} stale, {flagged} flagged"
    if others := nonzero({**sweep, "skipped": sweep["skipped_runs"]}, OTHER_OUTCOMES):
        yield "", others
    if verified([sweep]):
        yield from kapso_rows(sweep)


def _skip_reasons(sweep: Document) -> str:
    reasons = ", ".join(f"{number} {reason}" for reason, number in (sweep["skipped_why"] or {}).items())
    return clean(f" ({reasons.replace('_', ' ')})") if reasons else ""


def sweep_runs(runs: Sequence[Document], limit: int) -> RenderableType:
    """At most `limit` runs of one sweep: failed runs first, then those with the most flags."""
    headers = ("Workspace", "Status", *COLUMNS, "Other outcomes")
    table = grid(headers, right=COLUMNS, fold=("Workspace", "Other outcomes"))
    for run in sorted(runs, key=_failed_first)[:limit]:
        numbers = map(count, _counted(run))
        table.add_row(clean(run["workspace_id"]), state(run_state(run)), *numbers, _remarks(run))
    return Group(table, *_rest(len(runs), limit), *_verification(verified(runs), limit))


def run_state(run: Document) -> str:
    """Its status; `waiting` if it has not begun, `deferred` if it is completed, but could not ask Kapso."""
    return "deferred" if run["status"] == "completed" and run["deferred"] else str(run["status"] or "waiting")


def _failed_first(run: Document) -> tuple[bool, int, str]:
    return run["status"] == "completed", -(run["flagged"] or 0), run["workspace_id"]


def _rest(number: int, limit: int) -> Iterator[Text]:
    if number > limit:
        yield Text(typed(f"… and {number - limit} more: `background-sync health --limit 100` lists runs"))


def _verification(runs: Sequence[Document], limit: int) -> Iterator[RenderableType]:
    if runs:
        yield Text()
        yield verification(sorted(runs, key=_most_missed_first)[:limit], "Workspace")
        yield from _rest(len(runs), limit)


def _most_missed_first(run: Document) -> tuple[bool, bool, int, str]:
    missed = sum(run[name] or 0 for name in ("behind", "missing", "repaired", "created"))
    return not run["deferred"], not run["webhook_off"], -missed, run["workspace_id"]


def _remarks(run: Document) -> str:
    if run["error"] and run["status"] != "completed":
        return clean(short_error(run["error"]))
    return nonzero(run, OTHER_OUTCOMES)


def run_history(runs: Iterable[Document]) -> Table:
    """Runs of many sweeps, in the given order."""
    headers = ("Sweep", "Workspace", "Status", *COLUMNS, "Took")
    table = grid(headers, right=(*COLUMNS, "Took"), fold=("Workspace",))
    for run in runs:
        table.add_row(iso(run["run_at"]), clean(run["workspace_id"]), state(run_state(run)), *_measures(run))
    return table


def workspace_history(runs: Iterable[Document]) -> Table:
    """Runs of one workspace, in the given order, with the capacity units that they read and wrote."""
    numbers = (*COLUMNS, "Took", "Units r/w")
    table = grid(("Sweep", "Status", *numbers), right=numbers)
    for run in runs:
        table.add_row(iso(run["run_at"]), state(run_state(run)), *_measures(run), _units(run))
    return table


def _units(run: Document) -> str:
    """Capacity units read and written; the local engine does not count them."""
    read, written = run["read_units"], run["write_units"]
    return "unknown" if read is None or written is None else f"{read:g}/{written:g}"


def _measures(run: Document) -> tuple[str, ...]:
    took = "-" if run["duration_ms"] is None else span(run["duration_ms"])
    return (*map(count, _counted(run)), took)


def _counted(document: Document) -> tuple[object, ...]:
    return tuple(document[name] for name in COLUMNS.values())


def run_errors(runs: Iterable[Document]) -> Iterator[str]:
    """One line for each run that failed."""
    for run in runs:
        if run["status"] == "failed":
            yield f"{clean(run['workspace_id'])} at {iso(run['run_at'])}: {clean(short_error(run['error']))}"


def sweep_history(sweeps: Iterable[Document]) -> Table:
    """Sweeps, in the given order."""
    headers = ("Sweep", "Runs closed", "Failed", "Skipped", *COLUMNS)
    table = grid(headers, right=headers[1:])
    for sweep in sweeps:
        closed = f"{sweep['completed'] + sweep['failed']}/{sweep['dispatched']}"
        numbers = map(count, _counted(sweep))
        table.add_row(iso(sweep["run_at"]), closed, count(sweep["failed"]), count(sweep["skipped"]), *numbers)
    return table
