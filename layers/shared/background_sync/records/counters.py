"""A sweep's counters, and the transaction that moves them when a run is closed.

The counters are sharded, because a million runs an hour must not write one item. They change in the same
transaction as the run's state, so that a run counts in exactly one of completed or failed.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from background_sync.clock import attempts
from background_sync.records.batches import read_many
from background_sync.records.database import Database, Record, run_key
from background_sync.records.runs import COMPLETED, FAILED, LeaseLost, Outcomes, Run, expiry, find
from background_sync.records.sweeps import Sweep
from background_sync.records.typed import deserialize_value
from background_sync.rules.counts import TOTALLED
from background_sync.rules.values import shard_of, to_int

MAX_TRIES = 8
PAUSE_S = 0.05
MAX_SHARDS = 100
TOTALS = ("completed", "failed", *TOTALLED)
"""What is counted of a sweep: how its runs ended, and their counts."""
CONFLICTS = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})


class SweepCounter(Outcomes, Record):
    """One shard (`#sweep-shard#NN`, `run_at`) of a sweep's counts."""

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


def sweep_totals(
    database: Database, sweeps: Collection[Sweep], names: Sequence[str] = TOTALS
) -> dict[int, dict[str, int]]:
    """By `run_at`, the totals with these names of each sweep, summed over its shards."""
    sums: dict[int, Counter[str]] = {int(sweep.run_at): Counter() for sweep in sweeps}
    keys = [
        run_key(counter_key(shard), int(sweep.run_at))
        for sweep in sweeps
        for shard in range(min(int(sweep.shards), MAX_SHARDS))
    ]
    for item in read_many(database, database.tables.sync_health, keys, ("run_at", *names)):
        counts = {name: to_int(deserialize_value(item, name)) or 0 for name in names if name in item}
        sums[int(item["run_at"]["N"])].update(counts)
    return {run_at: {name: sum_[name] for name in names} for run_at, sum_ in sums.items()}


def complete_run(
    database: Database, run: Run, counts: Mapping[str, int], actions: Sequence[Action], shards: int
) -> None:
    """running or failed -> completed, with the run's counts; raises `LeaseLost`.

    `shards` is the number of counters that the sweep was opened with.
    """
    moved = {"completed": 1, **({"failed": -1} if run.status == FAILED else {}), **counts}
    all_counts = {**dict.fromkeys(TOTALLED, 0), **counts}
    saved = (Run.lease_until, Run.scan, Run.verification, Run.checkpoint, Run.selection, Run.progress)
    changes = [
        Run.status.set(COMPLETED),
        *(each.remove() for each in saved),
        *(getattr(Run, name).set(count) for name, count in all_counts.items()),
        *actions,
    ]
    _close(database, run, COMPLETED, changes, moved, shards)
    # A transaction does not refresh the object, as an update would.
    for name, value in {**all_counts, "status": COMPLETED}.items():
        setattr(run, name, value)


def fail_run(database: Database, run: Run, actions: Sequence[Action], shards: int) -> None:
    """running -> failed, or failed again; the lease is free at once; raises `LeaseLost`."""
    moved = {} if run.status == FAILED else {"failed": 1}
    changes = [Run.status.set(FAILED), Run.lease_until.remove(), *actions]
    _close(database, run, FAILED, changes, moved, shards)


def _close(
    database: Database,
    run: Run,
    status: str,
    actions: Sequence[Action],
    moved: Mapping[str, int],
    shards: int,
) -> None:
    refused: TransactWriteError | None = None
    for _ in attempts(database.clock, MAX_TRIES, PAUSE_S):
        try:
            return _transact(database, run, actions, moved, shards)
        except TransactWriteError as error:
            refused = error
            if not _is_conflict(error):
                break
    # The transaction may have been written although its answer says otherwise, or was lost.
    if _is_closed_by_us(run, status):
        return None
    raise _lost_or(refused)


def _transact(
    database: Database, run: Run, actions: Sequence[Action], moved: Mapping[str, int], shards: int
) -> None:
    run_at = int(run.run_at)
    counter = SweepCounter(counter_key(shard_of(run.workspace_id, shards)), run_at)
    added = [getattr(SweepCounter, name).add(by) for name, by in moved.items() if by]
    with TransactWrite(connection=database.connection) as transaction:
        transaction.update(run, actions=list(actions), condition=_still_ours(run))
        if added:
            transaction.update(counter, actions=[*added, SweepCounter.expires_at.set(expiry(run_at))])


def _still_ours(run: Run) -> Condition:
    """The run has the same lease and state as when it was read."""
    lease: Condition = (
        Run.lease_until.does_not_exist() if run.lease_until is None else Run.lease_until == run.lease_until
    )
    unchanged: Condition = (Run.status == run.status) & (Run.lease_owner == run.lease_owner) & lease
    return unchanged


def _is_closed_by_us(run: Run, status: str) -> bool:
    now = find(run.workspace_id, int(run.run_at))
    return (
        now is not None
        and now.status == status
        and now.lease_owner == run.lease_owner
        and now.lease_until is None
    )


def _codes(error: TransactWriteError) -> set[str]:
    return {reason.code for reason in error.cancellation_reasons if reason is not None}


def _is_conflict(error: TransactWriteError) -> bool:
    codes = _codes(error)
    return bool(codes) and codes <= CONFLICTS


def _lost_or(error: TransactWriteError | None) -> Exception:
    if error is not None and "ConditionalCheckFailed" in _codes(error):
        return LeaseLost()
    return error or LeaseLost()
