"""Pages and cursors."""

import base64
import json
from itertools import islice

import pytest

from background_sync_ops.kapso import KapsoServer, KapsoStore, LastPage, Person, Quirks
from tests.integration.kapso.server.world import CONVERSATIONS, MINUTE, NOW, NUMBER, Client


@pytest.fixture
def people(store: KapsoStore) -> list[Person]:
    """Five, the first was active last."""
    people = [store.add_person(f"62000{place}") for place in range(5)]
    for place, person in enumerate(people):
        store.message(NUMBER, person, "inbound", NOW - place * MINUTE)
    return people


def phones(client: Client, **query: object) -> list[list[str]]:
    """The phones on each page."""
    return [[each["phone_number"] for each in page.data] for page in client.pages(limit=2, **query)]


def of(people: list[Person], *places: int) -> list[str | None]:
    return [people[place].phone for place in places]


def test_newest_activity_first(client: Client, people: list[Person]) -> None:
    assert phones(client) == [of(people, 0, 1), of(people, 2, 3), of(people, 4)]


def test_twenty_unless_told(store: KapsoStore, client: Client) -> None:
    for place in range(21):
        store.message(NUMBER, store.add_person(f"62{place}"), "inbound", NOW)
    assert len(client.get(CONVERSATIONS).data) == 20
    assert len(client.get(CONVERSATIONS, limit=100).data) == 21


def test_equal_times_are_neither_repeated_nor_left_out(store: KapsoStore, client: Client) -> None:
    for place in range(5):
        store.message(NUMBER, store.add_person(f"62{place}"), "inbound", NOW)
    ids = [each for page in client.pages(limit=2) for each in page.ids]
    assert sorted(ids) == sorted(each.id for each in store.conversations(NUMBER))


def test_what_moves_while_one_pages_is_not_met(
    store: KapsoStore, client: Client, people: list[Person]
) -> None:
    pages = client.pages(limit=2)
    met = next(pages).ids
    store.delivery_receipt(NUMBER, people[3], NOW + MINUTE)
    met += [each for page in pages for each in page.ids]
    assert len(met) == 4
    assert store.conversations(NUMBER, people[3])[0].id not in met


def test_what_moves_is_met_by_the_next_scan(store: KapsoStore, client: Client, people: list[Person]) -> None:
    store.delivery_receipt(NUMBER, people[3], NOW + MINUTE)
    assert phones(client)[0] == of(people, 3, 0)


def test_a_cursor_outlives_the_record_it_was_made_from(
    store: KapsoStore, client: Client, people: list[Person]
) -> None:
    pages = client.pages(limit=2)
    next(pages)
    store.delivery_receipt(NUMBER, people[1], NOW + MINUTE)
    assert [each["phone_number"] for each in next(pages).data] == of(people, 2, 3)


def test_a_cursor_names_time_and_id(store: KapsoStore, client: Client, people: list[Person]) -> None:
    after = client.get(CONVERSATIONS, limit=1).document["paging"]["cursors"]["after"]
    [conversation] = store.conversations(NUMBER, people[0])
    assert json.loads(base64.b64decode(after)) == {
        "values": ["2026-01-01T00:00:00.000000Z", conversation.id],
        "columns": ["last_active_at", "id"],
    }


def test_back_to_the_page_before(client: Client, people: list[Person]) -> None:
    *_, last = client.pages(limit=2)
    before = last.document["paging"]["cursors"]["before"]
    answer = client.get(CONVERSATIONS, limit=2, before=before)
    assert [each["phone_number"] for each in answer.data] == of(people, 2, 3)


def test_both_ways_at_once_conflict(client: Client, people: list[Person]) -> None:
    after = client.get(CONVERSATIONS, limit=1).document["paging"]["cursors"]["after"]
    assert people
    assert client.get(CONVERSATIONS, after=after, before=after).status == 422


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("form", "paging"),
    [
        (LastPage.NULL_AFTER, {"paging": {"cursors": {"after": None}}}),
        (LastPage.NO_AFTER, {"paging": {"cursors": {}}}),
        (LastPage.NO_CURSORS, {"paging": {}}),
        (LastPage.NO_PAGING, {}),
    ],
)
def test_the_only_page(kapso: KapsoServer, client: Client, form: LastPage, paging: dict[str, object]) -> None:
    kapso.quirks = Quirks(last_page=form)
    answer = client.get(CONVERSATIONS)
    assert {name: value for name, value in answer.document.items() if name != "data"} == paging


@pytest.mark.parametrize(
    "form", [LastPage.NULL_AFTER, LastPage.NO_AFTER, LastPage.NO_CURSORS, LastPage.NO_PAGING]
)
def test_every_end_is_an_end(
    kapso: KapsoServer, client: Client, people: list[Person], form: LastPage
) -> None:
    kapso.quirks = Quirks(last_page=form)
    assert phones(client) == [of(people, 0, 1), of(people, 2, 3), of(people, 4)]


def test_an_after_on_the_last_page_leads_to_an_empty_one(
    kapso: KapsoServer, client: Client, people: list[Person]
) -> None:
    kapso.quirks = Quirks(last_page=LastPage.SET_AFTER)
    assert phones(client)[2:] == [of(people, 4), []]


def test_a_repeated_after_leads_to_the_same_page(
    kapso: KapsoServer, client: Client, people: list[Person]
) -> None:
    kapso.quirks = Quirks(last_page=LastPage.REPEATED_AFTER)
    pages = [page.data for page in islice(client.pages(limit=2), 5)]
    assert pages[2] == pages[3] == pages[4]
    assert len(pages[4]) == len(people) - 4


def test_a_next_key_on_the_proxy(kapso: KapsoServer, client: Client, people: list[Person]) -> None:
    kapso.quirks = Quirks(last_page=LastPage.SET_AFTER, proxy_next=True)
    first, second, third = list(client.pages(limit=2))[:3]
    address = first.document["paging"]["next"].removeprefix(kapso.url)
    assert client.get(address).data == second.data
    assert first.document["paging"]["previous"] is None
    assert third.document["paging"]["next"] is None
    assert people
