"""The local stack of `background-sync up`: started, loaded, swept, and served until it is interrupted."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console

from background_sync.clock import SystemClock
from background_sync.rules.base_url import validate_base_url
from background_sync_ops.cli.errors import explained
from background_sync_ops.cli.importing import load, load_demo, print_left_out, print_report, require_snapshot
from background_sync_ops.cli.local_stack_page import what_runs_where, what_to_try
from background_sync_ops.cli.output import console, print_json, print_stderr, waiting
from background_sync_ops.cli.signals import interrupted_by_signals
from background_sync_ops.cli.sweep import print_sweep, report_problems, run_sweep, whole_second
from background_sync_ops.cli.tables import sweep_runs
from background_sync_ops.cli.times import SECOND_MS
from background_sync_ops.cli.up import UpOptions
from background_sync_ops.demo_kapso import add_webhooks, demo_kapso
from background_sync_ops.errors import INTERRUPTED, NOT_OK, OK, USAGE, CommandError
from background_sync_ops.following import POLL_S
from background_sync_ops.kapso import KapsoServer
from background_sync_ops.pages.local import LocalPages
from background_sync_ops.snapshot import ImportReport
from background_sync_ops.stack.errors import AlreadyRunningError, PortError
from background_sync_ops.stack.schedule import Schedule
from background_sync_ops.stack.stack import LocalStack
from background_sync_ops.stack.state import STATE_DIR
from background_sync_ops.sweeping import SweepOutcome
from background_sync_ops.target import Target, running_target

MINUTE = timedelta(minutes=1)
RUNS_SHOWN = 40
TEMPLATE = Path(__file__).parents[3] / "template.yaml"


def run_local_stack(options: UpOptions) -> int:
    """The exit status: with --once, that of the sweep; else whether the stack was served."""
    if options.kapso_url is not None:
        try:
            validate_base_url(options.kapso_url)
        except ValueError as error:
            raise CommandError(f"--kapso-url: {error}", USAGE) from None
    if options.snapshot is not None:
        require_snapshot(options.snapshot)
    session = Session(options, options.state_dir or STATE_DIR, console(stderr=options.as_json))
    try:
        with interrupted_by_signals(), _stack(options, session.state_dir) as stack:
            return session.run(running_target(session.state_dir), stack)
    except KeyboardInterrupt:
        session.out.print("Ended.")
        return OK if session.serving else INTERRUPTED


@contextmanager
def _stack(options: UpOptions, state_dir: Path) -> Iterator[LocalStack]:
    with ExitStack() as running:
        with _named_options(options), waiting("starting the local stack"):
            stack = _local_stack(options, state_dir, running)
        stack.http_api.local_routes["/"] = LocalPages(stack)
        stack.start_delivery()
        yield stack


def _local_stack(options: UpOptions, state_dir: Path, running: ExitStack) -> LocalStack:
    offset_ms = 0 if options.at is None else options.at - time.time_ns() // 1_000_000
    kapso_url, store = options.kapso_url, None
    if kapso_url is None and options.snapshot is None:
        # The demo's people are not known to the real Kapso.
        store = demo_kapso(options.at or SystemClock().now())
        kapso_url = running.enter_context(
            KapsoServer(store, lambda: SystemClock(stack.clock_offset_ms).now())
        ).url
    stack = LocalStack(
        options.template or TEMPLATE,
        aws_port=options.aws_port,
        api_port=options.api_port,
        clock_offset_ms=offset_ms,
        state_dir=state_dir,
        parameters={"Intake": "on", **({} if kapso_url is None else {"KapsoBaseUrl": kapso_url})},
        # Health needs the interval to know when a sweep is late.
        environment={"SWEEP_INTERVAL_MINUTES": str(-(-options.every // MINUTE))},
    )
    running.enter_context(stack)
    if store is not None:
        add_webhooks(store, stack.outputs, stack.client("ssm"))
    return stack


@contextmanager
def _named_options(options: UpOptions) -> Iterator[None]:
    """Errors of the start say which option helps."""
    try:
        yield
    except AlreadyRunningError as error:
        raise CommandError(f"{error}: use that one, or choose another folder with --state-dir") from None
    except PortError as error:
        option = "--api-port" if error.port == options.api_port else "--aws-port"
        advice = f"choose another port with {option}, 0 for any free port"
        raise CommandError(f"port {error.port} is {error.reason}: {advice}") from None


@dataclass
class Session:
    """One run of the command. `serving` is true once the first sweep is done."""

    options: UpOptions
    state_dir: Path
    out: Console
    serving: bool = False

    def run(self, target: Target, stack: LocalStack) -> int:
        """Load and sweep; without --once, also serve until KeyboardInterrupt."""
        if not self.options.once:
            self.out.print(what_runs_where(target, self.state_dir, self.options.every))
        loaded = self._load(target)
        print_report(loaded, self.out)
        first = self._first_sweep(target)
        print_left_out(loaded)
        if self.options.once:
            return OK if first.succeeded and not loaded.bad else NOT_OK
        self.serving = True
        self.out.print(what_to_try(self.state_dir, first.runs), soft_wrap=True)
        # The dispatcher is left out: --every says when it is invoked.
        stack.start_schedules(excluding=target.outputs["DispatcherFunctionName"])
        self._serve(target, stack, first.sweep["run_at"])
        return OK

    def _load(self, target: Target) -> ImportReport:
        options = self.options
        if options.snapshot is not None:
            return load(target, options.snapshot, options.report_file, keep_secrets=options.keep_secrets)
        return load_demo(target, options.at or target.clock.now())

    def _first_sweep(self, target: Target) -> SweepOutcome:
        run_at = self.options.at or whole_second(target.clock.now())
        outcome = run_sweep(target, run_at, self.options.timeout, every_run=True)
        self.out.print("")
        print_sweep(outcome, target.clock.now(), self.out)
        self.out.print("", sweep_runs(outcome.runs, RUNS_SHOWN), "")
        # The table shows the errors of failed runs.
        report_problems(outcome, self.options.timeout, with_errors=False)
        if self.options.as_json:
            print_json(outcome.document())
        return outcome

    def _serve(self, target: Target, stack: LocalStack, first_run_at: int) -> None:
        schedule = Schedule(_datetime(first_run_at), self.options.every)
        while True:
            clock = SystemClock(stack.clock_offset_ms)
            due = schedule.next_after(_datetime(clock.now()))
            self.out.print(f"Next sweep at {due:%Y-%m-%dT%H:%M:%SZ}. Ctrl-C ends everything.", "")
            # `sweep --advance-clock` may move the stack's clock meanwhile: then another sweep is the next.
            while stack.clock_offset_ms == clock.offset_ms:
                left_s = (due - _datetime(clock.now())).total_seconds()
                if left_s <= 0:
                    self._scheduled_sweep(replace(target, clock=clock), due)
                    break
                clock.sleep(min(left_s, POLL_S))

    def _scheduled_sweep(self, target: Target, due: datetime) -> None:
        timeout = min(self.options.timeout, self.options.every)
        try:
            outcome = run_sweep(target, round(due.timestamp() * SECOND_MS), timeout, every_run=False)
        except Exception as error:
            line = explained(error)
            if line is None:
                raise
            print_stderr(f"error: {line}")
            return
        print_sweep(outcome, target.clock.now(), self.out)
        report_problems(outcome, timeout)


def _datetime(at: int) -> datetime:
    return datetime.fromtimestamp(at / SECOND_MS, UTC)
