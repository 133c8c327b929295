"""What runs and sweeps came to, newest first, as documents for readers (times in ms)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from background_sync.records.counters import counter_key, sweep_totals
from background_sync.records.database import Database, read_many, run_key
from background_sync.records.runs import TIME_SHARDS, Run
from background_sync.records.sweeps import Sweep, latest_sweeps
from background_sync.rules.counts import TOTALLED
from background_sync.rules.values import round_half_up

Document = dict[str, Any]
RUN_FIELDS = (
    "status",
    *TOTALLED,
    "skip_reason",
    "deferred_why",
    "webhook",
    "error",
    "attempts",
    "started_at",
    "finished_at",
    "duration_ms",
    "read_units",
    "write_units",
)
BY_TIME = "by_time"
THREADS = 8


COUNTED = ("completed", "failed", *TOTALLED)


MAX_KEPT = 200


Identity = tuple[object, ...]


class Totals:
    """Reads totals, all or those `counted`.

    A sweep whose runs are all completed has its final ones, which are kept: another pass, the only thing that
    could change them, makes another sweep of it here.
    """

    def __init__(self, database: Database, counted: Sequence[str] = COUNTED) -> None:
        self._database = database
        self._counted = counted
        self._kept: dict[Identity, dict[str, int]] = {}

    def of(self, sweeps: Sequence[Sweep]) -> list[dict[str, int]]:
        """`completed`, `failed` and the outcome counts of each sweep."""
        unknown = [sweep for sweep in sweeps if _identity(sweep) not in self._kept]
        read = self._read(unknown)
        found = [self._kept.get(_identity(sweep)) or read[int(sweep.run_at)] for sweep in sweeps]
        self._keep(unknown, read)
        return found

    def _read(self, sweeps: Iterable[Sweep]) -> dict[int, dict[str, int]]:
        sums: dict[int, Counter[str]] = {int(sweep.run_at): Counter() for sweep in sweeps}
        keys = [
            run_key(counter_key(shard), int(sweep.run_at))
            for sweep in sweeps
            for shard in range(int(sweep.shards))
        ]
        table, attributes = self._database.tables.sync_health, ("run_at", *self._counted)
        for item in read_many(self._database, table, keys, attributes):
            counts = {name: int(item[name]["N"]) for name in self._counted if name in item}
            sums[int(item["run_at"]["N"])].update(counts)
        return {run_at: {name: counter[name] for name in self._counted} for run_at, counter in sums.items()}

    def _keep(self, sweeps: Iterable[Sweep], read: dict[int, dict[str, int]]) -> None:
        if len(self._kept) > MAX_KEPT:
            self._kept.clear()
        for sweep in sweeps:
            totals = read[int(sweep.run_at)]
            if _is_final(sweep, totals):
                self._kept[_identity(sweep)] = totals


def _is_final(sweep: Sweep, totals: Mapping[str, int]) -> bool:
    all_completed = totals["completed"] >= max(1, int(sweep.dispatched)) and totals["failed"] == 0
    return sweep.dispatched_at is not None and all_completed


def _identity(sweep: Sweep) -> Identity:
    return sweep.run_at, sweep.pass_number, sweep.status, sweep.dispatched_at, sweep.dispatched


def run_document(run: Run) -> Document:
    """A run's record without what only its attempts need; counts are null until it is completed."""
    return {
        "workspace_id": run.workspace_id,
        "run_at": run.run_at,
        **{name: getattr(run, name) for name in RUN_FIELDS},
    }


def workspace_runs(workspace_id: str, limit: int) -> list[Document]:
    """A workspace's newest runs."""
    newest = Run.query(workspace_id, scan_index_forward=False, limit=limit, consistent_read=True)
    return [run_document(run) for run in newest]


def latest_runs(database: Database, limit: int) -> list[Document]:
    """The newest runs over all workspaces: `limit` keys of each shard, and the records of the newest of
    all."""
    with ThreadPoolExecutor(THREADS) as pool:
        shards = pool.map(lambda shard: _newest_keys(database, shard, limit), range(TIME_SHARDS))
        keys = sorted((key for shard in shards for key in shard), key=_newest_first)[:limit]
    return _read(keys)


def sweep_runs(run_at: int) -> list[Document]:
    """All runs of one sweep; for operators, of a sweep as large as they care to print."""
    with ThreadPoolExecutor(THREADS) as pool:
        shards = pool.map(lambda shard: _keys_at(shard, run_at), range(TIME_SHARDS))
        return _read(sorted((key for shard in shards for key in shard), key=_newest_first))


def _newest_keys(database: Database, shard: int, limit: int) -> list[tuple[str, int]]:
    answer = database.client.query(
        TableName=database.tables.sync_health,
        IndexName=BY_TIME,
        KeyConditionExpression="time_shard = :shard",
        ExpressionAttributeValues={":shard": {"S": str(shard)}},
        ScanIndexForward=False,
        Limit=limit,
    )
    return [(item["workspace_id"]["S"], int(item["run_at"]["N"])) for item in answer["Items"]]


def _keys_at(shard: int, run_at: int) -> list[tuple[str, int]]:
    return [(run.workspace_id, run_at) for run in Run.by_time.query(str(shard), Run.run_at == run_at)]


def _newest_first(key: tuple[str, int]) -> tuple[int, str]:
    workspace_id, run_at = key
    return -run_at, workspace_id


def _read(keys: Sequence[tuple[str, int]]) -> list[Document]:
    found = {(run.workspace_id, int(run.run_at)): run for run in Run.batch_get(keys, consistent_read=True)}
    return [run_document(found[key]) for key in keys if key in found]


def sweep_document(sweep: Sweep, totals: Mapping[str, int] | None = None) -> Document:
    """A sweep with the totals of its runs; `finished` when none of them is open any more.

    `skipped` counts workspaces that got no message, `skipped_runs` those that were no longer active when
    their message was worked on.
    """
    totals = dict(sweep_totals(int(sweep.run_at), int(sweep.shards)) if totals is None else totals)
    skipped_runs = totals.pop("skipped")
    closed = totals["completed"] + totals["failed"]
    return {
        "run_at": sweep.run_at,
        "status": sweep.status,
        "finished": sweep.dispatched_at is not None and closed >= sweep.dispatched,
        "dispatched": sweep.dispatched,
        "skipped": sweep.skipped,
        "skipped_why": sweep.skipped_why,
        "started_at": sweep.started_at,
        "dispatched_at": sweep.dispatched_at,
        "skipped_runs": skipped_runs,
        **totals,
    }


def sweep_documents(totals: Totals, limit: int) -> list[Document]:
    """The newest sweeps."""
    sweeps = latest_sweeps(limit)
    return [sweep_document(*each) for each in zip(sweeps, totals.of(sweeps), strict=True)]


def summary(documents: Iterable[Document]) -> Document | None:
    """`last_run`, `avg_stale` (rounded half up) and `total_flagged` over runs or sweeps; None over none."""
    listed = list(documents)
    if not listed:
        return None
    stale = sum(each["stale_found"] or 0 for each in listed)
    return {
        "last_run": max(each["run_at"] for each in listed),
        "avg_stale": round_half_up(stale, len(listed)),
        "total_flagged": sum(each["flagged"] or 0 for each in listed),
    }
