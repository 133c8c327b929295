"""A failing webhook is switched off: 15 minutes, 40 deliveries, 10 failures, 85 % failing."""

import pytest

from background_sync_ops.kapso import Channel, KapsoServer, KapsoStore, Person, Webhook
from background_sync_ops.kapso.switch_off import WINDOW_MS, RecentDeliveries, is_failing
from tests.integration.kapso.server.world import NOW, NUMBER, WEBHOOKS, Client, Endpoint
from tests.integration.world import TestClock


@pytest.mark.parametrize(
    ("deliveries", "failures", "failing"),
    [(40, 34, True), (40, 33, False), (39, 39, False), (100, 85, True), (100, 84, False), (0, 0, False)],
)
def test_the_rule(deliveries: int, failures: int, *, failing: bool) -> None:
    assert is_failing(deliveries, failures) == failing


def test_only_the_latest_attempt_of_a_delivery_counts() -> None:
    recent = RecentDeliveries()
    assert not any(recent.add("first", NOW, failed=True) for _ in range(100))
    assert not any(recent.add(str(number), NOW, failed=True) for number in range(38))
    assert recent.add("the 40th", NOW, failed=True)


@pytest.mark.parametrize(("age_ms", "failing"), [(WINDOW_MS - 1, True), (WINDOW_MS, False)])
def test_only_attempts_within_the_window_count(age_ms: int, *, failing: bool) -> None:
    recent = RecentDeliveries()
    assert not any(recent.add(str(number), NOW, failed=True) for number in range(39))
    assert recent.add("last", NOW + age_ms, failed=True) == failing


@pytest.fixture
def webhook(store: KapsoStore, kapso: KapsoServer, endpoint: Endpoint) -> Webhook:
    kapso.courier.channel = Channel(retry_delays_ms=())
    endpoint.status = 500
    return store.add_webhook(NUMBER, endpoint.url)


def deliver(kapso: KapsoServer, person: Person, count: int) -> None:
    for _ in range(count):
        kapso.store.message(NUMBER, person, "inbound", NOW)
    kapso.courier.deliver_pending()


def test_a_failing_webhook_is_switched_off_until_a_person_switches_it_on(
    kapso: KapsoServer, client: Client, ann: Person, endpoint: Endpoint, webhook: Webhook, clock: TestClock
) -> None:
    deliver(kapso, ann, 39)
    assert kapso.store.webhook(webhook.id).active
    deliver(kapso, ann, 5)
    assert client.get(WEBHOOKS).data[0]["active"] is False
    assert len(endpoint.received) == 40
    endpoint.status = 200
    clock.time += WINDOW_MS
    deliver(kapso, ann, 1)
    assert len(endpoint.received) == 40
    client.request("PATCH", f"{WEBHOOKS}/{webhook.id}", {"whatsapp_webhook": {"active": True}})
    deliver(kapso, ann, 1)
    assert len(endpoint.received) == 41


def test_earlier_failures_do_not_count_after_a_webhook_is_switched_on(
    kapso: KapsoServer, ann: Person, webhook: Webhook, clock: TestClock
) -> None:
    deliver(kapso, ann, 40)
    clock.time += 1
    kapso.store.change_webhook(webhook.id, clock.time, active=True)
    deliver(kapso, ann, 39)
    assert kapso.store.webhook(webhook.id).active
