"""What runs and sweeps came to, as documents for readers. The newest come first; times are in ms."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

from background_sync.records.counters import TOTALS, sweep_totals
from background_sync.records.database import Database
from background_sync.records.runs import TIME_SHARDS, Run
from background_sync.records.sweeps import Sweep, latest_sweeps
from background_sync.rules.counts import TOTALLED
from background_sync.rules.times import latest_own
from background_sync.rules.values import round_half_up

Document = dict[str, Any]
SweepVersion = tuple[object, ...]
RUN_FIELDS = (
    "workspace_id",
    "run_at",
    "status",
    *TOTALLED,
    "skip_reason",
    "deferred_why",
    "webhook",
    "webhook_missing",
    "error",
    "attempts",
    "started_at",
    "finished_at",
    "duration_ms",
    "read_units",
    "write_units",
)
"""What readers see of a run's record. The rest only matters to its next attempt."""
BY_TIME = "by_time"
THREADS = 8
MAX_CACHED = 200


# ---------------------------------------------------------------- sweeps


class SweepHistory:
    """Reads sweeps with their totals: all of them, or only those in `names`.

    The totals of a sweep are final once all its runs are completed, and are then cached. Only another pass
    over the sweep could change them, and that changes the sweep's version.
    """

    def __init__(self, database: Database, names: Sequence[str] = TOTALS) -> None:
        self._database = database
        self._names = names
        self._cache: dict[SweepVersion, dict[str, int]] = {}

    def newest(self, limit: int, until: int | None = None) -> list[Document]:
        return self._documents(latest_sweeps(limit, until))

    def one(self, sweep: Sweep) -> Document:
        return self._documents([sweep])[0]

    def _documents(self, sweeps: Sequence[Sweep]) -> list[Document]:
        unknown = [sweep for sweep in sweeps if _version(sweep) not in self._cache]
        read = sweep_totals(self._database, unknown, self._names)
        totals = [self._cache.get(_version(sweep)) or read[int(sweep.run_at)] for sweep in sweeps]
        if len(self._cache) > MAX_CACHED:
            self._cache.clear()
        for sweep in unknown:
            if _is_final(sweep, read[int(sweep.run_at)]):
                self._cache[_version(sweep)] = read[int(sweep.run_at)]
        return [_sweep_document(*each) for each in zip(sweeps, totals, strict=True)]


def _version(sweep: Sweep) -> SweepVersion:
    return sweep.run_at, sweep.pass_number, sweep.status, sweep.dispatched_at, sweep.dispatched


def _is_final(sweep: Sweep, totals: Mapping[str, int]) -> bool:
    all_completed = totals["completed"] >= max(1, int(sweep.dispatched)) and totals["failed"] == 0
    return sweep.dispatched_at is not None and all_completed


def _sweep_document(sweep: Sweep, totals: Mapping[str, int]) -> Document:
    """A sweep is `finished` when all its messages are sent and none of its runs is open.

    `skipped` counts workspaces that got no message, `skipped_runs` runs whose workspace was no longer active.
    """
    return {
        **totals,
        "run_at": sweep.run_at,
        "status": sweep.status,
        "finished": sweep.dispatched_at is not None
        and totals["completed"] + totals["failed"] >= sweep.dispatched,
        "dispatched": sweep.dispatched,
        "skipped": sweep.skipped,
        "skipped_why": sweep.skipped_why,
        "skipped_runs": totals["skipped"],
        "started_at": sweep.started_at,
        "dispatched_at": sweep.dispatched_at,
    }


# ---------------------------------------------------------------- runs


def workspace_runs(workspace_id: str, limit: int, now: int) -> list[Document]:
    """A workspace's newest runs. Those of a time in the future would hide all others, and are left out."""
    until = Run.run_at <= latest_own(now)
    newest = Run.query(workspace_id, until, scan_index_forward=False, limit=limit, consistent_read=True)
    return [_run_document(run) for run in newest]


def latest_runs(database: Database, limit: int, now: int) -> list[Document]:
    """The newest runs of all workspaces: `limit` keys of each index shard, then the newest of those."""
    until = latest_own(now)
    with ThreadPoolExecutor(THREADS) as pool:
        shards = pool.map(lambda shard: _newest_keys(database, shard, limit, until), range(TIME_SHARDS))
        keys = sorted((key for shard in shards for key in shard), key=_newest_first)
    return _read(keys[:limit])


def sweep_runs(run_at: int) -> list[Document]:
    """All runs of one sweep, for the command line: a sweep may have a million."""
    with ThreadPoolExecutor(THREADS) as pool:
        shards = pool.map(lambda shard: _keys_at(shard, run_at), range(TIME_SHARDS))
        return _read(sorted((key for shard in shards for key in shard), key=_newest_first))


def _newest_keys(database: Database, shard: int, limit: int, until: int) -> list[tuple[str, int]]:
    answer = database.client.query(
        TableName=database.tables.sync_health,
        IndexName=BY_TIME,
        KeyConditionExpression="time_shard = :shard AND run_at <= :until",
        ExpressionAttributeValues={":shard": {"S": str(shard)}, ":until": {"N": str(until)}},
        ScanIndexForward=False,
        Limit=limit,
    )
    return [(item["workspace_id"]["S"], int(Decimal(item["run_at"]["N"]))) for item in answer["Items"]]


def _keys_at(shard: int, run_at: int) -> list[tuple[str, int]]:
    return [(run.workspace_id, run_at) for run in Run.by_time.query(str(shard), Run.run_at == run_at)]


def _newest_first(key: tuple[str, int]) -> tuple[int, str]:
    workspace_id, run_at = key
    return -run_at, workspace_id


def _read(keys: Sequence[tuple[str, int]]) -> list[Document]:
    found = {(run.workspace_id, int(run.run_at)): run for run in Run.batch_get(keys, consistent_read=True)}
    return [_run_document(found[key]) for key in keys if key in found]


def _run_document(run: Run) -> Document:
    """The counts are null until the run is completed."""
    return {name: getattr(run, name) for name in RUN_FIELDS}


# ---------------------------------------------------------------- both


def summary(documents: Iterable[Document]) -> Document | None:
    """`last_run`, `avg_stale` (rounded half up) and `total_flagged` of runs or sweeps; None without any."""
    listed = list(documents)
    if not listed:
        return None
    stale = sum(each["stale_found"] or 0 for each in listed)
    return {
        "last_run": max(each["run_at"] for each in listed),
        "avg_stale": round_half_up(stale, len(listed)),
        "total_flagged": sum(each["flagged"] or 0 for each in listed),
    }
