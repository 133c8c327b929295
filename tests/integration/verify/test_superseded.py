"""A run that a newer one overtook stops, and says what it had done until then."""

import pytest

from background_sync.kapso import conversations
from background_sync.rules.policy import HOUR_MS, MINUTE_MS
from background_sync_ops.kapso import faults as answers
from tests.integration.verify.number import REPAIR, REPORT, Number, counts, next_hour, notes
from tests.integration.world import INVOCATION_MS, NOW, World


@pytest.fixture(autouse=True)
def two_missed(world: World, number: Number, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page each, and time for one page an invocation."""
    monkeypatch.setattr(conversations, "PAGE_SIZE", 1)
    number.missed("621")
    number.missed("622", kapso_age_ms=20 * MINUTE_MS)

    def take_time() -> None:
        world.clock.time += INVOCATION_MS - 19_000

    number.server.faults.add(answers.slow(take_time), path="/conversations")


def test_overtaken_in_its_scan_it_counts_whom_it_repaired(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    assert world.run()
    [follow_up] = world.receive()
    number.server.faults.clear()
    run_at = next_hour(world)
    assert world.deliver(follow_up)
    assert counts(world, "superseded", "verified", "repaired") == (1, 1, 1)
    assert counts(world, "in_step", "repaired", run_at=run_at) == (1, 1)
    assert len(notes(world, "621")) == len(notes(world, "622")) == 1


def test_overtaken_in_its_scan_it_flags_nobody(world: World, number: Number) -> None:
    world.workspace(settings=REPORT)
    assert world.run()
    [follow_up] = world.receive()
    number.server.faults.clear()
    run_at = NOW + HOUR_MS
    next_hour(world)
    assert world.deliver(follow_up)
    assert counts(world, "superseded", "behind", "reported") == (1, 1, 0)
    assert counts(world, "reported", run_at=run_at) == (2,)
