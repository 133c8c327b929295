"""`background-sync up`: the local stack, with data in it, swept and served until it is told to end."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console

from background_sync.kapso.client import checked_base_url
from background_sync_ops.cli import tables
from background_sync_ops.cli.announcement import announcement
from background_sync_ops.cli.ending import ended_by_signals
from background_sync_ops.cli.errors import NOT_WELL, USAGE, WELL, CommandError, explained
from background_sync_ops.cli.importing import load, load_demo, print_report, require_snapshot
from background_sync_ops.cli.output import console, print_json, waiting
from background_sync_ops.cli.sweep import print_sweep, report_trouble, run_sweep, whole_second
from background_sync_ops.cli.times import SECOND_MS
from background_sync_ops.snapshot import ImportReport
from background_sync_ops.stack.errors import AlreadyRunningError, PortError
from background_sync_ops.stack.schedule import Schedule
from background_sync_ops.stack.stack import LocalStack
from background_sync_ops.stack.state import STATE_DIR
from background_sync_ops.sweeping import Outcome
from background_sync_ops.target import Target, running_target

INTERRUPTED = 130
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
RUNS_SHOWN = 40
PROJECT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Options:
    """As the command line has them."""

    snapshot: Path | None
    kapso_url: str | None
    every: timedelta
    once: bool
    at: int | None
    api_port: int
    aws_port: int
    as_json: bool
    timeout: timedelta
    template: Path | None
    state_dir: Path | None

    @property
    def folder(self) -> Path:
        """Where the stack says that it runs."""
        return self.state_dir or STATE_DIR


def up(options: Options) -> int:
    """The exit status: of the sweep with --once, else whether the stack came to be served."""
    _require_usable(options)
    session = Session(options, console(stderr=options.as_json))
    try:
        with ended_by_signals(), _stack(options) as stack:
            return session.run(running_target(options.folder), stack)
    except KeyboardInterrupt:
        session.out.print("Ended.")
        return WELL if session.serving else INTERRUPTED


def _require_usable(options: Options) -> None:
    if options.every > DAY:
        raise CommandError("--every is a day at most", USAGE)
    if options.api_port == options.aws_port != 0:
        raise CommandError("--api-port and --aws-port are the same: choose another one for either", USAGE)
    if options.kapso_url is not None:
        _require_base_url(options.kapso_url)
    if options.snapshot is not None:
        require_snapshot(options.snapshot)


def _require_base_url(url: str) -> None:
    try:
        checked_base_url(url)
    except ValueError as error:
        raise CommandError(f"--kapso-url: {error}", USAGE) from None


@contextmanager
def _stack(options: Options) -> Iterator[LocalStack]:
    stack = LocalStack(
        options.template or PROJECT / "template.yaml",
        aws_port=options.aws_port,
        api_port=options.api_port,
        clock_offset_ms=0 if options.at is None else options.at - time.time_ns() // 1_000_000,
        state_dir=options.folder,
        parameters={} if options.kapso_url is None else {"KapsoBaseUrl": options.kapso_url},
        environment={"SWEEP_INTERVAL_MINUTES": str(-(-options.every // MINUTE))},  # what health calls late
    )
    with ExitStack() as running:
        with _refusals(options), waiting("starting the local stack"):
            running.enter_context(stack)
        stack.start_delivery()
        yield stack


@contextmanager
def _refusals(options: Options) -> Iterator[None]:
    try:
        yield
    except AlreadyRunningError as error:
        raise CommandError(f"{error}: use that one, or name another folder with --state-dir") from None
    except PortError as error:
        option = "--api-port" if error.port == options.api_port else "--aws-port"
        raise CommandError(
            f"port {error.port} is {error.reason}: choose another one with {option}, 0 for any free one"
        ) from None


@dataclass
class Session:
    """One run of the command; `serving` once the first sweep is done."""

    options: Options
    out: Console
    serving: bool = False

    def run(self, target: Target, stack: LocalStack) -> int:
        """Load, sweep, and serve until KeyboardInterrupt; with --once, only load and sweep."""
        print_report(self._load(target), self.out)
        first = self._first_sweep(target)
        if self.options.once:
            return WELL if first.well else NOT_WELL
        self.serving = True
        self.out.print(announcement(target, self.options.folder))
        stack.start_schedules(but=target.outputs["DispatcherFunctionName"])  # sweeps come as --every says
        self._serve(target, first.sweep["run_at"])
        return WELL

    def _load(self, target: Target) -> ImportReport:
        if self.options.snapshot is not None:
            return load(target, self.options.snapshot)
        return load_demo(target, self.options.at or target.clock.now())

    def _first_sweep(self, target: Target) -> Outcome:
        target.connect()
        run_at = self.options.at or whole_second(target.clock.now())
        found = run_sweep(target, run_at, self.options.timeout, every_run=True)
        self.out.print("")
        print_sweep(found, target.clock.now(), self.out)
        self.out.print("", tables.sweep_runs(found.runs, RUNS_SHOWN), "")
        report_trouble(found, self.options.timeout, with_errors=False)  # they stand in the table
        if self.options.as_json:
            print_json(found.document())
        return found

    def _serve(self, target: Target, first_run_at: int) -> None:
        schedule = Schedule(_moment(first_run_at), self.options.every)
        while True:
            due = schedule.next_after(_moment(target.clock.now()))
            self.out.print(f"Next sweep at {due:%Y-%m-%dT%H:%M:%SZ}. Ctrl-C ends everything.", "")
            target.clock.sleep(max(0.0, (due - _moment(target.clock.now())).total_seconds()))
            self._scheduled_sweep(target, due)

    def _scheduled_sweep(self, target: Target, due: datetime) -> None:
        timeout = min(self.options.timeout, self.options.every)
        try:
            found = run_sweep(target, round(due.timestamp() * SECOND_MS), timeout, every_run=False)
        except Exception as error:
            line = explained(error)
            if line is None:
                raise
            console(stderr=True).print(f"error: {line}", soft_wrap=True)
            return
        print_sweep(found, target.clock.now(), self.out)
        report_trouble(found, timeout)


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / SECOND_MS, UTC)
