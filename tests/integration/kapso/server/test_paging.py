"""Pages and cursors."""

import base64
import json
from itertools import islice

import pytest

from background_sync_ops.kapso import KapsoServer, KapsoStore, LastPage, Person, Quirks
from tests.integration.kapso.server.world import CONVERSATIONS, MINUTE, NOW, NUMBER, Client


@pytest.fixture
def people(store: KapsoStore) -> list[Person]:
    """Five people; the first was active last."""
    people = [store.add_person(f"62000{index}") for index in range(5)]
    for index, person in enumerate(people):
        store.message(NUMBER, person, "inbound", NOW - index * MINUTE)
    return people


def phones(client: Client) -> list[list[str]]:
    return [[record["phone_number"] for record in page.data] for page in client.pages(limit=2)]


def of(people: list[Person], *indexes: int) -> list[str | None]:
    return [people[index].phone for index in indexes]


def test_a_page_has_twenty_records_by_default(store: KapsoStore, client: Client) -> None:
    for index in range(21):
        store.message(NUMBER, store.add_person(f"62{index}"), "inbound", NOW)
    assert len(client.get(CONVERSATIONS).data) == 20
    assert len(client.get(CONVERSATIONS, limit=100).data) == 21


def test_a_cursor_holds_time_and_id(store: KapsoStore, client: Client, people: list[Person]) -> None:
    after = client.get(CONVERSATIONS, limit=1).document["paging"]["cursors"]["after"]
    [conversation] = store.conversations(NUMBER, people[0])
    assert json.loads(base64.b64decode(after)) == {
        "values": ["2026-01-01T00:00:00.000000Z", conversation.id],
        "columns": ["last_active_at", "id"],
    }


@pytest.mark.parametrize(
    ("last_page", "paging"),
    [
        (LastPage.NULL_AFTER, {"paging": {"cursors": {"after": None}}}),
        (LastPage.NO_AFTER, {"paging": {"cursors": {}}}),
        (LastPage.NO_CURSORS, {"paging": {}}),
        (LastPage.NO_PAGING, {}),
    ],
)
def test_the_last_page_has_no_cursor_in_one_of_four_forms(
    kapso: KapsoServer, client: Client, people: list[Person], last_page: LastPage, paging: dict[str, object]
) -> None:
    kapso.quirks = Quirks(last_page=last_page)
    assert phones(client) == [of(people, 0, 1), of(people, 2, 3), of(people, 4)]
    document = client.get(CONVERSATIONS).document
    del document["data"]
    assert document == paging


def test_a_cursor_on_the_last_page_leads_to_an_empty_page_or_to_the_same_again(
    kapso: KapsoServer, client: Client, people: list[Person]
) -> None:
    kapso.quirks = Quirks(last_page=LastPage.SET_AFTER)
    assert phones(client)[2:] == [of(people, 4), []]
    kapso.quirks = Quirks(last_page=LastPage.REPEATED_AFTER)
    pages = [page.data for page in islice(client.pages(limit=2), 4)]
    assert pages[2] == pages[3] != []


@pytest.mark.usefixtures("people")
def test_next_names_the_next_page_and_is_null_on_the_last(kapso: KapsoServer, client: Client) -> None:
    kapso.quirks = Quirks(last_page=LastPage.SET_AFTER, proxy_next=True)
    first, second, third = list(client.pages(limit=2))[:3]
    assert client.get(first.document["paging"]["next"].removeprefix(kapso.url)).data == second.data
    assert third.document["paging"]["next"] is None
