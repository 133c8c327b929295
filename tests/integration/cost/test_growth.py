"""Exact costs over sizes: they are what docs/performance.md shows, and none grows faster than it may."""

import pytest

from background_sync_ops.units import read_units
from background_sync_ops.workload import NOTES, flag_units, slim_bytes
from tests.dynamodb.capacity import metered
from tests.integration.verify.number import REPORT, served
from tests.integration.world import World

KB = 1024


@pytest.mark.parametrize("size", [2 * KB, 20 * KB, 200 * KB])
def test_a_survey_reads_13_units_for_1000_contacts_of_any_size(size: int) -> None:
    assert read_units(1000 * slim_bytes(size, 0)) <= 13


@pytest.mark.parametrize("flags", range(NOTES + 1))
def test_a_flag_on_a_contact_of_2_kb_writes_4_units_however_many_were_before(flags: int) -> None:
    assert flag_units(2 * KB, flags).write == 4


@pytest.mark.parametrize("changed", [200, 2000])
def test_a_run_that_compares_2000_changed_conversations_writes_35_units(world: World, changed: int) -> None:
    with served(world) as number:
        world.workspace(settings=REPORT)
        number.in_step(changed)
        world.dispatch()
        with metered(world.database.client) as cost:
            assert world.run()
    assert cost.write <= 35
