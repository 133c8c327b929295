from collections.abc import Iterator

import pytest

from background_sync.kapso.client import KapsoClient
from tests.integration.kapso.client.server import Server, make_client
from tests.integration.world import TestClock
from tests.unit.kapso.records import MOMENT


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def clock() -> TestClock:
    """A clock that stands at `MOMENT` until it sleeps."""
    return TestClock(MOMENT)


@pytest.fixture
def client(server: Server, clock: TestClock) -> KapsoClient:
    """A client of `server` with a minute left."""
    return make_client(server.url, clock)
