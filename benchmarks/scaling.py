"""How far a sweep scales: `python -m benchmarks.scaling` simulates it and writes docs/scaling.md.

`… measure` prints the processor's times of `service_times.py`. `… held 200 800` runs real sweeps of so many
workspaces on the local stack and prints what the simulation, with the first one's times, says of the last.
"""

import os
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from math import ceil
from pathlib import Path

from background_sync.records.runs import TIME_SHARDS
from background_sync_ops import service_times as times
from background_sync_ops import workload as model
from background_sync_ops.cost import Workload, modelled_run

PAGE = Path(__file__).parents[1] / "docs" / "scaling.md"
PARTITION_WRITES, PARTITION_READS = 1_000, 3_000
"""Units a second of one partition ("Burst and adaptive capacity")."""
NEW_TABLE_WRITES, TABLE_WRITES, RAMP_S = 4_000, 40_000, 1_800
"""Units a second: of a new table, and its default quota; it doubles in half an hour."""
POLLERS, POLLERS_A_SECOND = 5, 5
"""Batches at once when messages come, and how many more each second ("SQS event source mappings")."""
MAX_CONCURRENCY, KEYS_A_SECOND = 1_000, 40 * 10
"""Of a mapping; and SSM's standard throughput, ten keys a request."""
COUNTER_MS = 10.0
"""Transactions on one item follow one another; assumed."""
INVOCATION_S = 900 - 20
DEFAULT_SHARDS, HOUR_S = 16, 3_600
SIZES = ((100, 10**5), (1_000, 10**6), (10_000, 10**7), (100_000, 10**8), (1_000_000, 10**9))
IDLE_WRITES = model.run_units(0, 0).write
_run = cache(modelled_run)
MOVES = {
    "dispatcher": "its `MemorySize`",
    "concurrency": "`ReconcilerConcurrency`",
    "pollers": "none: Lambda adds them",
    "counters": "`SweepShards`",
    "index by_time": "`TIME_SHARDS` in `records/runs.py`",
    "writes of contacts": "AWS's quota for the table, `max_flags_per_run`",
    "writes of sync_health": "AWS's quota for the table",
    "keys": "SSM's higher throughput",
}


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What a sweep runs on. With `is_new`, tables are new; `spread_s` delays runs, evenly."""

    concurrency: int = 5
    dispatcher_mb: int = 512
    shards: float = DEFAULT_SHARDS
    is_new: bool = False
    spread_s: int = 0
    run_ms: float | None = None
    dispatch_ms: float | None = None


@dataclass(frozen=True)
class Swept:
    """A sweep's and its dispatch's seconds, its most runs a second, and the seconds that each limit bound."""

    seconds: int
    dispatch_s: float
    peak: float
    bound: Mapping[str, int]

    @property
    def first(self) -> str:
        return max(self.bound, key=lambda name: self.bound[name])


def simulate(work: Workload, setup: Setup) -> Swept:
    """A sweep second by second: what is dispatched waits until the narrowest limit lets it through."""
    each = setup.dispatch_ms or times.slowed(times.DISPATCH_CPU, setup.dispatcher_mb)
    done, peak, second, bound = 0.0, 0.0, 0, Counter[str]()
    spread = work.workspaces / setup.spread_s if setup.spread_s else work.workspaces
    while done < work.workspaces - 1e-6:
        second += 1
        sent = min(work.workspaces, second * 1000 / each, second * spread)
        limits = {**limits_of(work, setup, second), "dispatcher": sent - done}
        name = min(limits, key=lambda limit: limits[limit])
        done, peak = done + limits[name], max(peak, limits[name])
        bound[name] += 1
    return Swept(second, work.workspaces * each / 1000, peak, bound)


def limits_of(work: Workload, setup: Setup, second: int) -> dict[str, float]:
    """The runs a second that each limit allows in this second of a sweep."""
    run = _run(work)
    a_second = 1000 / (setup.run_ms or run.duration_ms)
    table = NEW_TABLE_WRITES * 2 ** (second // RAMP_S) if setup.is_new else TABLE_WRITES
    contacts = max(1e-9, run.units.write - IDLE_WRITES)
    return {
        "concurrency": setup.concurrency * a_second,
        "pollers": (POLLERS + POLLERS_A_SECOND * second) * a_second,
        "counters": setup.shards * 1000 / COUNTER_MS,
        "index by_time": TIME_SHARDS * float(PARTITION_WRITES),
        "writes of contacts": table / contacts,
        "writes of sync_health": table / IDLE_WRITES,
        "keys": KEYS_A_SECOND / max(1e-9, work.verify),
    }


def needed(work: Workload, within_s: int, setup: Setup) -> int | None:
    """The least `ReconcilerConcurrency` with which the sweep ends in time; None if none does."""
    low = ceil(work.workspaces * (setup.run_ms or _run(work).duration_ms) / 1000 / within_s)
    if simulate(work, replace(setup, concurrency=MAX_CONCURRENCY)).seconds > within_s:
        return None
    for concurrency in range(max(2, low), MAX_CONCURRENCY + 1):
        if simulate(work, replace(setup, concurrency=concurrency)).seconds <= within_s:
            return concurrency
    return None


def page() -> str:
    """docs/scaling.md."""
    sizes = [Workload(workspaces=count, contacts=contacts) for count, contacts in SIZES]
    return (
        Path(__file__)
        .with_suffix(".md")
        .read_text("utf-8")
        .format(
            request=times.REQUEST_MS,
            run=times.RUN_CPU,
            contact=times.CONTACT_CPU * 1000,
            flag=times.FLAG_CPU,
            dispatch=times.DISPATCH_CPU * 1000,
            sweeps="\n".join(_row(replace(work, stale=stale)) for stale in (0, 0.1, 1) for work in sizes),
            dispatches="\n".join(_dispatch_row(memory) for memory in (512, 1024, 1769)),
            spreads="\n".join(_spread_row(seconds) for seconds in (0, 900, 2700)),
        )
    )


def _row(work: Workload) -> str:
    fast, least = simulate(work, Setup(concurrency=MAX_CONCURRENCY)), needed(work, HOUR_S, Setup())
    new, default = needed(work, HOUR_S, Setup(is_new=True)), simulate(work, Setup()).seconds
    parts = (
        f"{work.workspaces:,}",
        f"{work.contacts:,}",
        f"{work.stale:.0%}",
        f"{_run(work).duration_ms:.0f}",
    )
    ends = (f"{default:,}", least or "none", new or "none", f"{fast.seconds:,}", f"{fast.peak:,.0f}")
    return f"| {' | '.join(map(str, (*parts, *ends)))} | {fast.first}: {MOVES[fast.first]} |"


def _dispatch_row(memory: int) -> str:
    each = times.slowed(times.DISPATCH_CPU, memory)
    return f"| {memory} | {each:.2f} | {INVOCATION_S * 1000 / each:,.0f} |"


def _spread_row(spread_s: int) -> str:
    work = Workload(workspaces=1_000_000, contacts=10**9)
    free = simulate(work, Setup(concurrency=MAX_CONCURRENCY, spread_s=spread_s))
    bound = simulate(work, Setup(concurrency=needed(work, HOUR_S, Setup()) or 0, spread_s=spread_s))
    writes = _run(work).units.write
    ends = (f"{each.seconds:,} | {each.peak * writes:,.0f}" for each in (free, bound))
    return f"| {spread_s // 60 or 'none'} | {' | '.join(ends)} |"


def main(arguments: list[str]) -> None:
    # The logger reads its level when it is imported.
    os.environ |= {"POWERTOOLS_LOG_LEVEL": "CRITICAL", "POWERTOOLS_METRICS_NAMESPACE": "BackgroundSync"}
    from benchmarks import scaling_runs  # noqa: PLC0415 - it starts a local stack

    match arguments:
        case []:
            PAGE.write_text(page(), encoding="utf-8")
        case ["measure"]:
            scaling_runs.measure()
        case ["held", *counts]:
            scaling_runs.held([int(each) for each in counts])
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
