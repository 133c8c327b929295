"""No contact is flagged twice within the cooldown, and every stale contact is flagged in turn."""

from background_sync.rules.policy import HOUR_MS
from tests.integration.world import NOW, World


def test_the_next_sweep_flags_no_contact_again(world: World) -> None:
    world.workspace()
    world.stale_contacts(3)
    assert world.sweep(NOW)["flagged"] == 3
    second = world.sweep(NOW + HOUR_MS)
    assert (second["flagged"], second["in_cooldown"]) == (0, 3)
    assert all(len(each["notes"]) == 1 for each in world.contacts().values())


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
