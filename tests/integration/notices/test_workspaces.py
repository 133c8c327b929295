"""One event for each completed run or audit in which something was found, at least once."""

import json
from typing import Any

import pytest

from background_sync.notices import Notices
from background_sync.rules.policy import DAY_MS, HOUR_MS
from background_sync_ops.stack.stack import LocalStack
from tests.integration.conftest import NOTICE_BUS
from tests.integration.faults import Faults
from tests.integration.notices.conftest import Events
from tests.integration.verify.number import PHONE_ID, REPAIR, REPORT, Number
from tests.integration.world import NOW, World, message

NAME, PHONE = "Ann Lovelace", "628111222333"
RUN_ID = f"stack/run/w1/{NOW}"


def told(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


@pytest.mark.parametrize(
    ("settings", "summary", "counts"),
    [
        (REPAIR, "w1: 1 repaired, 1 created", {"repaired": 1, "created": 1}),
        (
            REPORT,
            "w1: 1 behind, 1 missing, 1 flagged, 1 reported",
            {"behind": 1, "missing": 1, "reported": 1},
        ),
        ({}, "w1: 1 flagged", {"flagged": 1, "stale_found": 1, "contacts_checked": 1}),
    ],
)
def test_a_run_that_found_something_is_told_without_a_word_of_persons(
    world: World, number: Number, events: Events, settings: Any, summary: str, counts: dict[str, int]
) -> None:
    world.workspace(settings=settings)
    number.store.add_webhook(PHONE_ID, "https://crm.example.com/hooks")
    number.message(PHONE, DAY_MS, name=NAME)
    number.message(PHONE, HOUR_MS // 2, missed=True, name=NAME)
    number.message("628444555666", HOUR_MS // 2, missed=True)
    assert world.run()
    [event] = events()
    assert (event["event"], event["kind"], event["id"]) == ("Workspace checked", "run", RUN_ID)
    assert (event["workspace_id"], event["run_at"], event["stack"]) == ("w1", NOW, "stack")
    assert (event["summary"], event["changed"]) == (summary, [])
    assert told(event["counts"]).items() >= counts.items()
    assert not [text for text in (NAME, PHONE, "628444555666", "Sync check") if text in json.dumps(event)]


@pytest.mark.parametrize("settings", [REPAIR, REPORT, {}])
def test_a_run_that_found_nothing_is_not_told(
    world: World, number: Number, events: Events, settings: Any
) -> None:
    world.workspace(settings=settings)
    number.store.add_webhook(PHONE_ID, "https://crm.example.com/hooks")
    number.message(PHONE, HOUR_MS // 2)
    assert world.run()
    assert world.audit()
    assert events() == []


def test_without_a_bus_nobody_is_told(world: World, events: Events) -> None:
    world.notices = Notices(None, "stack")
    world.workspace()
    world.stale_contacts(1)
    assert world.run()
    assert events() == []


def test_each_change_of_the_webhooks_is_told_once(world: World, number: Number, events: Events) -> None:
    world.workspace(settings=REPAIR)
    world.run()
    [event] = events()
    assert (event["changed"], event["webhook"], event["webhook_was"]) == (["webhook"], "none", "unknown")
    world.next_hour(1)
    assert events() == []
    number.store.add_webhook(PHONE_ID, "https://crm.example.com/hooks")
    world.next_hour(2)
    [event] = events()
    assert event["summary"] == "w1: webhook is active, was none"
    world.next_hour(3)
    assert events() == []


def test_each_change_of_the_reception_is_told_once_whether_an_audit_or_a_run_notices_it(
    world: World, number: Number, events: Events
) -> None:
    world.workspace(settings=REPAIR)
    number.store.add_webhook(PHONE_ID, "https://crm.example.com/hooks")
    number.store.failing_checks[PHONE_ID].add("token_validity")
    for run_at in (NOW, NOW + DAY_MS):
        world.audit(run_at=run_at)
    world.next_hour(25)
    [lost] = events()
    assert (lost["kind"], lost["id"]) == ("audit", f"stack/audit/w1/{NOW}")
    assert lost["summary"] == "w1: reception is token_invalid, was unknown"
    number.store.failing_checks.clear()
    world.next_hour(26)
    world.next_hour(27)
    [found] = events()
    assert (found["kind"], found["changed"]) == ("run", ["reception"])
    assert (found["reception"], found["reception_was"]) == ("heard", "token_invalid")


@pytest.mark.usefixtures("number")
def test_a_change_is_told_by_a_later_attempt_too(world: World, faults: Faults, events: Events) -> None:
    world.workspace(settings=REPAIR)
    faults.fail("TransactWriteItems", RuntimeError("no"))
    assert not world.run()
    assert world.workspace_record()["webhook"] == "none"
    assert events() == []
    world.clock.time += HOUR_MS
    assert world.run(receive_count=2)
    assert [event["changed"] for event in events()] == [["webhook"]]


def test_a_message_that_comes_again_tells_the_same_again(world: World, events: Events) -> None:
    world.workspace()
    world.stale_contacts(1)
    assert world.run()
    before = world.record().attribute_values
    assert world.run()
    first, second = events()
    assert first == second
    assert world.record().attribute_values == before


class RefusingBus:
    """EventBridge answers 200 when it does not take an entry."""

    def put_events(self, **_: object) -> dict[str, Any]:
        return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]}


@pytest.mark.parametrize("refuses", [True, False])
def test_a_broken_bus_changes_no_run_and_is_told_when_it_works_again(
    world: World, engine: LocalStack, events: Events, refuses: bool
) -> None:
    bus = world.notices
    client = RefusingBus() if refuses else engine.aws.client("events")
    world.notices = Notices("missing", "stack", client)
    world.workspace()
    world.stale_contacts(1)
    world.dispatch()
    [received] = world.receive()
    # After ten receives SQS moves it to the dead-letter queue; `redrive` then sends it as a new message.
    assert not [number for number in range(10) if world.deliver(received)]
    assert (world.record().status, world.record().attempts, world.record().flagged) == ("completed", 1, 1)
    swept = world.swept()
    assert (swept["completed"], swept["failed"], swept["flagged"]) == (1, 0, 1)
    assert events() == []
    world.notices = bus
    assert world.deliver(message())
    assert [event["id"] for event in events()] == [RUN_ID]


def test_without_time_left_the_message_comes_again_for_the_notice_alone(
    world: World, faults: Faults, events: Events
) -> None:
    world.workspace()
    world.stale_contacts(1)

    def takes_long() -> None:
        world.clock.time += 115_000

    faults.meanwhile("TransactWriteItems", takes_long)
    assert not world.run()
    assert (world.record().status, events()) == ("completed", [])
    assert world.run()
    assert [event["id"] for event in events()] == [RUN_ID]


def test_what_is_not_completed_is_not_told(world: World, events: Events, faults: Faults) -> None:
    world.workspace()
    world.stale_contacts(1)
    faults.fail("Query", RuntimeError("no"), after=1)
    assert not world.run()
    assert (world.record().status, events()) == ("failed", [])


def test_the_bus_is_named_by_its_parameter(engine: LocalStack) -> None:
    for name in ("ReconcilerFunction", "MonitorFunction"):
        variables = engine.functions[name].spec.environment
        assert (variables["NOTICE_BUS_NAME"], variables["STACK_NAME"]) == (NOTICE_BUS, "background-sync")
