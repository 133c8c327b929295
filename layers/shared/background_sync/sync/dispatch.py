"""One sweep: a message for every active workspace, none sent for what is completed, none lost half way.

    open the sweep -> claim its segments -> [scan a page -> send its messages -> advance]* -> close

A segment moves in one conditional write after its messages were sent. A dispatcher that dies before that
write sends those messages twice, which the runs' claims absorb; the counts are exact.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

from background_sync.clock import Clock, Deadline
from background_sync.messages import AUDIT, RUN, Message
from background_sync.queue import WorkQueue
from background_sync.records import sweeps
from background_sync.records.database import Database
from background_sync.records.runs import FAILED, RUNNING, LeaseLost, Run, find_all
from background_sync.records.sweeps import Progress, Segment, Sweep
from background_sync.records.workspaces import scan_page
from background_sync.rules.values import InvalidRecord, read_time
from background_sync.rules.workspace import audit_due, skip_reason
from background_sync.telemetry import emit, logger

LEASE_MS = 60_000
"""Of a segment; renewed with every page, so a dispatcher that died is followed within a minute."""
MARGIN_MS = 20_000
POLL_S = 2.0
MAX_THREADS = 8
Workspace = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """What dispatching works with; `invoke_itself` asks for another invocation for the sweep at a time."""

    database: Database
    queue: WorkQueue
    clock: Clock
    invoke_itself: Callable[[int], None]
    shards: int
    segments: int
    audit_enabled: bool
    interval_ms: int


@dataclass(frozen=True, slots=True)
class Dispatched:
    """How far the sweep has come; `complete` when every message of it was sent."""

    run_at: int
    dispatched: int
    skipped: int
    complete: bool


def dispatch(dispatcher: Dispatcher, run_at: int, deadline: Deadline, *, resume: bool = False) -> Dispatched:
    """Send the sweep's messages, after those of any sweep before it that was left half way.

    Asked again for a sweep that is dispatched, it sends what is missing or failed; with `resume`, which is
    how the dispatcher asks itself to go on, it then does nothing.
    """
    for unclosed in sweeps.unclosed_sweeps(run_at):
        logger.warning("resuming a sweep that was left half way", unclosed_run_at=int(unclosed.run_at))
        _walk(dispatcher, unclosed, deadline)
    sweep = sweeps.open_sweep(run_at, dispatcher.clock.now(), dispatcher.shards, dispatcher.segments)
    if sweep.status == sweeps.DISPATCHED and not resume:
        sweep = sweeps.reopen(sweep, recounts=dispatcher.queue.is_empty())
    if sweep.status == sweeps.DISPATCHING:
        sweep = _walk(dispatcher, sweep, deadline)
    return _report(dispatcher, sweep)


def _report(dispatcher: Dispatcher, sweep: Sweep) -> Dispatched:
    run_at, complete = int(sweep.run_at), sweep.status == sweeps.DISPATCHED
    if not complete:
        dispatcher.invoke_itself(run_at)
        logger.info("the sweep goes on in another invocation")
    else:
        emit({"workspaces_dispatched": int(sweep.dispatched), "workspaces_skipped": int(sweep.skipped)})
    return Dispatched(run_at, int(sweep.dispatched), int(sweep.skipped), complete)


def _walk(dispatcher: Dispatcher, sweep: Sweep, deadline: Deadline) -> Sweep:
    """Walk the sweep's segments until all are done or the deadline is near; then close it.

    Segments that another invocation holds are waited for: it may have died, and then its lease ends.
    """
    owner = uuid4().hex
    walk = _Walk(dispatcher, sweep, deadline, owner, _pass(dispatcher, sweep))
    while True:
        walk.free_segments()
        segments = sweeps.read_segments(sweep)
        if len(segments) == sweep.segments and all(segment.done for segment in segments):
            return _close(dispatcher, sweep, segments)
        if deadline.within(MARGIN_MS):
            return sweep
        dispatcher.clock.sleep(POLL_S)


def _close(dispatcher: Dispatcher, sweep: Sweep, segments: Sequence[Segment]) -> Sweep:
    dispatched = sum(int(segment.dispatched) for segment in segments)
    skipped_why: Mapping[str, int] = {}
    for segment in segments:
        skipped_why = sweeps.added(skipped_why, segment.skipped_why)
    return sweeps.close(sweep, dispatcher.clock.now(), dispatched, skipped_why)


class Pass(Protocol):
    """What a pass makes of a page of workspaces."""

    def known(self, workspace_ids: Sequence[str]) -> Mapping[str, Run]:
        """Their runs in this sweep, as far as this pass looks."""

    def sends(self, run: Run | None) -> bool:
        """Whether an active workspace with this run gets a message."""


class FirstPass:
    """Sends everything; there are no runs yet."""

    def known(self, workspace_ids: Sequence[str]) -> Mapping[str, Run]:  # noqa: ARG002
        """None."""
        return {}

    def sends(self, run: Run | None) -> bool:  # noqa: ARG002
        """Always."""
        return True


@dataclass(frozen=True, slots=True)
class LaterPass:
    """Sends what failed and, when it recounts, what is missing.

    While messages still wait in the queue, a run without a record is waiting, not missing.
    """

    run_at: int
    clock: Clock
    recounts: bool

    def known(self, workspace_ids: Sequence[str]) -> Mapping[str, Run]:
        """Read from the table."""
        return {run.workspace_id: run for run in find_all(workspace_ids, self.run_at)}

    def sends(self, run: Run | None) -> bool:
        """Whether the run failed, or nobody is going to work on it."""
        if run is None:
            return self.recounts
        if run.status == FAILED:
            return True
        abandoned = run.status == RUNNING and (run.lease_until or 0) <= self.clock.now()
        return self.recounts and abandoned


def _pass(dispatcher: Dispatcher, sweep: Sweep) -> Pass:
    if sweep.pass_number == 1:
        return FirstPass()
    return LaterPass(int(sweep.run_at), dispatcher.clock, bool(sweep.recounts))


@dataclass(frozen=True, slots=True)
class _Walk:
    dispatcher: Dispatcher
    sweep: Sweep
    deadline: Deadline
    owner: str
    present: Pass

    def free_segments(self) -> None:
        """Walk every segment that is free, several at a time."""
        numbers = range(int(self.sweep.segments))
        if len(numbers) == 1:
            self._segment(0)
            return
        with ThreadPoolExecutor(min(MAX_THREADS, len(numbers))) as pool:
            for _ in pool.map(self._segment, numbers):
                pass

    def _segment(self, number: int) -> None:
        now = self.dispatcher.clock.now()
        segment = sweeps.claim_segment(self.sweep, number, self.owner, now, LEASE_MS)
        if segment is None:
            return
        try:
            while not segment.done:
                if self.deadline.within(MARGIN_MS):
                    sweeps.free_segment(segment)
                    return
                self._page(segment, number)
        except LeaseLost:
            logger.info("another invocation took over segment", segment=number)

    def _page(self, segment: Segment, number: int) -> None:
        page = scan_page(self.dispatcher.database, number, int(self.sweep.segments), segment.cursor)
        runs = self.present.known([_id(each) for each in page.workspaces])
        reasons = {_id(each): skip_reason(each) for each in page.workspaces}
        active = [each for each in page.workspaces if reasons[_id(each)] is None]
        self.dispatcher.queue.send([*self._runs(active, runs), *self._audits(active)])
        skipped = Counter(reason for name, reason in reasons.items() if reason and name not in runs)
        progress = Progress(page.cursor, len(reasons) - skipped.total(), skipped)
        sweeps.advance(segment, progress, self.dispatcher.clock.now() + LEASE_MS)

    def _runs(self, active: Iterable[Workspace], runs: Mapping[str, Run]) -> list[Message]:
        chosen = (_id(each) for each in active if self.present.sends(runs.get(_id(each))))
        return [Message(RUN, name, int(self.sweep.run_at)) for name in chosen]

    def _audits(self, active: Iterable[Workspace]) -> list[Message]:
        if not self.dispatcher.audit_enabled or self.sweep.pass_number != 1:
            return []
        run_at, interval = int(self.sweep.run_at), self.dispatcher.interval_ms
        due = (_id(each) for each in active if audit_due(_id(each), _audited_at(each), run_at, interval))
        return [Message(AUDIT, name, run_at) for name in due]


def _id(workspace: Workspace) -> str:
    return str(workspace["workspace_id"])


def _audited_at(workspace: Workspace) -> int | None:
    try:
        return read_time(workspace, "audited_at")
    except InvalidRecord:
        return None
