"""Why messages are missed: webhooks that Kapso has switched off, or that nobody created."""

from typing import Any

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from background_sync_ops.kapso import Delivery, Webhook
from background_sync_ops.kapso import faults as answers
from background_sync_ops.kapso.model import RECEIVED, SENT
from tests.integration.verify.number import KEY, PHONE_ID, Number
from tests.integration.world import NOW, World

URL = "https://crm.example.com/hooks"


@pytest.fixture(autouse=True)
def verified_workspace(number: Number) -> None:
    number.missed("621")


def webhook(number: Number, *, active: bool = True, **fields: Any) -> Webhook:
    return number.store.add_webhook(PHONE_ID, URL, active=active, **fields)


def remembered(world: World) -> tuple[object, object]:
    workspace = world.workspace_record()
    return workspace.get("webhook"), workspace.get("webhook_since")


@pytest.mark.parametrize(
    ("webhooks", "state", "off"),
    [([], "none", 1), ([True], "active", 0), ([False], "off", 1), ([True, False], "active", 0)],
)
def test_the_state_of_a_numbers_webhooks_is_stored_on_the_workspace_and_the_run(
    world: World, number: Number, webhooks: list[bool], state: str, off: int
) -> None:
    for active in webhooks:
        webhook(number, active=active)
    sweep = world.sweep()
    assert (world.record().webhook, world.record().webhook_off) == (state, off)
    assert remembered(world) == (state, NOW)
    assert sweep["webhook_off"] == off


def test_events_that_no_active_webhook_gets_are_stored(world: World, number: Number) -> None:
    known = webhook(number, events=[RECEIVED])
    webhook(number, active=False)
    sweep = world.sweep()
    record, workspace = world.record(), world.workspace_record()
    assert (record.webhook, record.webhook_missing, sweep["webhook_off"]) == ("incomplete", SENT, 1)
    assert (workspace["webhook"], workspace["webhook_missing"]) == ("incomplete", SENT)
    number.store.change_webhook(known.id, NOW, events=[RECEIVED, SENT])
    world.next_hour()
    assert remembered(world)[0] == "active"
    assert "webhook_missing" not in world.workspace_record()


@pytest.mark.parametrize(("failed", "failing"), [(9, 0), (10, 1)])
def test_ten_failures_in_a_quarter_hour_warn(world: World, number: Number, failed: int, failing: int) -> None:
    known = webhook(number)
    for second in range(failed):
        log_delivery(number, known, "failed", PHONE_ID, NOW - MINUTE_MS - second * 1000)
    sweep = world.sweep()
    assert (world.record().webhook, sweep["webhook_failing"]) == ("active", failing)


def test_the_state_clears_when_a_webhook_is_switched_on_again(world: World, number: Number) -> None:
    off = webhook(number, active=False)
    world.run()
    run_at = world.next_hour()
    assert remembered(world) == ("off", NOW)
    assert world.record(run_at=run_at).webhook_off == 1
    number.store.change_webhook(off.id, run_at, active=True)
    run_at = world.next_hour(2)
    assert remembered(world) == ("active", run_at)
    assert world.record(run_at=run_at).webhook_off == 0


@pytest.mark.parametrize(
    "fault",
    [
        answers.status(401),
        answers.status(404),
        answers.status(500),
        answers.status(429),
        answers.broken_json(),
        answers.redirect("https://example.com"),
        answers.wrong_types("active"),
    ],
)
def test_a_failed_look_up_changes_nothing_else(world: World, number: Number, fault: answers.Fault) -> None:
    webhook(number, active=False)
    world.run()
    number.server.faults.add(fault, path="/platform/")
    number.missed("622", kapso_age_ms=-30 * MINUTE_MS)
    run_at = world.next_hour()
    record = world.record(run_at=run_at)
    assert (record.webhook, record.webhook_off) == ("off", 1)
    assert (record.status, record.deferred, record.repaired) == ("completed", 0, 1)
    assert remembered(world) == ("off", NOW)
    assert world.workspace_record()["watermark"] == run_at


def test_a_deferred_run_stores_no_webhook_state(world: World, number: Number) -> None:
    webhook(number, active=False)
    number.fail(404)
    world.run()
    assert not world.record().webhook
    assert world.counts("webhook_off") == (0,)
    assert remembered(world) == (None, None)


@pytest.mark.parametrize(("phone_id", "seen"), [(PHONE_ID, 1), ("330", 0)])
def test_a_deferred_run_counts_the_webhooks_of_the_same_number_as_they_were_last_seen(
    world: World, number: Number, phone_id: str, seen: int
) -> None:
    known = webhook(number, events=[RECEIVED])
    for second in range(10):
        log_delivery(number, known, "failed", PHONE_ID, NOW - MINUTE_MS - second * 1000)
    world.run()
    number.fail(404, times=None)
    world.change_workspace(kapso_phone_id=phone_id)
    run_at = world.next_hour()
    assert world.counts("deferred", "webhook_off", "webhook_failing", run_at=run_at) == (1, seen, seen)
    assert world.record(run_at=run_at).webhook_missing == (SENT if seen else None)


def test_a_workspace_without_verification_forgets_the_webhook_state(world: World, number: Number) -> None:
    """Nothing would ever clear it."""
    webhook(number, active=False)
    world.run()
    world.change_workspace(settings=None)
    world.next_hour()
    assert remembered(world) == (None, None)


def test_failed_deliveries_since_the_last_run_are_counted(world: World, number: Number) -> None:
    known = webhook(number)
    for status, phone_id, age_ms in [
        ("failed", PHONE_ID, MINUTE_MS),
        ("failed", PHONE_ID, 23 * HOUR_MS),
        ("failed", PHONE_ID, 30 * HOUR_MS),
        ("delivered", PHONE_ID, MINUTE_MS),
        ("failed", "330", MINUTE_MS),
    ]:
        number.store.add_number(phone_id, KEY)
        log_delivery(number, known, status, phone_id, NOW - age_ms)
    number.missed("621")
    world.run()
    assert world.counts("failed_deliveries") == (2,)
    number.missed("622", kapso_age_ms=-30 * MINUTE_MS)
    assert world.counts("failed_deliveries", run_at=world.next_hour()) == (1,)


def test_the_log_of_deliveries_is_not_read_where_nothing_was_missed(world: World, number: Number) -> None:
    world.run()
    number.server.requests.clear()
    world.next_hour()
    assert [each for each in number.requests if "deliveries" in each] == []


def log_delivery(number: Number, known: Webhook, status: str, phone_id: str, at: int) -> None:
    number.store.log_delivery(
        Delivery(
            id=number.store.new_id(),
            webhook_id=known.id,
            webhook_url=URL,
            phone_number_id=phone_id,
            event="whatsapp.message.received",
            conversation_phone_number=None,
            created_at=at,
            status=status,  # type: ignore[arg-type]
            failed_at=at if status == "failed" else None,
        )
    )


def test_webhooks_are_also_checked_in_a_sweep_of_a_future_time(world: World, number: Number) -> None:
    """`sweep --at` accepts one. Its scan begins before the sweep's time, but is not a resumed one."""
    world.run(run_at=NOW + DAY_MS)
    assert world.counts("webhook_off", run_at=NOW + DAY_MS) == (1,)
    assert len(number.scans) == 1
