"""Delivery of webhooks."""

import hashlib
import hmac
import threading

import pytest

from background_sync_ops.kapso import Channel, Delivery, KapsoServer, KapsoStore, Person, Quirks, Webhook
from tests.integration.kapso.server.world import MINUTE, NOW, NUMBER, SECOND, Client, Clock, Endpoint

pytestmark = pytest.mark.usefixtures("kapso")


@pytest.fixture
def webhook(store: KapsoStore, endpoint: Endpoint) -> Webhook:
    return store.add_webhook(NUMBER, endpoint.url, secret_key="hush")


def write(store: KapsoStore, person: Person, count: int, at: int = NOW) -> None:
    for place in range(count):
        store.message(NUMBER, person, "inbound", at, text=str(place))


def logged(store: KapsoStore) -> Delivery:
    [delivery] = store.deliveries()
    return delivery


@pytest.mark.usefixtures("webhook")
def test_a_message_received(store: KapsoStore, kapso: KapsoServer, ann: Person, endpoint: Endpoint) -> None:
    message = store.message(NUMBER, ann, "inbound", NOW, text="Hi")
    assert (endpoint.received, kapso.courier.pending) == ([], 1)
    assert kapso.courier.deliver_pending() == 1
    [document] = endpoint.documents
    assert document["phone_number_id"] == NUMBER
    assert (document["message"]["id"], document["message"]["from"]) == (message.id, "6282392508490")
    assert (document["message"]["timestamp"], document["message"]["text"]) == ("1767225600", {"body": "Hi"})
    assert document["conversation"]["phone_number"] == "+6282392508490"
    assert document["conversation"]["kapso"]["contact_name"] == "Ann"
    assert document["is_new_conversation"] is True


@pytest.mark.usefixtures("webhook")
def test_it_is_signed_and_named(
    store: KapsoStore, kapso: KapsoServer, ann: Person, endpoint: Endpoint
) -> None:
    store.message(NUMBER, ann, "outbound", NOW)
    kapso.courier.deliver_pending()
    [(headers, body)] = endpoint.received
    assert headers["x-webhook-signature"] == hmac.new(b"hush", body, hashlib.sha256).hexdigest()
    assert headers["x-webhook-event"] == "whatsapp.message.sent"
    assert headers["x-idempotency-key"] == logged(store).id
    assert b"whatsapp.message" not in body


@pytest.mark.usefixtures("webhook")
def test_a_delivery_is_logged(store: KapsoStore, kapso: KapsoServer, ann: Person) -> None:
    write(store, ann, 1)
    assert logged(store).status == "pending"
    kapso.courier.deliver_pending()
    delivery = logged(store)
    assert (delivery.status, delivery.response_status, delivery.attempt_count) == ("delivered", 200, 1)
    assert (delivery.delivered_at, delivery.conversation_phone_number) == (NOW, "6282392508490")


def test_only_what_a_webhook_asks_for(
    store: KapsoStore, kapso: KapsoServer, ann: Person, endpoint: Endpoint
) -> None:
    events = ["whatsapp.conversation.created", "whatsapp.message.delivered"]
    store.add_webhook(NUMBER, endpoint.url, events=events)
    store.message(NUMBER, ann, "outbound", NOW)
    store.delivery_receipt(NUMBER, ann, NOW)
    store.rename(ann, "Anna")
    kapso.courier.deliver_pending()
    assert endpoint.header("x-webhook-event") == events


def test_neither_switched_off_nor_raw_ones_are_sent_anything(
    store: KapsoStore, kapso: KapsoServer, ann: Person, endpoint: Endpoint
) -> None:
    store.add_webhook(NUMBER, endpoint.url, active=False)
    store.add_webhook(NUMBER, endpoint.url, kind="meta")
    write(store, ann, 1)
    assert (kapso.courier.pending, store.deliveries(), kapso.courier.lost) == (0, [], [])


def test_numeric_offsets(store: KapsoStore, kapso: KapsoServer, ann: Person, endpoint: Endpoint) -> None:
    kapso.quirks = Quirks(webhook_offset_minutes=420)
    store.add_webhook(NUMBER, endpoint.url)
    write(store, ann, 1)
    kapso.courier.deliver_pending()
    assert endpoint.documents[0]["conversation"]["last_active_at"] == "2026-01-01T07:00:00+07:00"


