"""The simulation of sweeps, and docs/scaling.md, which it writes."""

from dataclasses import replace

import pytest

from background_sync_ops.cost import Workload
from benchmarks.scaling import MAX_CONCURRENCY, MOVES, PAGE, Setup, needed, page, simulate

WORK = Workload(workspaces=100, contacts=10_000, stale=0)
SLOW = Setup(concurrency=2, run_ms=1000, dispatch_ms=0.001)
MANY = Workload(workspaces=1_000_000, contacts=10**9)


def test_the_page_is_what_the_simulation_says_now() -> None:
    assert PAGE.read_text("utf-8") == page(), "write it with `python -m benchmarks.scaling`"


def test_a_sweep_takes_runs_times_their_duration_by_the_reconcilers() -> None:
    swept = simulate(WORK, SLOW)
    assert (swept.seconds, swept.first, swept.peak) == (50, "concurrency", 2)


@pytest.mark.parametrize(
    ("setup", "seconds", "first"),
    [
        (replace(SLOW, dispatch_ms=2000), 200, "dispatcher"),
        (replace(SLOW, spread_s=100), 100, "dispatcher"),
        (replace(SLOW, concurrency=1000), 5, "pollers"),
        (replace(SLOW, concurrency=1000, run_ms=1, shards=0.1), 10, "counters"),
    ],
)
def test_the_narrowest_limit_binds(setup: Setup, seconds: int, first: str) -> None:
    swept = simulate(WORK, setup)
    assert (swept.seconds, swept.first) == (seconds, first)
    assert first in MOVES


def test_as_few_reconcilers_as_needed_end_in_time_and_one_fewer_does_not() -> None:
    least = needed(MANY, 3600, Setup())
    assert least is not None
    assert simulate(MANY, Setup(concurrency=least)).seconds <= 3600
    assert simulate(MANY, Setup(concurrency=least - 1)).seconds > 3600


def test_where_no_number_of_reconcilers_helps_there_is_none() -> None:
    assert needed(replace(MANY, stale=1), 3600, Setup()) is None
    assert simulate(replace(MANY, stale=1), Setup(concurrency=MAX_CONCURRENCY)).first == "writes of contacts"


def test_new_tables_take_no_less_time_than_warm_ones() -> None:
    busy = replace(MANY, workspaces=100_000, stale=1)
    warm, new = (simulate(busy, Setup(concurrency=1000, is_new=is_new)).seconds for is_new in (False, True))
    assert new > warm
