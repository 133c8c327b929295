"""`background-sync sweep`: a sweep now, followed until it is done."""

from datetime import timedelta

from rich.console import Console

from background_sync.records.sweeps import DISPATCHED
from background_sync_ops.cli import tables
from background_sync_ops.cli.errors import NOT_WELL, USAGE, WELL, CommandError
from background_sync_ops.cli.output import clean, console, print_json, progress, waiting
from background_sync_ops.cli.times import SECOND_MS, iso, span
from background_sync_ops.cli.where import Where
from background_sync_ops.sweeping import Outcome, Sighting, dispatch, follow, outcome, watch
from background_sync_ops.target import Target

LATER = "`background-sync health` and the functions' logs show how it goes on"
LOOK = {
    "deferred": "Why it was deferred: `background-sync health`. A later sweep catches up.",
    "webhook_off": "Which webhooks are off: `background-sync webhooks`. --resume switches one on.",
}
NAMED = 10
ERRORS = 20


def sweep(where: Where, at: int | None, timeout: timedelta, *, as_json: bool) -> int:
    """The exit status: whether the sweep finished and no run failed."""
    target = where.target()
    run_at = _run_at(target, at)
    target.connect()
    found = run_sweep(target, run_at, timeout, every_run=as_json)
    if as_json:
        print_json(found.document())
    else:
        print_sweep(found, target.clock.now(), console())
    report_trouble(found, timeout, with_errors=not as_json)
    return WELL if found.well else NOT_WELL


def print_sweep(found: Outcome, now: int, out: Console) -> None:
    """What it came to, and where to look for more."""
    out.print(tables.sweep_facts(found.sweep, now))
    for name, where in LOOK.items():
        if found.sweep[name]:
            out.print(where)


def _run_at(target: Target, at: int | None) -> int:
    now = target.clock.now()
    if at is None:
        return whole_second(now)
    if at > now and not target.is_local:
        raise CommandError(
            f"--at {iso(at)} is in the future: the scheduled sweeps until then would be superseded by it",
            USAGE,
        )
    return at


def whole_second(at: int) -> int:
    """The second that a time (ms) is in."""
    return at // SECOND_MS * SECOND_MS


def run_sweep(target: Target, run_at: int, timeout: timedelta, *, every_run: bool) -> Outcome:
    """Ask for the sweep at `run_at` and follow it, with a progress bar; `target` is connected already."""
    look = watch(run_at).look
    with waiting(f"dispatching the sweep at {iso(run_at)}"):
        dispatch(target, {"run_at": run_at})
    last = Sighting(None)
    with progress() as bar:
        task = bar.add_task(f"sweep at {iso(run_at)}", total=None)
        for last in follow(look, target.clock, timeout.total_seconds()):
            bar.update(task, completed=last.closed, total=last.expected)
    return outcome(run_at, last, target.clock, every_run=every_run)


def report_trouble(found: Outcome, timeout: timedelta, *, with_errors: bool = True) -> None:
    """On stderr: the errors of the runs that failed, and what is unfinished."""
    err = console(stderr=True)
    if with_errors:
        for line in list(tables.run_errors(found.failed))[:ERRORS]:
            err.print(f"failed: {line}", soft_wrap=True)
        if len(found.failed) > ERRORS:
            err.print(f"… and {len(found.failed) - ERRORS} more failed runs", soft_wrap=True)
    if not found.finished:
        err.print(f"error: {_unfinished(found, timeout)}", soft_wrap=True)


def _unfinished(found: Outcome, timeout: timedelta) -> str:
    late = f"the sweep did not finish within {span(timeout.total_seconds() * SECOND_MS)}"
    if found.sweep["status"] != DISPATCHED:
        return f"{late}: its messages are not all sent yet; {LATER}"
    names = ", ".join(clean(name) for name in found.unfinished[:NAMED])
    begun = f", {len(found.unfinished)} of them under way ({names})" if names else ""
    return f"{late}: {found.still_open} of {found.sweep['dispatched']} runs are open{begun}; {LATER}"
