"""One sweep: a message for every active workspace, none for completed runs, and none lost half way.

    open the sweep -> claim its segments -> [scan a page -> send its messages -> advance]* -> close

A segment advances in one conditional write after its messages were sent. If a dispatcher dies before that
write, those messages are sent twice: the second one finds its run claimed or completed. The counts are exact.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import uuid4

from background_sync.clock import Clock, Deadline
from background_sync.messages import AUDIT, RUN, Message
from background_sync.queue import WorkQueue
from background_sync.records import sweeps, workspaces
from background_sync.records.database import Database
from background_sync.records.runs import FAILED, RUNNING, LeaseLost, Run, find_all
from background_sync.records.sweeps import PageResult, Segment, Sweep
from background_sync.rules.times import future_times
from background_sync.rules.values import valid_time
from background_sync.rules.workspace import audit_due, skip_reason
from background_sync.telemetry import emit, logger

LEASE_MS = 60_000
"""The lease of a segment. It is renewed with each page, so a dead dispatcher is replaced within a minute."""
MARGIN_MS = 20_000
POLL_S = 2.0
MAX_THREADS = 8
Record = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatcher:
    """What dispatching works with; `invoke_itself` starts another invocation for the sweep at a time (ms)."""

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
    """How far the sweep has come; `complete` when all its messages were sent."""

    run_at: int
    dispatched: int
    skipped: int
    complete: bool


def dispatch(dispatcher: Dispatcher, run_at: int, deadline: Deadline, *, resume: bool = False) -> Dispatched:
    """Send the sweep's messages, after those of earlier sweeps whose dispatching has not ended.

    For a sweep that is dispatched already, it sends the messages of runs that are missing or failed. With
    `resume`, which is how the dispatcher invokes itself to continue, it then does nothing.
    """
    now = dispatcher.clock.now()
    if removed := sweeps.remove_future_sweeps(now):
        logger.warning("removed sweeps of a time in the future", removed=removed)
    for unclosed in sweeps.unclosed_sweeps(run_at, dispatcher.interval_ms):
        logger.warning(
            "resuming an earlier sweep whose dispatching has not ended", unclosed_run_at=int(unclosed.run_at)
        )
        _walk(dispatcher, unclosed, deadline)
    sweep = sweeps.open_sweep(run_at, now, shards=dispatcher.shards, segments=dispatcher.segments)
    if sweep.status == sweeps.DISPATCHED and not resume:
        sweep = sweeps.reopen(sweep, recounts=dispatcher.queue.is_empty())
    if sweep.status == sweeps.DISPATCHING:
        sweep = _walk(dispatcher, sweep, deadline)
    return _report(dispatcher, sweep)


def _report(dispatcher: Dispatcher, sweep: Sweep) -> Dispatched:
    run_at, complete = int(sweep.run_at), sweep.status == sweeps.DISPATCHED
    if not complete:
        dispatcher.invoke_itself(run_at)
        logger.debug("the sweep continues in another invocation")
    else:
        emit({"workspaces_dispatched": int(sweep.dispatched), "workspaces_skipped": int(sweep.skipped)})
    return Dispatched(run_at, int(sweep.dispatched), int(sweep.skipped), complete)


def _walk(dispatcher: Dispatcher, sweep: Sweep, deadline: Deadline) -> Sweep:
    """Walk the sweep's segments until all are done, then close it; or stop when the deadline is near.

    It waits for segments that another invocation holds: that one may have died, and then its lease expires.
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


@dataclass(frozen=True, slots=True)
class Pass:
    """Which workspaces of a page get a message.

    The first pass sends all of them. A later pass sends the failed runs and, if it `recounts`, those that are
    missing: while messages still wait in the queue, a run without a record is waiting, not missing.
    """

    is_first: bool
    run_at: int
    clock: Clock
    recounts: bool

    def known_runs(self, workspace_ids: Sequence[str]) -> Mapping[str, Run]:
        """The runs of these workspaces in this sweep; a first pass does not need them."""
        if self.is_first:
            return {}
        return {run.workspace_id: run for run in find_all(workspace_ids, self.run_at)}

    def sends(self, run: Run | None) -> bool:
        """Whether an active workspace with this run gets a message."""
        if self.is_first or run is None:
            return self.is_first or self.recounts
        if run.status == FAILED:
            return True
        abandoned = run.status == RUNNING and (run.lease_until or 0) <= self.clock.now()
        return self.recounts and abandoned


def _pass(dispatcher: Dispatcher, sweep: Sweep) -> Pass:
    return Pass(sweep.pass_number == 1, int(sweep.run_at), dispatcher.clock, bool(sweep.recounts))


@dataclass(frozen=True, slots=True)
class _Walk:
    dispatcher: Dispatcher
    sweep: Sweep
    deadline: Deadline
    owner: str
    current: Pass

    def free_segments(self) -> None:
        """Walk every segment without an owner, several at a time."""
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
            logger.debug("another invocation took over segment", segment=number)

    def _page(self, segment: Segment, number: int) -> None:
        page = workspaces.scan_page(
            self.dispatcher.database,
            workspaces.SCANNED,
            workspaces.SCAN_PAGE,
            segment.cursor,
            Segment=number,
            TotalSegments=int(self.sweep.segments),
        )
        runs = self.current.known_runs([_id(each) for each in page.records])
        reasons = {_id(each): skip_reason(each) for each in page.records}
        active = [each for each in page.records if reasons[_id(each)] is None]
        self.dispatcher.queue.send([*self._runs(active, runs), *self._audits(active)])
        skipped = Counter(reason for name, reason in reasons.items() if reason and name not in runs)
        result = PageResult(page.after, len(reasons) - skipped.total(), skipped)
        sweeps.advance(segment, result, self.dispatcher.clock.now() + LEASE_MS)

    def _runs(self, active: Iterable[Record], runs: Mapping[str, Run]) -> list[Message]:
        chosen = (_id(each) for each in active if self.current.sends(runs.get(_id(each))))
        return [Message(RUN, name, int(self.sweep.run_at)) for name in chosen]

    def _audits(self, active: Sequence[Record]) -> list[Message]:
        if not self.dispatcher.audit_enabled or self.sweep.pass_number != 1:
            return []
        run_at, interval = int(self.sweep.run_at), self.dispatcher.interval_ms
        now = self.dispatcher.clock.now()
        # An audit in the future counts as none: this one is due, and replaces its time.
        wrong = {_id(each) for each in active if future_times(each, ("audited_at",), now)}
        if wrong:
            logger.warning("audits of a time in the future are due again", workspaces=len(wrong))
        due = (
            _id(each)
            for each in active
            if _id(each) in wrong or audit_due(each, valid_time(each, "audited_at"), run_at, interval)
        )
        return [Message(AUDIT, name, run_at) for name in due]


def _id(record: Record) -> str:
    return str(record["workspace_id"])
