"""A failing webhook is switched off: 15 minutes, 40 deliveries, 10 failures, 85 % failing."""

import pytest

from background_sync_ops.kapso import Channel, KapsoServer, KapsoStore, Person, Webhook
from background_sync_ops.kapso.switch_off import WINDOW_MS, Watch, is_failing
from tests.integration.kapso.server.world import NOW, NUMBER, WEBHOOKS, Client, Clock, Endpoint


@pytest.mark.parametrize(
    ("deliveries", "failures", "failing"),
    [(40, 34, True), (40, 33, False), (39, 39, False), (100, 85, True), (100, 84, False), (0, 0, False)],
)
def test_the_rule(deliveries: int, failures: int, *, failing: bool) -> None:
    assert is_failing(deliveries, failures) == failing


def test_a_delivery_counts_once_by_its_latest_attempt() -> None:
    watch = Watch()
    assert not any(watch.note("one", NOW, failed=True) for _ in range(100))
    assert not any(watch.note(str(each), NOW, failed=True) for each in range(38))
    assert watch.note("the 40th", NOW, failed=True)
    assert watch.note("one", NOW, failed=False)  # 39 of 40


def test_what_is_older_than_the_window_does_not_count() -> None:
    watch = Watch()
    assert not any(watch.note(str(each), NOW, failed=True) for each in range(39))
    assert not watch.note("late", NOW + WINDOW_MS, failed=True)


def test_what_is_just_within_the_window_counts() -> None:
    watch = Watch()
    assert not any(watch.note(str(each), NOW, failed=True) for each in range(39))
    assert watch.note("late", NOW + WINDOW_MS - 1, failed=True)


@pytest.fixture
def webhook(store: KapsoStore, kapso: KapsoServer, endpoint: Endpoint) -> Webhook:
    """One whose endpoint fails."""
    kapso.courier.channel = Channel(retry_delays_ms=())
    endpoint.status = 500
    return store.add_webhook(NUMBER, endpoint.url)


def deliver(kapso: KapsoServer, person: Person, count: int) -> None:
    for _ in range(count):
        kapso.store.message(NUMBER, person, "inbound", NOW)
    kapso.courier.deliver_pending()


def test_a_failing_endpoint_is_switched_off(
    kapso: KapsoServer, client: Client, ann: Person, endpoint: Endpoint, webhook: Webhook
) -> None:
    deliver(kapso, ann, 39)
    assert kapso.store.webhook(webhook.id).active
    deliver(kapso, ann, 5)
    assert client.get(WEBHOOKS).data[0]["active"] is False
    assert len(endpoint.received) == 40


def test_it_is_sent_nothing_until_it_is_switched_on_again(
    kapso: KapsoServer, client: Client, ann: Person, endpoint: Endpoint, webhook: Webhook, clock: Clock
) -> None:
    deliver(kapso, ann, 40)
    endpoint.status = 200
    clock.time += WINDOW_MS
    deliver(kapso, ann, 1)
    assert len(endpoint.received) == 40
    client.request("PATCH", f"{WEBHOOKS}/{webhook.id}", document={"whatsapp_webhook": {"active": True}})
    deliver(kapso, ann, 1)
    assert len(endpoint.received) == 41


def test_the_rule_begins_anew_when_it_is_switched_on(
    kapso: KapsoServer, ann: Person, webhook: Webhook, clock: Clock
) -> None:
    deliver(kapso, ann, 40)
    clock.time += 1
    kapso.store.change_webhook(webhook.id, clock.time, active=True)
    deliver(kapso, ann, 39)
    assert kapso.store.webhook(webhook.id).active


def test_an_endpoint_that_mostly_answers_stays_on(
    kapso: KapsoServer, ann: Person, endpoint: Endpoint, webhook: Webhook
) -> None:
    endpoint.answer = lambda _: 200 if len(endpoint.received) % 5 == 0 else 500
    deliver(kapso, ann, 60)
    assert kapso.store.webhook(webhook.id).active
