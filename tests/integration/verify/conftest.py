from collections.abc import Iterator

import pytest

from background_sync_ops.kapso import KapsoServer, KapsoStore
from tests.integration.verify.number import KEY, PHONE_ID, Number
from tests.integration.world import TOKEN_PREFIX, World


@pytest.fixture
def number(world: World) -> Iterator[Number]:
    """A workspace's number in Kapso; its key is in SSM, and `world` verifies against it."""
    store = KapsoStore()
    store.add_number(PHONE_ID, KEY)
    world.ssm.put_parameter(Name=f"{TOKEN_PREFIX}abc", Value=KEY, Type="SecureString", Overwrite=True)
    with KapsoServer(store, lambda: world.clock.time) as server:
        world.kapso_url = server.url
        yield Number(world, store, server)
