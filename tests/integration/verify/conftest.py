import io
import logging
from collections.abc import Iterator

import pytest

from background_sync.kapso.transport import exchange
from background_sync_ops.kapso import KapsoServer, KapsoStore
from tests.integration.killer import Killer
from tests.integration.logs import captured
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


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """All that is logged, down to the least."""
    with captured(logging.DEBUG) as lines:
        yield lines


@pytest.fixture
def killer(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Killer]:
    """Kills at any request: to the tables, the queue, the keys, and to Kapso."""
    killer = Killer(world.database.client, world.sqs, world.ssm)
    target = "background_sync.kapso.client.exchange"
    monkeypatch.setattr(target, killer.around(exchange))
    yield killer
    killer.close()