# -------------------------------------------------------------------- failures


@pytest.mark.usefixtures("webhook")
@pytest.mark.parametrize("status", [201, 302, 404, 500])
def test_all_but_200_is_tried_again(
    store: KapsoStore, kapso: KapsoServer, ann: Person, endpoint: Endpoint, clock: Clock, status: int
) -> None:
    endpoint.status = status
    write(store, ann, 1)
    attempts = []
    for seconds in (0, 9, 10, 49, 50, 140):
        clock.time = NOW + seconds * SECOND
        attempts.append(kapso.courier.deliver_pending())
    assert attempts == [1, 0, 1, 0, 1, 1]
    assert (logged(store).status, logged(store).attempt_count, kapso.courier.pending) == ("failed", 4, 0)
    assert (logged(store).response_status, logged(store).failed_at) == (status, clock.time)


@pytest.mark.usefixtures("webhook")
def test_a_retry_is_the_same_delivery(
    store: KapsoStore, kapso: KapsoServer, ann: Person, endpoint: Endpoint
) -> None:
    endpoint.answer = lambda _: 500 if len(endpoint.received) < 3 else 200
    write(store, ann, 1)
    assert kapso.courier.deliver_pending(everything=True) == 3
    assert len(set(endpoint.header("x-idempotency-key"))) == 1
    assert len({body for _, body in endpoint.received}) == 1
    assert (logged(store).status, logged(store).attempt_count) == ("delivered", 3)


@pytest.mark.usefixtures("webhook")
def test_an_endpoint_that_does_not_answer_in_time(
    store: KapsoStore, kapso: KapsoServer, ann: Person, endpoint: Endpoint
) -> None:
    released = threading.Event()
    endpoint.answer = lambda _: 200 if released.wait(30) else 500
    kapso.courier.channel = Channel(timeout_s=0.05, retry_delays_ms=())
    write(store, ann, 1)
    kapso.courier.deliver_pending()
    released.set()
    assert (logged(store).status, logged(store).response_status) == ("failed", None)


@pytest.mark.parametrize(
    "url", ["https://crm.example/hooks", "http://192.0.2.1/hooks", "http://", "nonsense"]
)
def test_nothing_is_sent_beyond_this_machine(
    store: KapsoStore, kapso: KapsoServer, ann: Person, url: str
) -> None:
    store.add_webhook(NUMBER, url)
    write(store, ann, 1)
    kapso.courier.deliver_pending(everything=True)
    assert (logged(store).status, logged(store).response_status) == ("failed", None)


def test_what_is_switched_off_meanwhile_gets_nothing_more(
    store: KapsoStore, kapso: KapsoServer, ann: Person, endpoint: Endpoint, webhook: Webhook
) -> None:
    write(store, ann, 1)
    store.change_webhook(webhook.id, NOW, active=False)
    kapso.courier.deliver_pending()
    assert endpoint.received == []
    assert (logged(store).status, logged(store).attempt_count) == ("failed", 0)


@pytest.mark.usefixtures("webhook")
def test_failures_are_seen_in_the_log(
    store: KapsoStore, kapso: KapsoServer, client: Client, ann: Person, endpoint: Endpoint
) -> None:
    endpoint.status = 500
    write(store, ann, 1)
    kapso.courier.deliver_pending(everything=True)
    [shown] = client.get("/platform/v1/webhook_deliveries", status="failed", errors_only="true").data
    assert (shown["response_status"], shown["conversation_phone_number"]) == (500, "6282392508490")


# -------------------------------------------------------------------- on the way


@pytest.mark.usefixtures("webhook")
def test_a_share_is_lost_without_a_word(
    store: KapsoStore, kapso: KapsoServer, ann: Person, endpoint: Endpoint
) -> None:
    kapso.courier.channel = Channel(loss=0.3, seed=1)
    write(store, ann, 40)
    kapso.courier.deliver_pending()
    lost = [str(event.message.text) for event in kapso.courier.lost if event.message]
    assert 0 < len(lost) < 40
    assert sorted(lost + endpoint.texts, key=int) == [str(each) for each in range(40)]
    assert len(store.deliveries()) == len(endpoint.received)


