"""The requests and capacity units of a run, which cost time and money: exact, so that none is added unseen.

The units are computed from the sizes of items (`tests/dynamodb/capacity.py`). A contact has some 100 bytes.
"""

from collections import Counter

import pytest

from background_sync.messages import AUDIT, RUN
from background_sync.rules.policy import HOUR_MS
from tests.dynamodb.capacity import Cost, metered
from tests.integration.verify.number import OFF, REPAIR, REPORT, served
from tests.integration.world import NOW, World

IDLE = Counter({"UpdateItem": 2, "Query": 2, "TransactWriteItems": 1})


def cost(world: World, kind: str = RUN, run_at: int = NOW) -> Cost:
    with metered(world.database.client) as made:
        assert world.run(kind=kind, run_at=run_at)
    return made


@pytest.fixture(autouse=True)
def second_run_of_a_sweep(world: World) -> None:
    """The first run of a sweep in a process reads how many counters the sweep has."""
    world.workspace("w0")
    world.workspace(settings=OFF)
    world.dispatch()
    world.run("w0")


@pytest.mark.parametrize(("contacts", "read"), [(0, 1.5), (40, 1.5), (60, 2)])
def test_contacts_that_are_not_flagged_cost_no_request(world: World, contacts: int, read: float) -> None:
    """They cost half a unit for each 4 KB of the index."""
    for number in range(contacts):
        world.contact(f"62{number}", 2 * HOUR_MS, flagged_at=NOW - HOUR_MS)
    assert cost(world) == Cost(IDLE, read, write=7)
    assert world.counts("in_cooldown") == (contacts,)


def test_fifty_flags_cost_a_request_each_and_three_more(world: World) -> None:
    """A flag costs half a unit to read, and two to write: the contact, and its entry in the index."""
    world.stale_contacts(60)
    requests = IDLE + Counter({"UpdateItem": 50 + 1, "BatchGetItem": 2})
    assert cost(world) == Cost(requests, read=1.5 + 25, write=7 + 2 * 50 + 4)
    assert requests.total() == 58
    assert world.counts("flagged", "over_cap") == (50, 10)


def test_an_audit_costs_half_a_unit_for_each_4_kb_of_contacts(world: World) -> None:
    world.stale_contacts(60)
    assert cost(world, AUDIT) == Cost(Counter({"UpdateItem": 3, "GetItem": 1, "Query": 1}), read=2, write=3)


def test_a_run_that_repairs_a_contact_and_the_dispatch_have_these_costs(world: World) -> None:
    world.workspace(settings=REPAIR)
    with served(world) as number:
        number.missed("621")
        requests = IDLE + Counter({"UpdateItem": 9, "GetItem": 3, "BatchGetItem": 1})
        assert cost(world) == Cost(requests, read=5.5, write=18)
    with metered(world.database.client) as made:
        world.dispatch(NOW + HOUR_MS)
    assert (made.read, made.write) == (4.5, 4)


def test_an_idle_run_that_verifies_makes_three_more_and_one_to_kapso(world: World) -> None:
    """The key's budget, the webhooks that another run of the sweep has read, and the watermark."""
    with served(world) as number:
        world.workspace("w0", settings=REPORT)
        world.workspace(settings=REPORT)
        world.contact("621")
        world.sweep(NOW + HOUR_MS)
        later = NOW + 2 * HOUR_MS
        world.clock.time = later
        world.dispatch(later)
        world.run("w0", run_at=later)
        number.server.requests.clear()
        assert cost(world, run_at=later).requests == IDLE + Counter({"UpdateItem": 2, "GetItem": 1})
        assert len(number.requests) == 1


def test_a_scan_costs_a_unit_for_each_page_and_ten_for_its_run(world: World) -> None:
    """The pages' requests of the key's budget, and no more however many people they have."""
    with served(world) as number:
        for name in ("w0", "w1"):
            world.workspace(name, settings=REPORT)
        world.clock.time = later = NOW + HOUR_MS
        world.dispatch(later)
        world.run("w0", run_at=later)
        number.page_size(5)
        number.in_step(100)
        number.server.requests.clear()
        made = cost(world, run_at=later)
        assert (world.record(run_at=later).verified, len(number.requests)) == (100, 21)
        assert made.write == 21 + 10


def test_a_run_asks_once_whether_anybody_was_forgotten_however_many_it_creates(world: World) -> None:
    made = []
    for amount in (1, 5):
        world.clear()
        with served(world) as number:
            world.workspace(settings=REPAIR)
            for person in range(amount):
                number.message(f"62{person}", HOUR_MS, missed=True)
            made.append(cost(world).requests)
        assert world.counts("created") == (amount,)
    assert made[0]["Query"] == made[1]["Query"]
