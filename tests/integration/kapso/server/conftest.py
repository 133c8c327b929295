from collections.abc import Iterator

import pytest

from background_sync_ops.kapso import KapsoServer, KapsoStore, Person
from tests.integration.kapso.server.world import KEY, NUMBER, Client, Clock, Endpoint


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> KapsoStore:
    """One number, nobody yet."""
    store = KapsoStore()
    store.add_number(NUMBER, KEY)
    return store


@pytest.fixture
def ann(store: KapsoStore) -> Person:
    return store.add_person("+62 823-9250-8490", name="Ann")


@pytest.fixture
def kapso(store: KapsoStore, clock: Clock) -> Iterator[KapsoServer]:
    with KapsoServer(store, clock.now) as server:
        yield server


@pytest.fixture
def client(kapso: KapsoServer) -> Client:
    return Client(kapso)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as endpoint:
        yield endpoint
