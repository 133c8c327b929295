"""Contacts, webhooks and the delivery log."""

import pytest

from background_sync_ops.kapso import Delivery, KapsoServer, KapsoStore, Person, Quirks
from tests.integration.kapso.server.world import (
    DELIVERIES,
    HOUR,
    KEY,
    MINUTE,
    NOW,
    NUMBER,
    WEBHOOKS,
    Client,
    Clock,
)

CONTACTS = "/platform/v1/whatsapp/contacts"
ACTIVE = {"whatsapp_webhook": {"active": True}}


# -------------------------------------------------------------------- contacts


@pytest.mark.parametrize("identifier", ["6282392508490", "%2B62-823-9250-8490", "US.1", "by id"])
def test_a_contact_by_any_identity(store: KapsoStore, client: Client, ann: Person, identifier: str) -> None:
    store.identify(ann, business_scoped_user_id="US.1")
    store.message(NUMBER, ann, "inbound", NOW)
    shown = client.get(f"{CONTACTS}/{ann.id if identifier == 'by id' else identifier}").data
    assert (shown["id"], shown["wa_id"], shown["profile_name"]) == (ann.id, "6282392508490", "Ann")


def test_a_contact_that_is_not_there(client: Client) -> None:
    answer = client.get(f"{CONTACTS}/621")
    assert (answer.status, answer.document) == (404, {"error": "Contact not found"})


def test_a_contact_of_another_project(store: KapsoStore, client: Client, ann: Person) -> None:
    store.add_number("222", "another-key")
    store.message("222", ann, "inbound", NOW)
    assert client.get(f"{CONTACTS}/{ann.phone}").status == 404


# -------------------------------------------------------------------- webhooks


def test_webhooks_are_shown_with_their_secret(store: KapsoStore, client: Client) -> None:
    webhook = store.add_webhook(NUMBER, "https://crm.example/hooks", secret_key="hush")
    [shown] = client.get(WEBHOOKS).data
    assert (shown["id"], shown["url"], shown["kind"]) == (webhook.id, "https://crm.example/hooks", "kapso")
    assert (shown["active"], shown["secret_key"]) == (True, "hush")
    assert shown["events"] == ["whatsapp.message.received", "whatsapp.message.sent"]


@pytest.mark.parametrize("number", ["999", "222"])
def test_webhooks_of_a_number_that_is_not_the_keys(store: KapsoStore, client: Client, number: str) -> None:
    store.add_number("222", "another-key")
    assert client.get(WEBHOOKS.replace(NUMBER, number)).document == {"error": "Phone number not found"}


def test_a_webhook_is_switched_on_again(store: KapsoStore, client: Client, clock: Clock) -> None:
    webhook = store.add_webhook(NUMBER, "https://crm.example/hooks", active=False)
    clock.time += HOUR
    answer = client.request("PATCH", f"{WEBHOOKS}/{webhook.id}", document=ACTIVE)
    assert (answer.status, answer.data["active"], answer.data["url"]) == (200, True, webhook.url)
    assert store.webhook(webhook.id).resumed_at == NOW + HOUR


def test_a_change_must_name_a_webhook_of_the_number(store: KapsoStore, client: Client) -> None:
    store.add_number("2", KEY)
    other = store.add_webhook("2", "https://crm.example/hooks", active=False)
    assert client.request("PATCH", f"{WEBHOOKS}/{other.id}", document=ACTIVE).status == 404
    assert not store.webhook(other.id).active


def test_the_list_itself_cannot_be_changed(store: KapsoStore, client: Client) -> None:
    webhook = store.add_webhook(NUMBER, "https://crm.example/hooks", active=False)
    assert client.request("PATCH", WEBHOOKS, document=ACTIVE).status == 405
    assert not store.webhook(webhook.id).active


@pytest.mark.parametrize("document", [{"active": True}, {"whatsapp_webhook": {"active": "yes"}}, []])
def test_a_bad_change_changes_nothing(store: KapsoStore, client: Client, document: object) -> None:
    webhook = store.add_webhook(NUMBER, "https://crm.example/hooks", active=False)
    assert client.request("PATCH", f"{WEBHOOKS}/{webhook.id}", document=document).status == 422
    assert store.webhook(webhook.id) == webhook


