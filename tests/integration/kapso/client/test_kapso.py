"""The client against a server that behaves like Kapso."""

from collections.abc import Iterator

import pytest

from background_sync.kapso.client import KapsoClient
from background_sync.kapso.conversations import changed_since
from background_sync.kapso.webhooks import failed_deliveries
from background_sync_ops.kapso import KapsoServer, KapsoStore, LastPage, Quirks
from tests.integration.kapso.client.server import KEY, make_client
from tests.integration.kapso.server.world import MINUTE, log_failed
from tests.unit.kapso.records import MOMENT, PHONE_ID


@pytest.fixture
def store() -> KapsoStore:
    store = KapsoStore()
    store.add_number(PHONE_ID, KEY)
    return store


@pytest.fixture
def kapso(store: KapsoStore) -> Iterator[KapsoServer]:
    with KapsoServer(store, lambda: MOMENT) as server:
        yield server


@pytest.fixture
def client(kapso: KapsoServer) -> KapsoClient:
    return make_client(kapso.url)


def talk(store: KapsoStore, people: int) -> list[str]:
    """People write a minute apart, the last one now. Returns their phones, newest first."""
    phones = [f"62800{number:04}" for number in range(people)]
    for number, phone in enumerate(phones):
        person = store.add_person(phone, name=f"Person {number}")
        store.message(PHONE_ID, person, "inbound", MOMENT - number * MINUTE)
    return phones


def scanned(client: KapsoClient, since_ms: int) -> list[str | None]:
    pages = list(changed_since(client, PHONE_ID, since_ms))
    assert [page.unreadable for page in pages] == [()] * len(pages)
    return [each.phone for page in pages for each in page.conversations]


@pytest.mark.parametrize("last_page", LastPage)
@pytest.mark.parametrize("proxy_next", [False, True])
def test_a_scan_finds_everybody_however_the_list_ends(
    kapso: KapsoServer, store: KapsoStore, client: KapsoClient, last_page: LastPage, proxy_next: bool
) -> None:
    kapso.quirks = Quirks(last_page=last_page, proxy_next=proxy_next)
    phones = talk(store, 230)
    assert list(dict.fromkeys(scanned(client, MOMENT - 300 * MINUTE))) == phones
    assert len(kapso.requests) <= 4


def test_a_delivery_receipt_is_not_activity(store: KapsoStore, client: KapsoClient) -> None:
    person = store.add_person(None, business_scoped_user_id="US.1349", name="Ann")
    store.message(PHONE_ID, person, "outbound", MOMENT - 5 * MINUTE)
    store.delivery_receipt(PHONE_ID, person, MOMENT)
    [page] = changed_since(client, PHONE_ID, MOMENT)
    [found] = page.conversations
    assert (found.phone, found.business_scoped_user_id, found.profile_name) == (None, "US.1349", "Ann")
    assert (found.last_active_at, max(found.activities)) == (MOMENT, MOMENT - 5 * MINUTE)


def test_failed_deliveries_are_counted(kapso: KapsoServer, store: KapsoStore, client: KapsoClient) -> None:
    for minutes in range(150):
        log_failed(store, MOMENT - minutes * MINUTE)
    since = MOMENT - 120 * MINUTE
    assert len(failed_deliveries(client, PHONE_ID, since, max_pages=5)) == 121
    assert len(kapso.requests) == 2
