"""The totals of many sweeps at a time, for those who look at their history."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from background_sync.records.batches import read_many, run_key
from background_sync.records.counters import counter_key
from background_sync.records.database import Database
from background_sync.records.sweeps import Sweep
from background_sync.rules.counts import TOTALLED

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
