"""An invalid record is counted, and the sweep continues."""

from background_sync.rules.policy import DAY_MS
from tests.integration.world import NOW, World


def test_a_contact_whose_record_is_invalid_but_not_its_index_entry_is_invalid(world: World) -> None:
    world.workspace()
    world.contact("628", last_activity_at="last week", activity_at=NOW - DAY_MS)
    world.run()
    assert world.counts("contacts_checked", "invalid", "stale_found") == (1, 1, 0)


def test_a_workspace_that_becomes_inactive_after_its_dispatch_is_skipped(world: World) -> None:
    world.workspace()
    world.stale_contacts(1)
    world.dispatch()
    world.workspace(kapso_token_parameter=None)
    world.work()
    assert (world.record().status, world.record().skip_reason) == ("completed", "no_token")
    assert world.swept()["skipped_runs"] == 1
    assert world.flagged() == set()
