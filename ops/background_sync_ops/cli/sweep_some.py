"""`background-sync sweep WORKSPACE…`: a sweep of these workspaces alone, or what it would come to."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from background_sync.messages import RUN
from background_sync.status.history import RUN_FIELDS
from background_sync_ops.cli.command import typed
from background_sync_ops.cli.output import clean, console, facts, print_json, print_stderr, progress, waiting
from background_sync_ops.cli.signals import continues_alone
from background_sync_ops.cli.tables import run_errors, sweep_runs
from background_sync_ops.cli.times import SECOND_MS, iso, span
from background_sync_ops.dry_run import dry_runs
from background_sync_ops.errors import NOT_OK, OK
from background_sync_ops.following import follow
from background_sync_ops.jobs import Jobs
from background_sync_ops.target import Target
from background_sync_ops.workspaces import find_active_workspace

SHOWN = 20
Documents = Sequence[Mapping[str, Any]]


def sweep_some(target: Target, workspace_ids: Sequence[str], timeout: timedelta, *, as_json: bool) -> int:
    """Send their messages and follow their runs. There is no record of a sweep, so nothing else counts it."""
    _require_active(target, workspace_ids)
    runs = Jobs(RUN, workspace_ids, target.clock.now(), RUN_FIELDS)
    with continues_alone("the sweep"), progress() as bar:
        runs.send(target)
        task = bar.add_task(f"sweep at {iso(runs.run_at)}", total=len(workspace_ids))
        for _ in follow(runs.look, target.clock, timeout.total_seconds()):
            bar.update(task, completed=len(workspace_ids) - len(runs.still_open))
    if as_json:
        print_json({"run_at": runs.run_at, "runs": runs.documents})
    else:
        console().print(sweep_runs(runs.documents, len(workspace_ids)))
    for line in run_errors(runs.failed):
        print_stderr(f"failed: {line}")
    if runs.still_open:
        names = ", ".join(map(clean, runs.still_open))
        limit = span(timeout.total_seconds() * SECOND_MS)
        later = "`background-sync health --workspace NAME` shows its run"
        print_stderr(typed(f"error: not finished within {limit}, and continues: {names}; {later}"))
    return OK if runs.finished and not runs.failed else NOT_OK


def try_out(target: Target, workspace_ids: Sequence[str], timeout: timedelta, *, as_json: bool) -> int:
    """Say what their runs would come to now; raises `CommandError`."""
    _require_active(target, workspace_ids)
    run_at = target.clock.now()
    with waiting("running on copies"), dry_runs(target) as dry:
        found = [dry.run(each, run_at, timeout.total_seconds()) for each in workspace_ids]
    if as_json:
        print_json({"run_at": run_at, "dry_run": True, "runs": found})
        return OK
    console().print(sweep_runs(found, len(found)), "")
    for run in found:
        console().print(
            facts([("Dry run", f"{clean(run['workspace_id'])}: nothing was written"), *_rows(run)])
        )
    return OK


def _require_active(target: Target, workspace_ids: Sequence[str]) -> None:
    database = target.connect()
    for each in workspace_ids:
        find_active_workspace(target, database, each)


def _rows(run: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (f"would be {name.replace('_', ' ')}", _listed(ids)) for name, ids in run["contacts"].items() if ids
    ]


def _listed(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - SHOWN} more (--json lists all)" if len(ids) > SHOWN else ""
    return f"{len(ids)}: {', '.join(map(clean, ids[:SHOWN]))}{more}"
