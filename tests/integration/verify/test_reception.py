"""Kapso lists only what it hears from Meta: while it does not, its silence says nothing."""

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from background_sync_ops.kapso import faults as answers
from tests.integration.verify.number import OFF, PHONE_ID, REPORT, Number, assert_counts_add_up
from tests.integration.world import NOW, World

HEALTH = f"/platform/v1/whatsapp/phone_numbers/{PHONE_ID}/health"


@pytest.fixture(autouse=True)
def a_quiet_contact(number: Number) -> None:
    number.quiet("621")


def reception(world: World) -> object:
    return world.workspace_record().get("reception")


@pytest.mark.parametrize(
    ("check", "state"),
    [
        ("token_validity", "token_invalid"),
        ("phone_number_access", "no_access"),
        ("webhook_subscription", "not_subscribed"),
    ],
)
def test_a_deaf_kapso_confirms_nobody(world: World, number: Number, check: str, state: str) -> None:
    number.store.failing_checks[PHONE_ID].add(check)
    world.audit()
    assert reception(world) == state
    sweep = world.sweep()
    assert world.counts("reception_lost", "confirmed_quiet", "flagged", "deferred") == (1, 0, 1, 0)
    assert sweep["reception_lost"] == 1
    assert_counts_add_up(world.record())


def test_a_loss_ends_with_the_next_run_and_the_unheard_is_never_quiet(world: World, number: Number) -> None:
    number.store.failing_checks[PHONE_ID].add("token_validity")
    world.audit()
    world.run()
    number.store.failing_checks.clear()
    number.message("622", -30 * MINUTE_MS)
    run_at = world.next_hour(25)
    assert reception(world) == "heard"
    # 621 may have written during the loss; 622 wrote after it, and Kapso has heard everything since.
    counts = world.counts("reception_lost", "confirmed_quiet", "flagged", run_at=run_at)
    assert counts == (0, 1, 1)
    assert world.flagged() == {"621"}


def test_in_report_mode_missed_activity_is_still_reported(world: World, number: Number) -> None:
    world.workspace(settings=REPORT)
    number.missed("622")
    number.store.failing_checks[PHONE_ID].add("token_validity")
    world.audit()
    world.run()
    assert world.counts("reported", "flagged") == (1, 2)


@pytest.mark.parametrize(
    "fault", [answers.status(500), answers.status(429), answers.broken_json(), answers.body(b'{"checks": 5}')]
)
def test_an_unreadable_answer_changes_no_loss(world: World, number: Number, fault: answers.Fault) -> None:
    number.server.faults.add(fault, path="/health")
    world.audit()
    assert reception(world) == "unknown"
    world.run()
    assert world.counts("reception_lost", "confirmed_quiet") == (0, 1)
    number.server.faults.clear()
    number.store.failing_checks[PHONE_ID].add("token_validity")
    world.audit(run_at=NOW + 1)
    number.server.faults.add(fault, path="/health")
    run_at = world.next_hour()
    assert reception(world) == "token_invalid"
    assert world.counts("reception_lost", "confirmed_quiet", run_at=run_at) == (1, 0)


def test_kapso_is_asked_with_the_audit_and_not_by_every_run(world: World, number: Number) -> None:
    world.audit()
    world.run()
    world.next_hour()
    assert number.requests.count(HEALTH) == 1


def test_a_run_asks_when_the_last_answer_is_two_days_old(world: World, number: Number) -> None:
    world.audit()
    for hours, asked in ((47, 1), (48, 2), (49, 2)):
        world.next_hour(hours)
        assert number.requests.count(HEALTH) == asked


@pytest.mark.parametrize("attributes", [{"settings": OFF}, {"kapso_phone_id": None}])
def test_a_workspace_that_is_not_verified_is_not_asked_about(
    world: World, number: Number, attributes: dict[str, object]
) -> None:
    world.workspace("w1", **attributes)
    world.audit()
    assert number.requests == []
    assert world.record("#audit#w1").status == "completed"


def test_a_loss_belongs_to_its_number(world: World, number: Number) -> None:
    number.store.failing_checks[PHONE_ID].add("token_validity")
    world.audit()
    number.store.add_number("330", "kapso-key-that-nobody-may-see")
    world.change_workspace(kapso_phone_id="330")
    world.run()
    assert world.counts("reception_lost") == (0,)


def test_a_loss_during_which_every_run_was_deferred_is_not_forgotten(world: World, number: Number) -> None:
    world.run()
    number.store.failing_checks[PHONE_ID].add("token_validity")
    world.clock.time += HOUR_MS
    world.audit(run_at=NOW + HOUR_MS)
    number.fail(500)
    run_at = world.next_hour(2)
    assert world.counts("reception_lost", "deferred", run_at=run_at) == (1, 1)
    number.store.failing_checks.clear()
    number.server.faults.clear()
    run_at = world.next_hour(26)
    assert world.counts("reception_lost", "confirmed_quiet", "flagged", run_at=run_at) == (0, 0, 1)


def test_switching_verification_off_forgets_the_reception(world: World, number: Number) -> None:
    world.audit()
    assert world.workspace_record()["reception_at"] == number.world.clock.time
    world.change_workspace(settings=None)
    world.clock.time += DAY_MS
    world.next_hour()
    assert not [name for name in world.workspace_record() if name.startswith("reception")]
