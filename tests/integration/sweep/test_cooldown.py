"""Never twice within the cooldown, and everybody in turn."""

from background_sync.rules.policy import DAY_MS, HOUR_MS
from tests.integration.world import NOW, World


def test_the_next_sweep_flags_nobody_again(world: World) -> None:
    world.workspace()
    world.stale_contacts(3)
    assert world.sweep(NOW)["flagged"] == 3
    second = world.sweep(NOW + HOUR_MS)
    assert (second["flagged"], second["in_cooldown"]) == (0, 3)
    assert all(len(each["notes"]) == 1 for each in world.items(world.database.tables.contacts))


def test_after_the_cooldown_it_does(world: World) -> None:
    world.workspace()
    world.stale_contacts(1)
    world.sweep(NOW)
    assert world.sweep(NOW + DAY_MS - HOUR_MS)["flagged"] == 0
    assert world.sweep(NOW + DAY_MS)["flagged"] == 1


def test_with_more_stale_contacts_than_the_cap_ten_sweeps_reach_500(world: World) -> None:
    world.workspace()
    world.stale_contacts(500)
    for hour in range(10):
        assert world.sweep(NOW + hour * HOUR_MS)["flagged"] == 50
        assert len(world.flagged()) == 50 * (hour + 1)


def test_the_longest_silent_come_first(world: World) -> None:
    world.workspace(settings={"max_flags_per_run": 2})
    oldest = world.stale_contacts(5)[:2]
    world.run()
    assert world.flagged() == set(oldest)


def test_the_never_flagged_come_before_the_longest_silent(world: World) -> None:
    world.workspace(settings={"max_flags_per_run": 1})
    world.contact("621", 30 * DAY_MS, flagged_at=NOW - 2 * DAY_MS)
    world.contact("622", 2 * HOUR_MS)
    world.run()
    assert world.read("622").get("flagged_at") == NOW
    assert world.read("621")["flagged_at"] == NOW - 2 * DAY_MS


def test_two_overlapping_sweeps_leave_one_note(world: World) -> None:
    world.workspace()
    world.stale_contacts(1)
    world.dispatch(NOW)
    world.dispatch(NOW + HOUR_MS)
    world.clock.time = NOW + HOUR_MS
    newer, older = sorted(world.receive(), key=lambda each: -each.message.run_at)
    world.work([newer, older])
    [contact] = world.items(world.database.tables.contacts)
    assert len(contact["notes"]) == 1
    assert world.swept(NOW)["superseded"] == 1
