"""A number's webhooks, without their secrets, and its failed deliveries."""

import json
from typing import Any

import pytest

from background_sync.kapso.client import KapsoClient
from background_sync.kapso.errors import InvalidResponse
from background_sync.kapso.webhooks import change_webhook, failed_deliveries, list_webhooks
from background_sync.rules.policy import DAY_MS, HOUR_MS
from background_sync.rules.webhooks import Webhook
from tests.integration.kapso.client.server import Reply, Server
from tests.unit.kapso.records import MOMENT, PHONE_ID

SECRET = "whsec_5f2c"
PATH = f"/platform/v1/whatsapp/phone_numbers/{PHONE_ID}/webhooks"
WEBHOOK_ID = "7c1d9a34-0000-4000-8000-000000000001"


def webhook(**fields: Any) -> dict[str, Any]:
    return {
        "id": WEBHOOK_ID,
        "url": "https://crm.example/hooks",
        "active": True,
        "kind": "kapso",
        "events": ["whatsapp.message.received"],
        "phone_number_id": PHONE_ID,
        "secret_key": SECRET,
        "headers": {"Authorization": SECRET},
        **fields,
    }


def listed(*webhooks: Any) -> Reply:
    return Reply(document={"data": list(webhooks), "secret_key": SECRET})


def test_webhooks_are_listed(server: Server, client: KapsoClient) -> None:
    server.replies = [listed(webhook(), webhook(id="2", active=False, events=None, kind=None, url=None))]
    assert list_webhooks(client, PHONE_ID) == (
        Webhook(
            id=WEBHOOK_ID,
            url="https://crm.example/hooks",
            active=True,
            kind="kapso",
            events=("whatsapp.message.received",),
        ),
        Webhook(id="2", url=None, active=False, kind=None, events=()),
    )
    [request] = server.requests
    assert (request.method, request.path) == ("GET", PATH)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"active": None}, "active is neither true nor false"),
        ({"active": "yes"}, "active is neither true nor false"),
        ({"id": None}, "it has no id"),
        ({"url": [SECRET]}, "url is not text"),
        ({"events": SECRET}, "events is not a list of texts"),
        ({"events": [{"secret_key": SECRET}]}, "events is not a list of texts"),
    ],
)
def test_one_invalid_webhook_makes_the_list_invalid(
    server: Server, client: KapsoClient, fields: dict[str, Any], reason: str
) -> None:
    server.replies = [listed(webhook(), webhook(**fields))]
    with pytest.raises(
        InvalidResponse, match=f"a webhook of number {PHONE_ID} in Kapso's answer: {reason}"
    ) as caught:
        list_webhooks(client, PHONE_ID)
    assert SECRET not in str(caught.value)


def test_a_webhook_of_another_number_is_refused(server: Server, client: KapsoClient) -> None:
    server.replies = [listed(webhook(phone_number_id="999"))]
    with pytest.raises(InvalidResponse, match="another number"):
        list_webhooks(client, PHONE_ID)


def test_control_characters_are_dropped(server: Server, client: KapsoClient) -> None:
    server.replies = [listed(webhook(url="https://a\x1b[2Jb", events=["x\r\ny"]))]
    [found] = list_webhooks(client, PHONE_ID)
    assert (found.url, found.events) == ("https://a[2Jb", ("xy",))


@pytest.mark.parametrize("reply", [Reply(document={"data": webhook()}), Reply(204)])
def test_activating_a_webhook_changes_nothing_else(server: Server, client: KapsoClient, reply: Reply) -> None:
    server.replies = [reply]
    change_webhook(client, PHONE_ID, WEBHOOK_ID, {"active": True})
    [request] = server.requests
    assert (request.method, request.path) == ("PATCH", f"{PATH}/{WEBHOOK_ID}")
    assert json.loads(request.body) == {"whatsapp_webhook": {"active": True}}
    assert request.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("webhook_id", ["", "..", "a/b", "a?b", "a b", "x" * 65])
def test_an_invalid_webhook_id_is_not_sent(server: Server, client: KapsoClient, webhook_id: str) -> None:
    with pytest.raises(ValueError, match="is not an id"):
        change_webhook(client, PHONE_ID, webhook_id, {"active": True})
    assert server.requests == []


def failed(minutes_ago: float | None, **fields: Any) -> dict[str, Any]:
    created = None if minutes_ago is None else str((MOMENT - minutes_ago * 60_000) / 1000)
    return {"id": "1", "created_at": created, "phone_number_id": PHONE_ID, **fields}


def log(*deliveries: Any, after: str | None = None) -> Reply:
    return Reply(document={"data": list(deliveries), "paging": {"cursors": {"after": after}, "next": "…"}})


def count(client: KapsoClient, since_ms: int = MOMENT - HOUR_MS, **options: Any) -> int:
    return len(failed_deliveries(client, PHONE_ID, since_ms, **options))


def test_deliveries_count_by_the_time_of_their_failure(server: Server, client: KapsoClient) -> None:
    invalid = [None, 5, {}, failed(None), failed(1, created_at={}), failed(1, phone_number_id=None)]
    later = failed(61, failed_at=str(MOMENT // 1000 - 3590))
    others = [failed(61), failed(1, phone_number_id="999"), *invalid]
    server.replies = [log(failed(1), failed(60), later, *others)]
    assert count(client) == 3


@pytest.mark.parametrize(
    ("age_ms", "period"),
    [(HOUR_MS, "24h"), (DAY_MS - 1, "24h"), (DAY_MS, "7d"), (7 * DAY_MS, "30d"), (90 * DAY_MS, "30d")],
)
def test_the_shortest_period_is_read(server: Server, client: KapsoClient, age_ms: int, period: str) -> None:
    server.replies = [log()]
    assert count(client, MOMENT - age_ms) == 0
    [request] = server.requests
    assert request.path == "/platform/v1/webhook_deliveries"
    assert request.query == {
        "status": ["failed"],
        "errors_only": ["true"],
        "limit": ["100"],
        "period": [period],
    }


def test_the_log_is_read_up_to_max_pages(server: Server, client: KapsoClient) -> None:
    server.replies = [log(failed(n), after=f"c{n}") for n in range(5)]
    assert count(client) == 1
    assert count(client, max_pages=2) == 2
    assert [request.query.get("after") for request in server.requests] == [None, None, ["c1"]]


def test_the_log_is_not_read_beyond_the_time(server: Server, client: KapsoClient) -> None:
    server.replies = [log(failed(1), failed(61), after="c0")]
    assert count(client, max_pages=10) == 1
    assert len(server.requests) == 1
