"""Webhooks and the delivery log."""

import pytest

from background_sync_ops.kapso import Delivery, KapsoServer, KapsoStore
from tests.integration.kapso.server.world import (
    DELIVERIES,
    HOUR,
    KEY,
    MINUTE,
    NOW,
    NUMBER,
    WEBHOOKS,
    Client,
)

URL = "https://crm.example/hooks"
ACTIVATE = {"whatsapp_webhook": {"active": True}}


def test_webhooks_are_listed_with_their_secret(store: KapsoStore, client: Client) -> None:
    webhook = store.add_webhook(NUMBER, URL, secret_key="hush")
    [record] = client.get(WEBHOOKS).data
    assert (record["id"], record["url"], record["kind"]) == (webhook.id, URL, "kapso")
    assert (record["active"], record["secret_key"]) == (True, "hush")
    assert record["events"] == ["whatsapp.message.received", "whatsapp.message.sent"]


def test_a_change_of_a_webhook_changes_nothing_else(store: KapsoStore, client: Client) -> None:
    webhook = store.add_webhook(NUMBER, URL, active=False)
    path, events = f"{WEBHOOKS}/{webhook.id}", ["whatsapp.message.read"]
    changed = client.request("PATCH", path, {"whatsapp_webhook": {"events": events}})
    assert (changed.data["events"], changed.data["active"]) == (events, False)
    changed = client.request("PATCH", path, ACTIVATE)
    assert (changed.status, changed.data["events"], changed.data["active"]) == (200, events, True)


def test_a_change_must_name_a_webhook_of_the_number(store: KapsoStore, client: Client) -> None:
    store.add_number("2", KEY)
    other = store.add_webhook("2", URL, active=False)
    assert client.request("PATCH", f"{WEBHOOKS}/{other.id}", ACTIVATE).status == 404
    assert client.request("PATCH", WEBHOOKS, ACTIVATE).status == 405
    assert not store.webhook(other.id).active


@pytest.mark.parametrize(
    "document",
    [
        {"active": True},
        {"whatsapp_webhook": {"active": "yes"}},
        {"whatsapp_webhook": {"active": True, "events": [1]}},
        [],
    ],
)
def test_an_invalid_change_is_refused(store: KapsoStore, client: Client, document: object) -> None:
    webhook = store.add_webhook(NUMBER, URL, active=False)
    assert client.request("PATCH", f"{WEBHOOKS}/{webhook.id}", document).status == 422
    assert store.webhook(webhook.id) == webhook


def test_the_health_of_a_number_shows_what_meta_answers(store: KapsoStore, client: Client) -> None:
    health = f"/platform/v1/whatsapp/phone_numbers/{NUMBER}/health"
    found = client.get(health).document
    assert (found["status"], {each["passed"] for each in found["checks"].values()}) == ("healthy", {True})
    store.failing_checks[NUMBER].add("webhook_subscription")
    found = client.get(health).document
    assert (found["status"], found["checks"]["webhook_subscription"]["passed"]) == ("unhealthy", False)
    assert client.get(health.replace(NUMBER, "999")).status == 404


def log_failed(store: KapsoStore, at: int, number: str = NUMBER) -> str:
    delivery = Delivery(
        id=store.new_id(),
        webhook_id="w",
        webhook_url=URL,
        phone_number_id=number,
        event="whatsapp.message.received",
        conversation_phone_number="621",
        created_at=at,
        status="failed",
        response_status=500,
        attempt_count=4,
        last_attempt_at=at,
        failed_at=at,
    )
    store.log_delivery(delivery)
    return delivery.id


def test_an_entry_of_the_log_has_no_payload(store: KapsoStore, client: Client) -> None:
    delivery_id = log_failed(store, NOW)
    assert client.get(DELIVERIES, status="failed", errors_only="true").data == [
        {
            "id": delivery_id,
            "event": "whatsapp.message.received",
            "status": "failed",
            "response_status": 500,
            "delivered_at": None,
            "failed_at": "2026-01-01T00:00:00.000000Z",
            "last_attempt_at": "2026-01-01T00:00:00.000000Z",
            "attempt_count": 4,
            "created_at": "2026-01-01T00:00:00.000000Z",
            "webhook_id": "w",
            "webhook_url": URL,
            "phone_number_id": NUMBER,
            "conversation_phone_number": "621",
        }
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, 1),
        ({"period": "7d"}, 2),
        ({"period": "30d", "errors_only": "true"}, 3),
        ({"period": "30d", "status": "delivered"}, 0),
    ],
)
def test_the_log_is_filtered(store: KapsoStore, client: Client, query: dict[str, str], found: int) -> None:
    for days in (0, 6, 29, 31):
        log_failed(store, NOW - days * 24 * HOUR)
    assert len(client.get(DELIVERIES, **query).data) == found


@pytest.mark.parametrize(
    "query", [{"status": "lost"}, {"period": "1y"}, {"limit": 101}, {"errors_only": "1"}]
)
def test_an_invalid_query_of_the_log_is_refused(client: Client, query: dict[str, object]) -> None:
    assert client.get(DELIVERIES, **query).status == 422


def test_the_log_is_paged_newest_first(store: KapsoStore, kapso: KapsoServer, client: Client) -> None:
    logged = [log_failed(store, NOW - index * MINUTE) for index in range(3)]
    first, second, third = client.pages(DELIVERIES, limit=2)
    assert [page.ids for page in (first, second, third)] == [logged[:2], logged[2:], []]
    assert client.get(first.document["paging"]["next"].removeprefix(kapso.url)).ids == second.ids
    assert second.document["paging"]["next"] is None


def test_the_log_has_the_numbers_of_the_keys_project_only(store: KapsoStore, client: Client) -> None:
    store.add_number("222", "another-key")
    store.add_number("333", KEY)
    log_failed(store, NOW, number="222")
    delivery_id = log_failed(store, NOW, number="333")
    assert client.get(DELIVERIES).ids == [delivery_id]
