"""An index larger than DynamoDB's page size of 1 MB."""

from tests.integration.faults import FOR_GOOD, Faults
from tests.integration.large.crowd import CAP, counted, judge, make, put
from tests.integration.world import World


def test_every_page_of_1_mb_is_read(world: World, faults: Faults) -> None:
    crowd = make(1_600, seed=5)
    for record in crowd:
        record["contact_id"] = record["contact_id"].rjust(1_000, "0")
    world.workspace(settings={"max_flags_per_run": CAP})
    put(world, crowd)
    queries: list[int] = []
    faults.meanwhile("Query", lambda: queries.append(1), times=FOR_GOOD)
    assert world.run()
    assert len(queries) > 1
    assert counted(world) == judge(crowd)
