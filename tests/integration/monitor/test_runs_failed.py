"""The metric RunsFailed counts runs, not attempts."""

from background_sync.sync.task import EXPIRED
from tests.integration.faults import Faults
from tests.integration.monitor.conftest import Emitted
from tests.integration.world import LEASE_MS, NOW, World

HOUR_MS = 3_600_000


def runs_failed(emitted: Emitted) -> float:
    return sum(sum(document.get("RunsFailed", [0])) for document in emitted.read())


def test_a_run_that_fails_again_counts_once(world: World, faults: Faults, emitted: Emitted) -> None:
    world.workspace()
    for receive_count in (1, 2, 3):
        faults.fail("Query", RuntimeError("no"))
        assert not world.run(receive_count=receive_count)
    assert runs_failed(emitted) == 1


def test_a_run_whose_lease_expired_counts_too(world: World, faults: Faults, emitted: Emitted) -> None:
    world.workspace()
    faults.fail("Query", KeyboardInterrupt())
    try:
        world.run()
    except KeyboardInterrupt:
        world.clock.time += LEASE_MS
    assert world.run(run_at=NOW + HOUR_MS)
    assert world.record().error == EXPIRED
    assert runs_failed(emitted) == 1
