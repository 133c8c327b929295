"""Delivery of webhooks."""

import hashlib
import hmac

import pytest

from background_sync_ops.kapso import Channel, Delivery, KapsoServer, KapsoStore, Person, Webhook
from background_sync_ops.kapso.model import RECEIVED
from tests.integration.kapso.server.world import NOW, NUMBER, SECOND, Endpoint
from tests.integration.world import TestClock


@pytest.fixture
def webhook(store: KapsoStore, endpoint: Endpoint) -> Webhook:
    return store.add_webhook(NUMBER, endpoint.url, secret_key="hush")


def write(kapso: KapsoServer, person: Person, count: int = 1) -> None:
    for number in range(count):
        kapso.store.message(NUMBER, person, "inbound", NOW, text=str(number))


def logged(store: KapsoStore) -> Delivery:
    [delivery] = store.deliveries(NUMBER)
    return delivery


@pytest.mark.usefixtures("webhook")
def test_a_received_message(store: KapsoStore, kapso: KapsoServer, ann: Person, endpoint: Endpoint) -> None:
    message = store.message(NUMBER, ann, "inbound", NOW, text="Hi")
    assert logged(store).status == "pending"
    assert kapso.courier.deliver_pending() == 1
    [document] = endpoint.documents
    assert document["phone_number_id"] == NUMBER
    assert (document["message"]["id"], document["message"]["from"]) == (message.id, "6282392508490")
    assert (document["message"]["timestamp"], document["message"]["text"]) == ("1767225600", {"body": "Hi"})
    assert document["conversation"]["phone_number"] == "+6282392508490"
    assert document["conversation"]["last_active_at"] == "2026-01-01T00:00:00Z"
    assert document["conversation"]["kapso"]["contact_name"] == "Ann"
    assert document["is_new_conversation"] is True
    delivery = logged(store)
    assert (delivery.status, delivery.response_status, delivery.attempt_count) == ("delivered", 200, 1)
    assert (delivery.delivered_at, delivery.conversation_phone_number) == (NOW, "6282392508490")


@pytest.mark.usefixtures("webhook")
def test_the_raw_body_is_signed_and_headers_name_event_and_delivery(
    store: KapsoStore, kapso: KapsoServer, ann: Person, endpoint: Endpoint
) -> None:
    store.message(NUMBER, ann, "outbound", NOW)
    kapso.courier.deliver_pending()
    [(headers, body)] = endpoint.received
    assert headers["x-webhook-signature"] == hmac.new(b"hush", body, hashlib.sha256).hexdigest()
    assert headers["x-webhook-event"] == "whatsapp.message.sent"
    assert headers["x-idempotency-key"] == logged(store).id
    assert b"whatsapp.message" not in body


def test_each_gets_its_events(store: KapsoStore, kapso: KapsoServer, ann: Person, endpoint: Endpoint) -> None:
    store.add_webhook(NUMBER, endpoint.url, events=[RECEIVED])
    store.add_webhook(NUMBER, endpoint.url, active=False)
    store.message(NUMBER, ann, "outbound", NOW)
    write(kapso, ann)
    kapso.courier.deliver_pending()
    assert endpoint.header("x-webhook-event") == [RECEIVED]


@pytest.mark.usefixtures("webhook")
@pytest.mark.parametrize("status", [201, 302, 404, 500])
def test_every_status_but_200_is_retried_with_the_same_key_and_body(
    store: KapsoStore, kapso: KapsoServer, ann: Person, endpoint: Endpoint, clock: TestClock, status: int
) -> None:
    endpoint.status = status
    write(kapso, ann)
    attempts = []
    for seconds in (0, 9, 10, 49, 50, 140):
        clock.time = NOW + seconds * SECOND
        attempts.append(kapso.courier.deliver_pending())
    assert attempts == [1, 0, 1, 0, 1, 1]
    assert kapso.courier.deliver_pending() == 0
    assert (logged(store).status, logged(store).attempt_count) == ("failed", 4)
    assert (logged(store).response_status, logged(store).failed_at) == (status, clock.time)
    assert len(set(endpoint.header("x-idempotency-key"))) == 1
    assert len({body for _, body in endpoint.received}) == 1


@pytest.mark.parametrize("url", ["https://crm.example/hooks", "http://192.0.2.1/hooks", "http://", "invalid"])
def test_nothing_leaves_this_machine(store: KapsoStore, kapso: KapsoServer, ann: Person, url: str) -> None:
    kapso.courier.channel = Channel(retry_delays_ms=())
    store.add_webhook(NUMBER, url)
    write(kapso, ann)
    kapso.courier.deliver_pending()
    assert (logged(store).status, logged(store).response_status) == ("failed", None)


def test_received_messages_of_a_conversation_are_sent_in_batches(
    store: KapsoStore, kapso: KapsoServer, ann: Person, endpoint: Endpoint
) -> None:
    store.add_webhook(NUMBER, endpoint.url, max_batch=2)
    write(kapso, ann, 3)
    write(kapso, store.add_person("621"))
    store.message(NUMBER, ann, "outbound", NOW)
    kapso.courier.deliver_pending()
    *batches, single = endpoint.documents
    texts = [[each["message"]["text"]["body"] for each in batch["data"]] for batch in batches]
    assert texts == [["0", "1"], ["2"], ["0"]]
    assert all(batch["batch"] is True and "phone_number_id" not in batch for batch in batches)
    assert single["message"]["kapso"]["direction"] == "outbound"
    assert endpoint.header("x-webhook-batch") == ["true", "true", "true", None]
