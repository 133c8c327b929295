"""The cause: webhooks that Kapso has switched off, or that nobody ever made."""

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from background_sync_ops.kapso import Delivery, Webhook
from background_sync_ops.kapso import faults as answers
from tests.integration.verify.number import KEY, PHONE_ID, REPAIR, Number
from tests.integration.world import NOW, World

URL = "https://crm.example.com/hooks"


@pytest.fixture(autouse=True)
def repairing(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    number.missed("621")


def webhook(number: Number, *, active: bool = True) -> Webhook:
    return number.store.add_webhook(PHONE_ID, URL, active=active)


def remembered(world: World) -> tuple[object, object]:
    workspace = world.workspace_record()
    return workspace.get("webhook"), workspace.get("webhook_since")


@pytest.mark.parametrize(
    ("webhooks", "state", "off"),
    [([], "none", 1), ([True], "active", 0), ([False], "off", 1), ([True, False], "off", 1)],
)
def test_what_a_numbers_webhooks_are_is_on_the_workspace_and_on_the_run(
    world: World, number: Number, webhooks: list[bool], state: str, off: int
) -> None:
    for active in webhooks:
        webhook(number, active=active)
    sweep = world.sweep()
    assert (world.record().webhook, world.record().webhook_off) == (state, off)
    assert remembered(world) == (state, NOW)
    assert sweep["webhook_off"] == off


def test_one_that_is_switched_on_again_clears_by_itself(world: World, number: Number) -> None:
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
        answers.another_number("330"),
        answers.wrong_types("active"),
    ],
)
def test_a_look_up_that_fails_costs_no_verification_and_forgets_nothing(
    world: World, number: Number, fault: answers.Fault
) -> None:
    webhook(number, active=False)
    world.run()
    number.server.faults.add(fault, path="/platform/")
    number.missed("622", kapso_age_ms=-30 * MINUTE_MS)
    run_at = world.next_hour()
    record = world.record(run_at=run_at)
    assert not record.webhook
    assert (record.status, record.deferred, record.repaired) == ("completed", 0, 1)
    assert remembered(world) == ("off", NOW)
    assert world.workspace_record()["watermark"] == run_at


def test_a_deferred_run_tells_nothing_of_the_webhooks(world: World, number: Number) -> None:
    webhook(number, active=False)
    number.server.faults.add(answers.status(404), path="/conversations")
    world.run()
    assert not world.record().webhook
    assert world.counts("webhook_off") == (0,)
    assert remembered(world) == (None, None)


def test_a_workspace_that_is_no_longer_verified_warns_of_no_webhook(world: World, number: Number) -> None:
    """Nobody looks any more, so nobody could ever clear it."""
    webhook(number, active=False)
    world.run()
    world.database.client.update_item(
        TableName=world.database.tables.workspaces,
        Key={"workspace_id": {"S": "w1"}},
        UpdateExpression="REMOVE settings",
    )
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
        log(number, known, status, phone_id, NOW - age_ms)
    world.run()
    assert world.counts("failed_deliveries") == (2,)
    assert world.counts("failed_deliveries", run_at=world.next_hour()) == (1,)


def log(number: Number, known: Webhook, status: str, phone_id: str, at: int) -> None:
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


def test_they_are_looked_at_in_a_sweep_of_a_time_to_come_too(world: World, number: Number) -> None:
    """`sweep --at` may name one: the scan began before it, and was not resumed for that."""
    world.run(run_at=NOW + DAY_MS)
    assert world.counts("webhook_off", run_at=NOW + DAY_MS) == (1,)
    assert len(number.scans) == 1
