"""When the answer to a write is lost, so that the client retries or gives up, the counts stay exact."""

import pytest

from background_sync.rules.policy import DAY_MS
from tests.integration.faults import FOR_GOOD, Faults
from tests.integration.world import World

COUNTED = ("dispatched", "skipped", "completed", "failed", "flagged", "contacts_checked")


def counts(world: World) -> dict[str, int]:
    sweep = world.swept()
    return {name: sweep[name] for name in COUNTED}


@pytest.fixture(autouse=True)
def two_workspaces(world: World) -> None:
    world.workspace("w1")
    world.stale_contacts(3)
    world.workspace("w2", kapso_phone_id=None)


EXPECTED = dict(zip(COUNTED, (1, 1, 1, 0, 3, 3), strict=True))


@pytest.mark.parametrize("after", range(3))
@pytest.mark.parametrize("operation", ["PutItem", "UpdateItem"])
def test_a_lost_answer_changes_no_count(world: World, faults: Faults, operation: str, after: int) -> None:
    faults.lose_answers(operation, after=after)
    assert world.dispatch().complete
    faults.close()
    world.work()
    assert counts(world) == EXPECTED


@pytest.mark.parametrize("after", range(7))
def test_a_run_with_a_lost_answer_is_exact(world: World, faults: Faults, after: int) -> None:
    world.dispatch()
    faults.lose_answers("UpdateItem", after=after)
    world.work()
    assert counts(world) == EXPECTED
    assert all(len(each["notes"]) == 1 for each in world.contacts().values())


@pytest.mark.parametrize("times", [1, FOR_GOOD])
def test_a_completion_with_a_lost_answer_is_exact(world: World, faults: Faults, times: int) -> None:
    world.dispatch()
    faults.lose_answers("TransactWriteItems", times)
    [received] = world.receive()
    assert world.deliver(received)
    assert counts(world) == EXPECTED


def test_a_failure_with_a_lost_answer_is_exact(world: World, faults: Faults) -> None:
    world.dispatch()
    faults.fail("Query", RuntimeError("boom"))
    faults.lose_answers("TransactWriteItems", FOR_GOOD)
    [received] = world.receive()
    assert not world.deliver(received)
    assert counts(world)["failed"] == 1
    faults.close()
    world.work([received])
    assert counts(world) == EXPECTED


def test_a_lost_answer_to_an_audits_repair_is_not_a_lost_race(world: World, faults: Faults) -> None:
    world.contact("6289", DAY_MS, activity_at=5)
    faults.lose_answers("UpdateItem", after=1)
    assert world.audit()
    record = world.record("#audit#w1")
    assert (record.fixed_outdated, record.lost_race) == (1, 0)


@pytest.mark.parametrize("after", [2, 3, 4, 5])
def test_a_follow_up_with_a_lost_answer_is_exact(world: World, faults: Faults, after: int) -> None:
    world.dispatch()
    world.page_size, world.clock.tick_ms = 1, 36_000
    faults.lose_answers("UpdateItem", after=after)
    world.work()
    assert counts(world) == EXPECTED
