"""Two dispatchers work on one sweep."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from background_sync.sync.dispatch import Dispatched
from tests.integration.dispatch.many import put_workspaces, sent
from tests.integration.world import World


def dispatch_twice(world: World) -> list[Dispatched]:
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda _: world.dispatch(resume=True), range(2)))


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("segments", [1, 4])
def test_two_concurrent_dispatches_count_exactly(world: World, segments: int) -> None:
    active = put_workspaces(world, 45, without_token=7)
    world.segments = segments
    if not all(each.complete for each in dispatch_twice(world)):
        world.dispatch(resume=True)
    sweep = world.swept()
    assert (sweep["status"], sweep["dispatched"], sweep["skipped"]) == ("dispatched", 45, 7)
    assert sent(world).keys() == set(active)
