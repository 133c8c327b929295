"""A sweep is dispatched, and followed until its runs are closed or the time is over."""

import io
import json
from typing import Any, cast

import pytest

from background_sync_ops import sweeping
from background_sync_ops.following import follow
from background_sync_ops.sweeping import DispatchError, SweepOutcome, SweepSnapshot, dispatch, sweep_outcome
from background_sync_ops.target import Target
from tests.unit.cli.clock import StoppedClock

RUN_AT = 1_767_261_600_000
RUNS = [
    {"workspace_id": "a", "status": "completed"},
    {"workspace_id": "b", "status": "failed"},
    {"workspace_id": "c", "status": "running"},
]


class DispatcherStub:
    """Stands in for the target and for its Lambda client."""

    def __init__(self, payload: bytes, **answer: str) -> None:
        self.outputs = {"DispatcherFunctionName": "the-dispatcher"}
        self.answer = {"Payload": io.BytesIO(payload), **answer}
        self.invocation: dict[str, Any] = {}

    def client(self, *_: object) -> "DispatcherStub":
        return self

    def invoke(self, **arguments: Any) -> dict[str, Any]:
        self.invocation = arguments
        return self.answer

    def dispatch(self) -> None:
        dispatch(cast("Target", self), {"run_at": 1})


def test_the_dispatcher_is_invoked_with_the_event() -> None:
    stub = DispatcherStub(b"{}")
    stub.dispatch()
    assert stub.invocation["FunctionName"] == "the-dispatcher"
    assert json.loads(stub.invocation["Payload"]) == {"run_at": 1}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (
            b'{"errorType": "SettingsError", "errorMessage": "WORK_QUEUE_URL is not set"}',
            "SettingsError: WORK_QUEUE_URL is not set",
        ),
        (b"", "no answer"),
        (b"not json", "not json"),
        (b"[]", r"\[\]"),
    ],
)
def test_an_error_of_the_dispatcher_says_why(payload: bytes, reason: str) -> None:
    with pytest.raises(DispatchError, match=f"the dispatcher failed: {reason}"):
        DispatcherStub(payload, FunctionError="Unhandled").dispatch()


def snapshot(
    completed: int, failed: int = 0, *, status: str = "dispatched", awaited: tuple[str, ...] = ()
) -> SweepSnapshot:
    counts = {"dispatched": 3 if status == "dispatched" else 0, "completed": completed, "failed": failed}
    return SweepSnapshot({"run_at": RUN_AT, "status": status, **counts}, awaited)


def followed(*snapshots: SweepSnapshot) -> list[SweepSnapshot]:
    remaining = iter(snapshots)
    return list(follow(lambda: next(remaining), StoppedClock(), 60))


def test_a_sweep_is_followed_until_every_run_is_completed_or_failed() -> None:
    seen = followed(SweepSnapshot(None), snapshot(0), snapshot(1, 1), snapshot(2, 1), snapshot(3))
    assert [each.closed for each in seen] == [0, 0, 2, 3]
    assert seen[-1].finished


def test_a_sweep_is_not_finished_before_the_dispatcher_knows_how_many_runs_there_are() -> None:
    seen = followed(snapshot(0, status="dispatching"), snapshot(3, status="dispatching"), snapshot(3))
    assert [each.expected for each in seen] == [None, None, 3]


def test_a_sweep_without_runs_is_finished_at_once() -> None:
    empty = SweepSnapshot({"status": "dispatched", "dispatched": 0, "completed": 0, "failed": 0})
    assert followed(empty) == [empty]


def test_a_sweep_is_not_finished_while_a_failed_run_is_being_retried() -> None:
    seen = followed(snapshot(2, 1, awaited=("acme",)), snapshot(3))
    assert [each.finished for each in seen] == [False, True]


def test_following_ends_at_the_deadline_with_a_last_look() -> None:
    clock = StoppedClock()
    seen = list(follow(lambda: snapshot(1), clock, 2))
    assert not seen[-1].finished
    assert (clock.time, len(seen)) == (2000, 5)


def outcome(last: SweepSnapshot, *, every_run: bool = False) -> SweepOutcome:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweeping, "sweep_runs", lambda _: RUNS)
        return sweep_outcome(RUN_AT, last, StoppedClock(), every_run=every_run)


def test_a_sweep_that_did_not_succeed_says_which_runs_failed_and_which_are_open() -> None:
    unfinished, failed = outcome(snapshot(1, 1)), outcome(snapshot(2, 1))
    assert (unfinished.finished, unfinished.succeeded) == (False, False)
    assert (unfinished.under_way, unfinished.still_open) == (["c"], 1)
    assert (failed.finished, failed.succeeded) == (True, False)
    assert [run["workspace_id"] for run in failed.failed] == ["b"]


def test_the_runs_of_a_sweep_that_succeeded_are_read_only_on_request() -> None:
    assert outcome(snapshot(3)).succeeded
    assert outcome(snapshot(3)).runs == []
    assert outcome(snapshot(3), every_run=True).runs == RUNS


def test_the_index_is_read_again_until_it_shows_every_run() -> None:
    answers = iter([RUNS[:1], RUNS[:1], RUNS])
    clock = StoppedClock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweeping, "sweep_runs", lambda _: next(answers))
        assert sweep_outcome(RUN_AT, snapshot(2, 1), clock, every_run=False).runs == RUNS
    assert clock.time == 1000


def test_a_sweep_without_a_record_is_an_error() -> None:
    with pytest.raises(DispatchError, match="no record of the sweep"):
        sweep_outcome(RUN_AT, SweepSnapshot(None), StoppedClock(), every_run=True)
