from collections.abc import Iterator

import pytest

from background_sync_ops.kapso import KapsoServer, KapsoStore, Person
from tests.integration.kapso.server.world import KEY, NUMBER, Client, Endpoint
from tests.integration.world import TestClock


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def store() -> KapsoStore:
    store = KapsoStore()
    store.add_number(NUMBER, KEY)
    return store


@pytest.fixture
def ann(store: KapsoStore) -> Person:
    return store.add_person("+62 823-9250-8490", name="Ann")


@pytest.fixture
def kapso(store: KapsoStore, clock: TestClock) -> Iterator[KapsoServer]:
    with KapsoServer(store, clock.now) as server:
        yield server


@pytest.fixture
def client(kapso: KapsoServer) -> Client:
    return Client(kapso)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as endpoint:
        yield endpoint
