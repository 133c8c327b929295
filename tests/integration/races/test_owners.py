"""Several deliveries of one run, at the same time or one after the other."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from background_sync.records import runs
from background_sync.rules.policy import DAY_MS, HOUR_MS
from tests.integration.faults import Faults
from tests.integration.world import LEASE_MS, NOW, World


def notes(world: World) -> list[int]:
    return [len(each.get("notes", [])) for each in world.items(world.database.tables.contacts)]


def test_concurrent_deliveries_do_the_work_once(world: World) -> None:
    world.workspace()
    world.stale_contacts(3)
    with ThreadPoolExecutor(6) as pool:
        acknowledged = list(pool.map(lambda _: world.run(), range(6)))
    assert True in acknowledged
    assert (world.record().status, world.record().flagged, world.record().attempts) == ("completed", 3, 1)
    assert notes(world) == [1, 1, 1]


def test_concurrent_runs_of_many_sweeps_leave_one_note(world: World) -> None:
    world.workspace()
    world.stale_contacts(3)
    times = [NOW + hour * HOUR_MS for hour in range(5)]
    world.clock.time = times[-1]
    with ThreadPoolExecutor(5) as pool:
        assert all(pool.map(lambda at: world.run(run_at=at), times))
    assert notes(world) == [1, 1, 1]
    records = [world.record(run_at=at) for at in times]
    assert sum(record.flagged or 0 for record in records) == 3
    assert {record.status for record in records} == {"completed"}


def test_concurrent_runs_of_many_workspaces_add_up(world: World) -> None:
    names = [world.workspace(f"w{number}") for number in range(8)]
    for name in names:
        world.contact("628", DAY_MS, name)
    world.dispatch()
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(world.deliver, world.receive()))
    sweep = world.swept()
    assert (sweep["completed"], sweep["failed"], sweep["flagged"], sweep["finished"]) == (8, 0, 8, True)


def test_a_delivery_that_loses_its_lease_while_flagging_adds_nothing(world: World, faults: Faults) -> None:
    world.workspace(settings={"max_flags_per_run": 2})
    world.stale_contacts(4)

    def overtake() -> None:
        world.clock.time += LEASE_MS
        assert world.run(receive_count=2)

    faults.meanwhile("UpdateItem", overtake, after=4)
    assert not world.run()
    assert sum(notes(world)) == 2
    assert (world.record().status, *world.counts("flagged", "over_cap")) == ("completed", 2, 2)


def test_a_run_that_has_just_saved_a_checkpoint_is_not_closed_as_failed(world: World, faults: Faults) -> None:
    owner = world.claim()
    faults.meanwhile("GetItem", lambda: runs.release(owner, runs.Run.checkpoint.set({})))
    world.run(receive_count=2)
    record: Any = world.record()
    assert (record.status == "failed", record.error) == (False, None)


def test_a_run_that_has_just_saved_its_progress_is_not_abandoned(world: World, faults: Faults) -> None:
    owner = world.claim()
    faults.meanwhile("GetItem", lambda: runs.release(owner, runs.Run.progress.set({})))
    with suppress(runs.OwnedElsewhere):
        runs.claim("w1", NOW, world.clock.now(), LEASE_MS, first_delivery=False)


def test_a_run_superseded_while_its_follow_up_waits_is_counted_once(world: World) -> None:
    world.workspace()
    world.stale_contacts(4)
    world.page_size, world.clock.tick_ms = 1, 40_000
    world.dispatch(NOW)
    [first] = world.receive()
    assert world.deliver(first)
    world.page_size, world.clock.tick_ms = None, 0
    [follow_up] = world.receive()
    world.sweep(NOW + HOUR_MS)
    world.work([follow_up])
    sweep = world.swept(NOW)
    assert (sweep["completed"], sweep["failed"], sweep["superseded"]) == (1, 0, 1)
    assert notes(world) == [1, 1, 1, 1]
