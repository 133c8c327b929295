"""`background-sync sweep`."""
# ruff: noqa: PLC0415

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from background_sync.rules.times import is_future
from background_sync_ops.cli.command import command, exit_status, typed
from background_sync_ops.cli.options import FIFTEEN_MINUTES, AsJson, At, StackOptions, Timeout
from background_sync_ops.cli.output import clean, console, print_json, print_stderr, progress, waiting
from background_sync_ops.cli.signals import continues_alone
from background_sync_ops.cli.tables import run_errors, sweep_facts
from background_sync_ops.cli.times import SECOND_MS, iso, span
from background_sync_ops.errors import NOT_OK, OK, USAGE, CommandError

if TYPE_CHECKING:
    from background_sync_ops.sweeping import SweepOutcome
    from background_sync_ops.target import Target

LATER = "`background-sync health` and the functions' logs show its progress"
HINTS = {
    "deferred": "Why it was deferred: `background-sync health`. A later sweep catches up.",
    "webhook_off": "Which webhooks are off: `background-sync webhooks`. --fix puts one right.",
}
NAMES_SHOWN = 10
ERRORS_SHOWN = 20


@command(exit_status("0 every run is completed", "1 a run failed, or the sweep did not finish in time"))
def sweep(
    stack: StackOptions,
    workspaces: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="workspace", show_default="every active workspace", help="The workspaces' ids."
        ),
    ] = None,
    at: At = None,
    advance_clock: Annotated[
        bool, typer.Option("--advance-clock", help="Move the local stack's clock forward to --at first.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be flagged and repaired, and write nothing.")
    ] = False,
    timeout: Timeout = FIFTEEN_MINUTES,
    as_json: AsJson = False,
) -> int:
    """Sweep now, and wait until the sweep is finished.

    With workspaces, only those are checked; health, alarms and the next scheduled sweep do not depend on it.

    With the time of an earlier sweep, it runs again what failed or is missing in that sweep. On the local
    stack, `--at` and `--advance-clock` play through the sweeps of days to come.
    """
    if workspaces and (at is not None or advance_clock):
        raise CommandError("--at and --advance-clock are for a sweep of every workspace", USAGE)
    if dry_run and not workspaces:
        raise CommandError("--dry-run needs the workspaces", USAGE)
    target = stack.target()
    if workspaces:
        from background_sync_ops.cli import sweep_some

        check = sweep_some.try_out if dry_run else sweep_some.sweep_some
        return check(target, list(dict.fromkeys(workspaces)), timeout, as_json=as_json)
    if advance_clock:
        target = _advanced(stack, target, at)
    run_at = _run_at(target, at)
    with continues_alone("the sweep"):
        outcome = run_sweep(target, run_at, timeout, every_run=as_json)
    if as_json:
        print_json(outcome.document())
    else:
        print_sweep(outcome, target.clock.now(), console())
    report_problems(outcome, timeout, with_errors=not as_json)
    return OK if outcome.succeeded else NOT_OK


def _run_at(target: "Target", at: int | None) -> int:
    now = target.clock.now()
    if at is None:
        return whole_second(now)
    if is_future(at, now):
        future = f"--at {iso(at)} is in the future"
        advice = f" of {target.name}: add --advance-clock to move its clock there" if target.is_local else ""
        superseded = ": the sweep would supersede the scheduled ones until then"
        raise CommandError(future + (advice or superseded), USAGE)
    return at


def _advanced(stack: StackOptions, target: "Target", at: int | None) -> "Target":
    """The local stack after its clock was moved to `at`. A clock that is later already stays."""
    from background_sync_ops.target import advance_clock

    if not target.is_local or at is None:
        raise CommandError("--advance-clock is for the local stack, and needs --at", USAGE)
    advance_clock(target, at)
    return stack.target()


def whole_second(at: int) -> int:
    return at // SECOND_MS * SECOND_MS


def run_sweep(target: "Target", run_at: int, timeout: timedelta, *, every_run: bool) -> "SweepOutcome":
    """Start the sweep and follow it, with a progress bar."""
    from background_sync_ops.following import follow
    from background_sync_ops.sweeping import SweepMonitor, SweepSnapshot, dispatch, sweep_outcome

    monitor = SweepMonitor.before_dispatch(target.connect(), run_at)
    with waiting(f"dispatching the sweep at {iso(run_at)}"):
        dispatch(target, {"run_at": run_at})
    last = SweepSnapshot(None)
    with progress() as bar:
        task = bar.add_task(f"sweep at {iso(run_at)}", total=None)
        for last in follow(monitor.look, target.clock, timeout.total_seconds()):
            bar.update(task, completed=last.closed, total=last.expected)
    return sweep_outcome(run_at, last, target.clock, every_run=every_run)


def print_sweep(outcome: "SweepOutcome", now: int, out: Console) -> None:
    """The result, and which command shows more."""
    out.print(sweep_facts(outcome.sweep, now))
    for count, hint in HINTS.items():
        if outcome.sweep[count]:
            out.print(typed(hint))


def report_problems(outcome: "SweepOutcome", timeout: timedelta, *, with_errors: bool = True) -> None:
    """On stderr: the errors of failed runs, and what is not finished."""
    if with_errors:
        for line in list(run_errors(outcome.failed))[:ERRORS_SHOWN]:
            print_stderr(f"failed: {line}")
        if len(outcome.failed) > ERRORS_SHOWN:
            print_stderr(f"… and {len(outcome.failed) - ERRORS_SHOWN} more failed runs")
    if not outcome.finished:
        print_stderr(typed(f"error: {_unfinished(outcome, timeout)}"))


def _unfinished(outcome: "SweepOutcome", timeout: timedelta) -> str:
    late = f"the sweep did not finish within {span(timeout.total_seconds() * SECOND_MS)}"
    if not outcome.all_sent:
        return f"{late}: not all messages are sent yet; {LATER}"
    names = ", ".join(clean(name) for name in outcome.under_way[:NAMES_SHOWN])
    under_way = f", {len(outcome.under_way)} of them under way ({names})" if names else ""
    return f"{late}: {outcome.still_open} of {outcome.sweep['dispatched']} runs are open{under_way}; {LATER}"