@pytest.mark.usefixtures("webhook")
def test_the_same_seed_loses_the_same(store: KapsoStore, kapso: KapsoServer, ann: Person) -> None:
    runs = []
    for _ in range(2):
        kapso.courier.channel = Channel(loss=0.3, seed=1)
        kapso.courier.lost.clear()
        write(store, ann, 20)
        runs.append([event.message.text for event in kapso.courier.lost if event.message])
    assert runs[0] == runs[1]


@pytest.mark.usefixtures("webhook")
def test_a_test_chooses_what_is_lost(
    store: KapsoStore, kapso: KapsoServer, ann: Person, endpoint: Endpoint
) -> None:
    kapso.courier.channel = Channel(
        loss=lambda event: event.message is not None and event.message.text == "1"
    )
    write(store, ann, 3)
    kapso.courier.deliver_pending()
    assert endpoint.texts == ["0", "2"]


@pytest.mark.usefixtures("webhook")
def test_duplicates_have_the_same_key(
    store: KapsoStore, kapso: KapsoServer, ann: Person, endpoint: Endpoint
) -> None:
    kapso.courier.channel = Channel(duplicates=1)
    write(store, ann, 1)
    kapso.courier.deliver_pending()
    first, second = endpoint.received
    assert (first[1], first[0]["x-idempotency-key"]) == (second[1], second[0]["x-idempotency-key"])
    assert logged(store).attempt_count == 1


@pytest.mark.usefixtures("webhook")
def test_late_ones_come_late(
    store: KapsoStore, kapso: KapsoServer, ann: Person, endpoint: Endpoint, clock: Clock
) -> None:
    kapso.courier.channel = Channel(late=1, late_ms=5 * MINUTE)
    write(store, ann, 1)
    kapso.courier.channel = Channel()
    write(store, ann, 2)
    kapso.courier.deliver_pending()
    assert endpoint.texts == ["0", "1"]
    clock.time += 5 * MINUTE
    assert kapso.courier.deliver_pending() == 1


@pytest.mark.usefixtures("webhook")
def test_any_order(store: KapsoStore, kapso: KapsoServer, ann: Person, endpoint: Endpoint) -> None:
    kapso.courier.channel = Channel(shuffled=True, seed=1)
    write(store, ann, 10)
    kapso.courier.deliver_pending()
    assert endpoint.texts != sorted(endpoint.texts)
    assert sorted(endpoint.texts) == [str(each) for each in range(10)]


# -------------------------------------------------------------------- batches


def test_batches_of_a_conversation(
    store: KapsoStore, kapso: KapsoServer, ann: Person, endpoint: Endpoint
) -> None:
    bo = store.add_person("621")
    store.add_webhook(NUMBER, endpoint.url, max_batch=2)
    write(store, ann, 3)
    write(store, bo, 1)
    store.message(NUMBER, ann, "outbound", NOW)
    kapso.courier.deliver_pending()
    *batches, single = endpoint.documents
    assert [[each["message"]["text"]["body"] for each in batch["data"]] for batch in batches] == [
        ["0", "1"],
        ["2"],
        ["0"],
    ]
    assert all(batch["batch"] is True and "phone_number_id" not in batch for batch in batches)
    assert single["message"]["kapso"]["direction"] == "outbound"
    assert endpoint.header("x-webhook-batch") == ["true", "true", "true", None]


def test_a_batch_that_was_tried_takes_nothing_more(
    store: KapsoStore, kapso: KapsoServer, ann: Person, endpoint: Endpoint
) -> None:
    store.add_webhook(NUMBER, endpoint.url, max_batch=10)
    endpoint.status = 500
    write(store, ann, 1)
    kapso.courier.deliver_pending()
    endpoint.status = 200
    write(store, ann, 1)
    kapso.courier.deliver_pending(everything=True)
    assert [len(document["data"]) for document in endpoint.documents] == [1, 1, 1]


def test_what_happened_before_the_server_is_history(
    store: KapsoStore, ann: Person, endpoint: Endpoint, clock: Clock
) -> None:
    store.add_webhook(NUMBER, endpoint.url)
    other = KapsoServer(store, clock.now)
    write(store, ann, 1)
    with other:
        assert other.courier.pending == 0
    write(store, ann, 1)
    assert other.courier.pending == 0
