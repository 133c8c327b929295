"""What the monitor measures: the age and the outcome of the last finished sweep."""

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from background_sync.status.monitor import measure
from background_sync_ops.kapso import KapsoStore
from tests.integration.faults import Faults
from tests.integration.monitor.conftest import Emitted
from tests.integration.verify.number import PHONE_ID
from tests.integration.world import NOW, World

REPAIR = {"verify": "repair"}
REPORT = {"verify": "report"}


def measured(world: World, after_ms: int = 0, interval_ms: int = HOUR_MS) -> dict[str, float]:
    world.clock.time = NOW + after_ms
    with world.acting("MonitorRole"):
        return measure(world.database, world.clock, interval_ms)


def missed(kapso: KapsoStore, world: World, phone: str) -> None:
    kapso.message(PHONE_ID, kapso.add_person(phone), "inbound", NOW - 10 * MINUTE_MS)
    world.contact(phone, DAY_MS)


def test_before_the_first_sweep_nothing_is_measured(world: World, emitted: Emitted) -> None:
    assert measured(world) == {}
    assert emitted.read() == []


def test_a_sweep_without_problems_has_an_age_and_zeros(world: World) -> None:
    world.workspace()
    world.sweep()
    assert measured(world, HOUR_MS // 2) == {
        "sweep_age_intervals": 0.5,
        "last_sweep_failed_share": 0,
        "last_sweep_deferred_share": 0,
        "last_sweep_drift": 0,
        "last_sweep_webhooks_off": 0,
        "last_sweep_reception_lost": 0,
    }


@pytest.mark.parametrize(("interval_ms", "age"), [(HOUR_MS, 3.0), (DAY_MS, 0.125), (5 * MINUTE_MS, 36.0)])
def test_without_new_sweeps_the_age_grows_by_the_clock(world: World, interval_ms: int, age: float) -> None:
    world.workspace()
    world.sweep()
    assert measured(world, 3 * HOUR_MS, interval_ms)["sweep_age_intervals"] == age


def test_the_age_of_a_first_sweep_that_does_not_finish_grows(world: World) -> None:
    world.workspace()
    world.dispatch()
    assert measured(world, 3 * HOUR_MS) == {"sweep_age_intervals": 3}


def test_a_sweep_in_progress_is_not_the_last_finished_one(world: World) -> None:
    world.workspace()
    world.sweep()
    world.clock.time = NOW + HOUR_MS
    world.dispatch(NOW + HOUR_MS)
    assert measured(world, HOUR_MS)["sweep_age_intervals"] == 1
    world.work()
    assert measured(world, HOUR_MS)["sweep_age_intervals"] == 0


def test_sweeps_by_hand_that_do_not_finish_do_not_lower_the_age(world: World) -> None:
    world.workspace()
    world.sweep()
    for minute in range(6):
        world.clock.time = NOW + 3 * HOUR_MS + minute * MINUTE_MS
        world.dispatch(world.clock.time)
    found = measured(world, 4 * HOUR_MS)
    assert (found["sweep_age_intervals"], found["last_sweep_failed_share"]) == (4, 0)


def test_failed_runs_are_in_percent_of_the_sweep(world: World, faults: Faults) -> None:
    for name in ("w1", "w2", "w3", "w4"):
        world.workspace(name)
    world.dispatch()
    first, *others = world.receive()
    faults.fail("Query", RuntimeError("no"))
    assert not world.deliver(first)
    assert all(world.deliver(each) for each in others)
    assert measured(world)["last_sweep_failed_share"] == 25
    world.clock.time += MINUTE_MS
    assert world.deliver(first)
    assert measured(world)["last_sweep_failed_share"] == 0


def test_deferred_runs_are_in_percent_of_the_sweep(world: World) -> None:
    world.workspace("w1", settings=REPAIR)  # no Kapso is running
    world.workspace("w2")
    world.sweep()
    found = measured(world)
    assert (found["last_sweep_deferred_share"], found["last_sweep_drift"]) == (50, 0)


@pytest.mark.parametrize("settings", [REPAIR, REPORT])
def test_missed_webhooks_count_whether_repaired_or_only_reported(
    world: World, kapso: KapsoStore, settings: dict[str, str]
) -> None:
    world.workspace(settings=settings)
    missed(kapso, world, "621")
    kapso.message(PHONE_ID, kapso.add_person("622"), "inbound", NOW - 10 * MINUTE_MS)
    world.sweep()
    assert measured(world)["last_sweep_drift"] == 2
