"""Scanning the conversations that changed, page by page."""

from typing import Any

import pytest

from background_sync.kapso.client import KapsoClient
from background_sync.kapso.conversations import ConversationPage, changed_since
from background_sync.kapso.errors import InvalidPhoneId, InvalidResponse, Unavailable
from tests.integration.kapso.client.server import Reply, Server
from tests.unit.kapso.records import MOMENT, PHONE_ID, conversation


def page(*ids: str, **paging: Any) -> Reply:
    return Reply(document={"data": [conversation(id=each) for each in ids], **paging})


def going_on(*ids: str, after: str, **paging: Any) -> Reply:
    return page(*ids, paging={"cursors": {"after": after}, **paging})


def scan(client: KapsoClient, **options: Any) -> list[ConversationPage]:
    return list(changed_since(client, PHONE_ID, MOMENT, **options))


def ids(pages: list[ConversationPage]) -> list[str]:
    return [each.id for page in pages for each in page.conversations]


def test_what_is_asked(server: Server, client: KapsoClient) -> None:
    server.answers = [page("a")]
    scan(client)
    [asked] = server.asked
    assert (asked.method, asked.path) == ("GET", f"/meta/whatsapp/v24.0/{PHONE_ID}/conversations")
    assert asked.query == {
        "last_active_since": ["2024-01-15T14:30:00Z"],
        "limit": ["100"],
        "fields": ["kapso(default)"],
    }


def test_the_window_may_end(server: Server, client: KapsoClient) -> None:
    server.answers = [page()]
    scan(client, until_ms=MOMENT + 1)
    assert server.asked[0].query["last_active_until"] == ["2024-01-15T14:30:01Z"]


def test_pages_follow_the_cursor_with_the_same_bounds(server: Server, client: KapsoClient) -> None:
    server.answers = [going_on("a", "b", after="c1=="), going_on("c", after="c2+/"), page("d")]
    pages = scan(client)
    assert ids(pages) == ["a", "b", "c", "d"]
    assert [each.next_cursor for each in pages] == ["c1==", "c2+/", None]
    assert [asked.query.pop("after", None) for asked in server.asked] == [None, ["c1=="], ["c2+/"]]
    assert server.asked[0].query == server.asked[1].query == server.asked[2].query


@pytest.mark.parametrize(
    "last",
    [
        page("z"),
        page("z", paging=None),
        page("z", paging={"cursors": {"after": None}}),
        going_on("z", after="c1"),
        going_on("z", after="c0"),
        going_on("z", after="c9", next=None),
    ],
)
def test_the_ways_in_which_a_scan_ends(server: Server, client: KapsoClient, last: Reply) -> None:
    server.answers = [going_on("a", after="c0"), going_on("b", after="c1"), last]
    pages = scan(client)
    assert ids(pages) == ["a", "b", "z"]
    assert pages[-1].next_cursor is None
    assert len(server.asked) == 3


def test_a_page_without_data_ends_it_too(server: Server, client: KapsoClient) -> None:
    server.answers = [going_on("a", after="c0"), going_on(after="c1")]
    assert scan(client)[-1] == ConversationPage(conversations=(), invalid=(), next_cursor=None)
    assert len(server.asked) == 2


def test_it_stops_at_its_most_pages_and_goes_on_later(server: Server, client: KapsoClient) -> None:
    server.answers = [going_on("a", after="c0"), going_on("b", after="c1"), page("c")]
    first = scan(client, max_pages=2)
    assert (ids(first), first[-1].next_cursor, len(server.asked)) == (["a", "b"], "c1", 2)
    assert ids(scan(client, after=first[-1].next_cursor)) == ["c"]
    assert server.asked[2].query["after"] == ["c1"]


def test_what_came_before_a_failure_stands(server: Server, client: KapsoClient) -> None:
    server.answers = [going_on("a", after="c0"), Reply(503)]
    pages = changed_since(client, PHONE_ID, MOMENT)
    assert ids([next(pages)]) == ["a"]
    with pytest.raises(Unavailable):
        next(pages)


def test_no_page_is_asked_for_before_it_is_wanted(server: Server, client: KapsoClient) -> None:
    server.answers = [going_on("a", after="c0"), page("b")]
    next(changed_since(client, PHONE_ID, MOMENT))
    assert len(server.asked) == 1


def test_an_answer_about_another_number_is_nonsense(server: Server, client: KapsoClient) -> None:
    server.answers = [Reply(document={"data": [conversation(), conversation(phone_number_id="999")]})]
    with pytest.raises(InvalidResponse, match="another number"):
        scan(client)


def test_a_phone_id_that_is_no_number_is_not_asked_for(server: Server, client: KapsoClient) -> None:
    with pytest.raises(InvalidPhoneId, match=r"'1/\.\./2'"):
        changed_since(client, "1/../2", MOMENT)
    assert server.asked == []
