"""Scanning the conversations that changed, page by page."""

from collections.abc import Callable
from typing import Any

import pytest

from background_sync.kapso.client import KapsoClient
from background_sync.kapso.conversations import ConversationPage, changed_since
from background_sync.kapso.errors import InvalidPhoneId, Unavailable
from background_sync.kapso.webhooks import change_webhook, failed_deliveries, list_webhooks
from tests.integration.kapso.client.server import Reply, Server
from tests.unit.kapso.records import MOMENT, PHONE_ID, conversation


def page(*ids: str, **paging: Any) -> Reply:
    return Reply(document={"data": [conversation(id=each) for each in ids], **paging})


def page_before(*ids: str, after: str, **paging: Any) -> Reply:
    return page(*ids, paging={"cursors": {"after": after}, **paging})


def scan(client: KapsoClient, **options: Any) -> list[ConversationPage]:
    return list(changed_since(client, PHONE_ID, MOMENT, **options))


def ids(pages: list[ConversationPage]) -> list[str]:
    return [each.id for page in pages for each in page.conversations]


def test_a_scan_asks_for_the_conversations_active_since_a_time(server: Server, client: KapsoClient) -> None:
    server.replies = [page("a")]
    scan(client)
    scan(client, until_ms=MOMENT + 1)
    request, until = server.requests
    assert (request.method, request.path) == ("GET", f"/meta/whatsapp/v24.0/{PHONE_ID}/conversations")
    since = {"last_active_since": ["2024-01-15T14:30:00Z"], "limit": ["100"], "fields": ["kapso(default)"]}
    assert request.query == since
    assert until.query == since | {"last_active_until": ["2024-01-15T14:30:01Z"]}


def test_pages_follow_the_cursor_with_the_same_bounds(server: Server, client: KapsoClient) -> None:
    server.replies = [page_before("a", "b", after="c1=="), page_before("c", after="c2+/"), page("d")]
    pages = scan(client)
    assert ids(pages) == ["a", "b", "c", "d"]
    assert [each.next_cursor for each in pages] == ["c1==", "c2+/", None]
    assert [request.query.pop("after", None) for request in server.requests] == [None, ["c1=="], ["c2+/"]]
    assert server.requests[0].query == server.requests[1].query == server.requests[2].query


@pytest.mark.parametrize(
    "last",
    [
        page("z"),
        page_before("z", after="c1"),
        page_before("z", after="c0"),
        page_before("z", after="c9", next=None),
    ],
)
def test_a_scan_ends_at_the_last_page_or_cursor(server: Server, client: KapsoClient, last: Reply) -> None:
    server.replies = [page_before("a", after="c0"), page_before("b", after="c1"), last]
    pages = scan(client)
    assert ids(pages) == ["a", "b", "z"]
    assert pages[-1].next_cursor is None
    assert len(server.requests) == 3


def test_a_page_without_data_ends_the_scan(server: Server, client: KapsoClient) -> None:
    server.replies = [page_before("a", after="c0"), page_before(after="c1")]
    assert scan(client)[-1] == ConversationPage(conversations=(), unreadable=(), next_cursor=None)
    assert len(server.requests) == 2


def test_a_scan_stops_after_max_pages_and_continues_later(server: Server, client: KapsoClient) -> None:
    server.replies = [page_before("a", after="c0"), page_before("b", after="c1"), page("c")]
    first = scan(client, max_pages=2)
    assert (ids(first), first[-1].next_cursor, len(server.requests)) == (["a", "b"], "c1", 2)
    assert ids(scan(client, after=first[-1].next_cursor)) == ["c"]
    assert server.requests[2].query["after"] == ["c1"]


def test_a_page_is_requested_when_wanted_and_stays_valid(server: Server, client: KapsoClient) -> None:
    server.replies = [page_before("a", after="c0"), Reply(503)]
    pages = changed_since(client, PHONE_ID, MOMENT)
    assert ids([next(pages)]) == ["a"]
    assert len(server.requests) == 1
    with pytest.raises(Unavailable):
        next(pages)


@pytest.mark.parametrize(
    "send",
    [
        lambda client: changed_since(client, "1/../2", MOMENT),
        lambda client: list_webhooks(client, "x"),
        lambda client: change_webhook(client, "x", "7c1d9a34", {"active": True}),
        lambda client: failed_deliveries(client, "x", MOMENT),
    ],
)
def test_an_invalid_phone_id_is_not_sent(
    server: Server, client: KapsoClient, send: Callable[[KapsoClient], object]
) -> None:
    with pytest.raises(InvalidPhoneId, match="not a row of digits"):
        send(client)
    assert server.requests == []
