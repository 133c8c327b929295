"""Transactions that conflict with others on a sweep's counters."""

import pytest
from botocore.exceptions import ClientError

from background_sync.rules.policy import DAY_MS
from tests.integration.faults import Faults
from tests.integration.world import World


def cancelled(*reasons: str) -> ClientError:
    error = {"Code": "TransactionCanceledException", "Message": "cancelled"}
    answer = {"Error": error, "CancellationReasons": [{"Code": reason} for reason in reasons]}
    return ClientError(answer, "TransactWriteItems")  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def dispatched_sweep(world: World) -> None:
    world.workspace()
    world.contact("628", DAY_MS)
    world.dispatch()


def fail_transactions(faults: Faults, times: int, *reasons: str) -> None:
    for _ in range(times):
        faults.fail("TransactWriteItems", cancelled(*reasons))


@pytest.mark.parametrize("reasons", [("None", "TransactionConflict"), ("TransactionConflict", "None")])
def test_a_conflict_is_retried_after_a_pause(
    world: World, faults: Faults, monkeypatch: pytest.MonkeyPatch, reasons: tuple[str, str]
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(world.clock, "sleep", waits.append)
    fail_transactions(faults, 5, *reasons)
    world.work()
    assert len(waits) == 5
    assert (world.swept()["completed"], world.swept()["failed"], world.swept()["flagged"]) == (1, 0, 1)


def test_a_lasting_conflict_fails_the_attempt_and_changes_no_count(world: World, faults: Faults) -> None:
    fail_transactions(faults, 16, "None", "TransactionConflict")
    [received] = world.receive()
    assert not world.deliver(received)
    assert (world.swept()["completed"], world.swept()["failed"]) == (0, 0)
    world.work([received])
    assert (world.swept()["completed"], world.swept()["flagged"], world.record().attempts) == (1, 1, 2)


def test_a_lost_lease_is_not_retried(world: World, faults: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(world.clock, "sleep", waits.append)
    fail_transactions(faults, 1, "ConditionalCheckFailed", "None")
    [received] = world.receive()
    assert not world.deliver(received)
    assert waits == []
    assert world.record().status == "running"
