"""A sweep's counters: sharded, and moved in the transaction that changes a run's state.

A million runs an hour must not meet on one item, and a run must stand in exactly one of completed or failed.
"""

import random
from collections.abc import Mapping, Sequence

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from background_sync.clock import Clock
from background_sync.records.database import Record
from background_sync.records.runs import COMPLETED, FAILED, LeaseLost, Outcomes, Run, expiry, find
from background_sync.rules.counts import TOTALLED
from background_sync.rules.values import shard_of

MAX_TRIES = 8
BACKOFF_S = 0.05
CONFLICTS = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})


class SweepCounter(Outcomes, Record):
    """One shard (`#sweep-shard#NN`, `run_at`) of what a sweep's runs came to."""

    class Meta:
        table_name = ""

    table = "sync_health"

    workspace_id = UnicodeAttribute(hash_key=True)
    run_at = NumberAttribute(range_key=True)
    expires_at = NumberAttribute(null=True)
    completed = NumberAttribute(null=True)
    failed = NumberAttribute(null=True)


def counter_key(shard: int) -> str:
    """The partition of one shard's counters."""
    return f"#sweep-shard#{shard:02d}"


def sweep_totals(run_at: int, shards: int) -> dict[str, int]:
    """`completed`, `failed` and every outcome count of a sweep, summed over its shards."""
    keys = [(counter_key(shard), run_at) for shard in range(shards)]
    counters = list(SweepCounter.batch_get(keys, consistent_read=True))
    return {
        name: sum(int(getattr(counter, name) or 0) for counter in counters)
        for name in ("completed", "failed", *TOTALLED)
    }


class Closing:
    """Closes runs over one connection; `shards` is the number that their sweep was opened with."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def complete(self, run: Run, counts: Mapping[str, int], actions: Sequence[Action], shards: int) -> None:
        """running or failed -> completed, with the run's counts; raises `LeaseLost`."""
        moved = {"completed": 1, **({"failed": -1} if run.status == FAILED else {}), **counts}
        spent = (Run.lease_until, Run.scan, Run.verification, Run.place, Run.selection, Run.progress)
        last = [Run.status.set(COMPLETED), *(each.remove() for each in spent)]
        all_counts = {**dict.fromkeys(TOTALLED, 0), **counts}
        outcome = [getattr(Run, name).set(count) for name, count in all_counts.items()]
        self._close(run, COMPLETED, [*last, *outcome, *actions], moved, shards)

    def fail(self, run: Run, actions: Sequence[Action], shards: int) -> None:
        """running -> failed, or failed once more; its lease is free at once; raises `LeaseLost`."""
        moved = {} if run.status == FAILED else {"failed": 1}
        last = [Run.status.set(FAILED), Run.lease_until.remove()]
        self._close(run, FAILED, [*last, *actions], moved, shards)

    def _close(
        self, run: Run, status: str, actions: list[Action], moved: Mapping[str, int], shards: int
    ) -> None:
        for attempt in range(MAX_TRIES):
            try:
                return self._transact(run, actions, moved, shards)
            except TransactWriteError as error:
                if _is_conflict(error) and attempt + 1 < MAX_TRIES:
                    self._clock.sleep(BACKOFF_S * 2**attempt * random.random())  # noqa: S311 - jitter
                elif _is_closed_by_us(run, status):
                    return None
                else:
                    raise _lost_or(error) from error
        return None

    def _transact(self, run: Run, actions: list[Action], moved: Mapping[str, int], shards: int) -> None:
        run_at = int(run.run_at)
        counter = SweepCounter(counter_key(shard_of(run.workspace_id, shards)), run_at)
        added = [getattr(SweepCounter, name).add(by) for name, by in moved.items() if by]
        with TransactWrite(connection=self._connection) as transaction:
            transaction.update(run, actions=actions, condition=_still_ours(run))
            if added:
                transaction.update(counter, actions=[*added, SweepCounter.expires_at.set(expiry(run_at))])


def _still_ours(run: Run) -> Condition:
    """The lease is the one that the run was read with, in the state that it was read in."""
    lease: Condition = (
        Run.lease_until.does_not_exist() if run.lease_until is None else Run.lease_until == run.lease_until
    )
    unchanged: Condition = (Run.status == run.status) & (Run.lease_owner == run.lease_owner) & lease
    return unchanged


def _is_conflict(error: TransactWriteError) -> bool:
    reasons = {reason.code for reason in error.cancellation_reasons if reason is not None}
    return bool(reasons) and reasons <= CONFLICTS


def _is_closed_by_us(run: Run, status: str) -> bool:
    """Whether the transaction went through although its answer says otherwise, or never came."""
    now = find(run.workspace_id, int(run.run_at))
    return (
        now is not None
        and now.status == status
        and now.lease_owner == run.lease_owner
        and now.lease_until is None
    )


def _lost_or(error: TransactWriteError) -> Exception:
    codes = {reason.code for reason in error.cancellation_reasons if reason is not None}
    return LeaseLost() if "ConditionalCheckFailed" in codes else error