# -------------------------------------------------------------------- delivery log


def failed(store: KapsoStore, at: int, number: str = NUMBER) -> Delivery:
    return store.log_delivery(
        Delivery(
            id=store.new_id(),
            webhook_id="w",
            webhook_url="https://crm.example/hooks",
            phone_number_id=number,
            config_id="c",
            event="whatsapp.message.received",
            conversation_phone_number="621",
            created_at=at,
            status="failed",
            response_status=500,
            attempt_count=4,
            last_attempt_at=at,
            failed_at=at,
        )
    )


def test_a_failed_delivery_has_no_payload(store: KapsoStore, client: Client) -> None:
    delivery = failed(store, NOW)
    [shown] = client.get(DELIVERIES, status="failed", errors_only="true").data
    assert shown == {
        "id": delivery.id,
        "event": "whatsapp.message.received",
        "status": "failed",
        "response_status": 500,
        "delivered_at": None,
        "failed_at": "2026-01-01T00:00:00.000000Z",
        "last_attempt_at": "2026-01-01T00:00:00.000000Z",
        "attempt_count": 4,
        "created_at": "2026-01-01T00:00:00.000000Z",
        "webhook_id": "w",
        "webhook_url": "https://crm.example/hooks",
        "whatsapp_config_id": "c",
        "phone_number_id": NUMBER,
        "conversation_phone_number": "621",
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, 1),
        ({"period": "7d"}, 2),
        ({"period": "30d"}, 3),
        ({"period": "30d", "status": "delivered"}, 0),
        ({"period": "30d", "event": "whatsapp.message.sent"}, 0),
        ({"period": "30d", "webhook_id": "w"}, 3),
        ({"days": "1", "period": "30d"}, 3),
    ],
)
def test_filters_of_the_log(store: KapsoStore, client: Client, query: dict[str, str], found: int) -> None:
    for days in (0, 6, 29, 31):
        failed(store, NOW - days * 24 * HOUR)
    assert len(client.get(DELIVERIES, **query).data) == found


@pytest.mark.parametrize(
    "query", [{"status": "lost"}, {"period": "1y"}, {"limit": 101}, {"errors_only": "1"}]
)
def test_bad_queries_of_the_log(client: Client, query: dict[str, object]) -> None:
    answer = client.get(DELIVERIES, **query)
    assert answer.status == 422
    assert isinstance(answer.document["error"], str)


def test_the_log_newest_first_page_by_page(store: KapsoStore, client: Client) -> None:
    logged = [failed(store, NOW - place * MINUTE).id for place in range(5)]
    pages = list(client.pages(DELIVERIES, limit=2))
    assert [page.ids for page in pages] == [logged[:2], logged[2:4], logged[4:], []]


def test_the_log_names_the_next_page(store: KapsoStore, kapso: KapsoServer, client: Client) -> None:
    logged = [failed(store, NOW - place * MINUTE).id for place in range(3)]
    first = client.get(DELIVERIES, limit=2)
    second = client.get(first.document["paging"]["next"].removeprefix(kapso.url))
    assert (second.ids, second.document["paging"]["next"]) == (logged[2:], None)
    kapso.quirks = Quirks(platform_next=False)
    assert "next" not in client.get(DELIVERIES, limit=2).document["paging"]


def test_a_cursor_of_another_list_is_refused(store: KapsoStore, client: Client, ann: Person) -> None:
    failed(store, NOW)
    store.message(NUMBER, ann, "inbound", NOW)
    after = client.get(DELIVERIES).document["paging"]["cursors"]["after"]
    assert client.get(f"/meta/whatsapp/v24.0/{NUMBER}/conversations", after=after).status == 400


def test_the_log_of_other_projects_is_not_shown(store: KapsoStore, client: Client) -> None:
    store.add_number("222", "another-key")
    failed(store, NOW, number="222")
    assert client.get(DELIVERIES).data == []


def test_an_unknown_path(client: Client) -> None:
    assert client.get("/platform/v1/whatsapp/messages").document == {"error": "Not Found"}
