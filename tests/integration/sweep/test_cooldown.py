"""No contact is flagged twice within the cooldown, and every stale contact is flagged in turn."""

from background_sync.rules.policy import DAY_MS, HOUR_MS
from tests.integration.world import NOW, World


def test_the_next_sweep_flags_no_contact_again(world: World) -> None:
    world.workspace()
    world.stale_contacts(3)
    assert world.sweep(NOW)["flagged"] == 3
    second = world.sweep(NOW + HOUR_MS)
    assert (second["flagged"], second["in_cooldown"]) == (0, 3)
    assert all(len(each["notes"]) == 1 for each in world.contacts().values())


def test_a_contact_is_flagged_again_after_the_cooldown(world: World) -> None:
    world.workspace()
    world.stale_contacts(1)
    world.sweep(NOW)
    assert world.sweep(NOW + DAY_MS - HOUR_MS)["flagged"] == 0
    assert world.sweep(NOW + DAY_MS)["flagged"] == 1


def test_with_ten_times_more_stale_contacts_than_the_cap_ten_sweeps_flag_them_all(world: World) -> None:
    world.workspace(settings={"max_flags_per_run": 5})
    world.stale_contacts(50)
    for hour in range(10):
        assert world.sweep(NOW + hour * HOUR_MS)["flagged"] == 5
        assert len(world.flagged()) == 5 * (hour + 1)


def test_contacts_with_the_oldest_activity_come_first(world: World) -> None:
    world.workspace(settings={"max_flags_per_run": 2})
    oldest = world.stale_contacts(5)[:2]
    world.run()
    assert world.flagged() == set(oldest)


def test_contacts_never_flagged_come_before_older_ones(world: World) -> None:
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
    [contact] = world.contacts().values()
    assert len(contact["notes"]) == 1
    assert world.swept(NOW)["superseded"] == 1
