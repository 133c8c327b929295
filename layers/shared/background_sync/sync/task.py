"""The life of a job: a run, an audit or a backfill of one workspace, each with a record of its own.

    claim -> work -> complete, or fail
              |
              deadline near: save a checkpoint, free the lease, send a follow-up message

Any message of an unfinished job continues from its checkpoint. A run's record is closed in a transaction with
its sweep's counters; an audit or a backfill belongs to no sweep.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from pynamodb.expressions.update import Action

from background_sync.clock import Clock, Deadline
from background_sync.messages import AUDIT, BACKFILL, RUN, Message
from background_sync.queue import WorkQueue
from background_sync.records import runs
from background_sync.records.counters import complete_run, fail_run
from background_sync.records.database import Database, Usage
from background_sync.records.forgotten import Forgotten
from background_sync.records.runs import COMPLETED, FAILED, RUNNING, LeaseLost, Run
from background_sync.records.sweeps import counter_shards
from background_sync.telemetry import emit, limited_warnings, logger
from background_sync.tokens import Tokens

MAX_ERROR_LENGTH = 500
MAX_PAUSE_S = 900
"""The longest delay of an SQS message."""
EXPIRED = "lease expired without a result"
PARTITIONS: Mapping[str, Callable[[str], str]] = {
    RUN: str,
    AUDIT: runs.audit_key,
    BACKFILL: runs.backfill_key,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kapso:
    """Where Kapso is, and how the workspaces' keys are read."""

    base_url: str
    tokens: Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class JobContext:
    """What every job works with. `interval_ms` is the time between two sweeps.

    `page_size` limits a page of contacts; None is DynamoDB's 1 MB.
    """

    database: Database
    queue: WorkQueue
    clock: Clock
    kapso: Kapso
    forgotten: Forgotten
    lease_ms: int
    interval_ms: int
    capacity_metered: bool = True
    page_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A claimed record, worked on until it is complete or the deadline is near."""

    context: JobContext
    message: Message
    record: Run
    deadline: Deadline
    usage: Usage

    @property
    def database(self) -> Database:
        return self.context.database

    @property
    def workspace_id(self) -> str:
        return self.message.workspace_id

    @property
    def run_at(self) -> int:
        """The moment that the rules judge, however late or often the job is attempted (ms)."""
        return self.message.run_at

    def now(self) -> int:
        return self.context.clock.now()

    def save(self, *actions: Action) -> None:
        """Write on the record; raises `LeaseLost`."""
        runs.update_held(self.record, *actions)

    def follow_up(self, *actions: Action, delay_s: int = 0) -> None:
        """Save where the work continues, free the lease, and send a message to continue; raises `LeaseLost`.

        The lease is freed first: a message that came before that would find the record owned.
        """
        runs.release(self.record, *actions, *self._units())
        self.context.queue.send([self.message], delay_s=delay_s)

    def pause(self, until: int, *actions: Action) -> int:
        """Free the lease as `follow_up` does, and continue at `until` (ms); returns the delay in seconds.

        If that is longer than SQS can delay a message, the work looks earlier whether it may continue.
        """
        delay_s = min(max(1, ceil((until - self.now()) / 1000)), MAX_PAUSE_S)
        self.follow_up(*actions, delay_s=delay_s)
        return delay_s

    def complete(self, counts: Mapping[str, int], *actions: Action) -> None:
        """Close the record with its counts; raises `LeaseLost`."""
        closing = [*self._closed(), Run.error.remove(), *actions]
        if self.message.kind == RUN:
            complete_run(self.database, self.record, counts, closing, counter_shards(self.run_at))
            return
        saved = (Run.lease_until, Run.checkpoint, Run.scan, Run.deferred_why)
        self.save(
            Run.status.set(COMPLETED),
            *(each.remove() for each in saved),
            *(getattr(Run, name).set(count) for name, count in counts.items()),
            *closing,
        )

    def fail(self, error: Exception) -> None:
        """Close the record as failed. If that fails too, its lease expires by itself."""
        text = f"{type(error).__name__}: {error}"[:MAX_ERROR_LENGTH]
        try:
            is_first = close_failed(self.context, self.record, self.message.kind, text, self._closed())
            if self.message.kind == RUN:
                metrics = {"runs_failed": int(is_first), "run_duration": self.duration_ms}
                emit(metrics, self.workspace_id)
        except LeaseLost:
            logger.debug("the record is no longer ours, so the failure is not recorded")
        except Exception:
            logger.exception("the failure could not be recorded")

    @property
    def duration_ms(self) -> int:
        """Since the record was first claimed."""
        return self.now() - int(self.record.started_at)

    def spent(self) -> dict[str, float]:
        """Capacity units of all attempts so far; none if they are not metered."""
        if not self.context.capacity_metered:
            return {}
        return {
            "read_units": (self.record.read_units or 0) + self.usage.read_units,
            "write_units": (self.record.write_units or 0) + self.usage.write_units,
        }

    def _units(self) -> list[Action]:
        # The write that stores the units cannot include its own.
        return [getattr(Run, name).set(units) for name, units in self.spent().items()]

    def _closed(self) -> list[Action]:
        return [Run.finished_at.set(self.now()), Run.duration_ms.set(self.duration_ms), *self._units()]


def run_job(
    context: JobContext,
    message: Message,
    deadline: Deadline,
    work: Callable[[Job], None],
    *,
    first_delivery: bool,
) -> Run:
    """Claim the message's record and do `work`; an error is recorded, and raised again.

    Returns the record. It may have been completed before.

    Raises:
        OwnedElsewhere, AttemptsSpent: nothing was done, see `runs.claim`.
        LeaseLost: another delivery took it over.
    """
    with limited_warnings(), context.database.attempt(deadline) as usage:
        record = _claim(context, message, first_delivery=first_delivery)
        if record.status == COMPLETED:
            logger.debug("it is completed already")
            return record
        job = Job(context=context, message=message, record=record, deadline=deadline, usage=usage)
        try:
            work(job)
        except LeaseLost:
            raise
        except Exception as error:
            job.fail(error)
            raise
        return record


def _claim(context: JobContext, message: Message, *, first_delivery: bool) -> Run:
    partition = PARTITIONS[message.kind](message.workspace_id)
    now = context.clock.now()
    try:
        return runs.claim(partition, message.run_at, now, context.lease_ms, first_delivery=first_delivery)
    except runs.AttemptsSpent as spent:
        if message.kind == RUN and spent.run.status == RUNNING:
            close_expired(context, spent.run)
        raise


def close_expired(context: JobContext, run: Run) -> None:
    """Close a run as failed whose lease expired without a result."""
    logger.warning("closing a run whose lease expired without a result", expired_run_at=int(run.run_at))
    try:
        is_first = close_failed(context, run, RUN, EXPIRED, [Run.finished_at.set(context.clock.now())])
        emit({"runs_failed": int(is_first)}, run.workspace_id)
    except LeaseLost:
        logger.debug("another delivery works on it", expired_run_at=int(run.run_at))


def close_failed(context: JobContext, record: Run, kind: str, error: str, closing: list[Action]) -> bool:
    """Close a record as failed, with its error; raises `LeaseLost`.

    Returns whether it fails for the first time: sweeps and metrics count runs, not attempts.
    """
    is_first = record.status != FAILED
    actions: list[Any] = [*closing, Run.error.set(error)]
    if kind == RUN:
        fail_run(context.database, record, actions, counter_shards(int(record.run_at)))
    else:
        runs.update_held(record, Run.status.set(FAILED), Run.lease_until.remove(), *actions)
    return is_first
