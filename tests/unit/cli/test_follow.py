"""A sweep is followed until its runs are closed, or the time is over."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from background_sync_ops import sweeping
from background_sync_ops.following import follow
from background_sync_ops.sweeping import DispatchError, SweepOutcome, SweepSnapshot, sweep_outcome

RUN_AT = 1_767_261_600_000


@dataclass
class Clock:
    time: int = 0

    def now(self) -> int:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += round(seconds * 1000)


def snapshot(
    completed: int, failed: int = 0, *, status: str = "dispatched", awaited: tuple[str, ...] = ()
) -> SweepSnapshot:
    counts = {"dispatched": 3 if status == "dispatched" else 0, "completed": completed, "failed": failed}
    return SweepSnapshot({"run_at": RUN_AT, "status": status, **counts}, awaited)


def followed(*snapshots: SweepSnapshot, timeout_s: float = 60) -> list[SweepSnapshot]:
    looks: Iterator[SweepSnapshot] = iter(snapshots)
    return list(follow(lambda: next(looks), Clock(), timeout_s))


def test_it_ends_when_every_run_is_completed_or_failed() -> None:
    seen = followed(SweepSnapshot(None), snapshot(0), snapshot(1, 1), snapshot(2, 1), snapshot(3))
    assert [each.closed for each in seen] == [0, 0, 2, 3]
    assert seen[-1].finished


def test_it_does_not_end_before_the_dispatcher_knows_how_many_there_are() -> None:
    seen = followed(snapshot(0, status="dispatching"), snapshot(3, status="dispatching"), snapshot(3))
    assert len(seen) == 3
    assert [each.expected for each in seen] == [None, None, 3]


def test_a_sweep_without_runs_is_finished_at_once() -> None:
    nothing = SweepSnapshot({"status": "dispatched", "dispatched": 0, "completed": 0, "failed": 0})
    assert followed(nothing) == [nothing]


def test_it_does_not_end_while_a_run_that_had_failed_before_is_awaited() -> None:
    seen = followed(snapshot(2, 1, awaited=("acme",)), snapshot(3))
    assert [each.finished for each in seen] == [False, True]


def test_at_the_deadline_it_gives_up_with_a_last_look() -> None:
    clock, looks = Clock(), [0]

    def look() -> SweepSnapshot:
        looks[0] += 1
        return snapshot(1)

    seen = list(follow(look, clock, 2))
    assert not seen[-1].finished
    assert clock.time == 2000
    assert looks[0] == len(seen) == 5


def found(runs: list[dict[str, Any]], last: SweepSnapshot, *, every_run: bool = False) -> SweepOutcome:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweeping, "sweep_runs", lambda _: runs)
        return sweep_outcome(RUN_AT, last, Clock(), every_run=every_run)


RUNS = [
    {"workspace_id": "a", "status": "completed"},
    {"workspace_id": "b", "status": "failed"},
    {"workspace_id": "c", "status": "running"},
]


def test_what_is_unfinished_is_told() -> None:
    result = found(RUNS, snapshot(1, 1))
    assert (result.finished, result.succeeded) == (False, False)
    assert result.under_way == ["c"]
    assert result.still_open == 1


def test_a_failed_run_is_not_well() -> None:
    result = found(RUNS, snapshot(2, 1))
    assert (result.finished, result.succeeded) == (True, False)
    assert [run["workspace_id"] for run in result.failed] == ["b"]


def test_all_completed_is_well_and_its_runs_are_read_only_where_asked_for() -> None:
    assert found(RUNS, snapshot(3)).succeeded
    assert found(RUNS, snapshot(3)).runs == []
    assert found(RUNS, snapshot(3), every_run=True).runs == RUNS


def test_an_index_that_comes_late_is_read_again() -> None:
    answers = iter([RUNS[:1], RUNS[:1], RUNS])
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweeping, "sweep_runs", lambda _: next(answers))
        assert sweep_outcome(RUN_AT, snapshot(2, 1), clock, every_run=False).runs == RUNS
    assert clock.time == 1000


def test_a_sweep_that_left_no_record_is_an_error() -> None:
    with pytest.raises(DispatchError, match="no record of the sweep"):
        sweep_outcome(RUN_AT, SweepSnapshot(None), Clock(), every_run=True)
