"""What the intake records is what a sweep would have repaired."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from background_sync.intake.messages import MAX_EVENTS
from background_sync.records.contacts import record_activity
from background_sync.records.heard import last_heard, remember_heard
from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from background_sync_ops.kapso import Person
from background_sync_ops.kapso.documents import event_document
from tests.integration.faults import Faults
from tests.integration.intake.conftest import Intake
from tests.integration.verify.number import PHONE_ID, REPAIR, served
from tests.integration.world import NOW, World

MIRRORED = "phone business_scoped_user_id name kapso_name lead_status source last_activity_at activity_at"
IDENTITIES = (("628001", "ID.1"), ("628002", None), (None, "ID.3"), ("5531988880000", "BR.4"))
events = st.lists(
    st.tuples(
        st.sampled_from(range(len(IDENTITIES))),
        st.integers(10, 20 * 60),
        st.sampled_from(["inbound", "outbound"]),
    ),
    max_size=8,
    unique_by=lambda each: each[:2],
)


@pytest.fixture
def sari(intake: Intake) -> Person:
    return intake.store.add_person("628123", business_scoped_user_id="ID.1", name="Sari")


def mirrored(world: World) -> dict[str, dict[str, Any]]:
    names = MIRRORED.split()
    return {key: {name: each.get(name) for name in names} for key, each in world.contacts().items()}


@given(events=events, order=st.randoms(use_true_random=False), old=st.sets(st.sampled_from(range(4))))
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_all_events_received_are_an_empty_intake_and_one_sweep(
    intake: Intake, world: World, events: list[Any], order: Any, old: set[int]
) -> None:
    """Whatever their order, and however often they come."""

    def begin() -> None:
        world.clear()
        world.workspace(settings=REPAIR)
        intake.restart()
        for index in old:
            phone, bsuid = IDENTITIES[index]
            status = "archived" if index % 2 else "qualified"
            world.contact(phone or str(bsuid), 30 * HOUR_MS, phone=phone, lead_status=status)

    begin()
    with served(world) as number:
        people = [
            number.store.add_person(phone, business_scoped_user_id=bsuid, name=f"Person {phone}")
            for phone, bsuid in IDENTITIES
        ]
        bodies: list[Any] = []
        number.store.subscribe(lambda event: bodies.append((event.name, event_document(event))))
        for index, age_min, direction in events:
            number.store.message(PHONE_ID, people[index], direction, NOW - age_min * MINUTE_MS)
        world.sweep()
        swept = mirrored(world)
        begin()
        deliveries = [*bodies, *bodies[::2]]
        order.shuffle(deliveries)
        for name, body in deliveries:
            raw = json.dumps(body).encode()
            assert intake.post(raw, intake.signed(raw), name=name) == 200
            if order.random() < 0.5:
                intake.record()
        intake.record()
    assert mirrored(world) == swept


def test_a_duplicate_costs_a_read_at_most_and_no_write(
    intake: Intake, world: World, sari: Person, faults: Faults
) -> None:
    document = intake.message(sari)
    intake.deliver(document)
    [body] = intake.queued()
    intake.record(body)
    stored = world.contacts()
    intake.deliver_batch([document, document])
    assert intake.queued() == []
    for operation in ("UpdateItem", "PutItem", "TransactWriteItems"):
        faults.fail(operation, AssertionError(operation))
    intake.record(body)
    assert world.contacts() == stored


def test_newer_data_of_the_crm_wins(intake: Intake, world: World, sari: Person) -> None:
    world.contact("628123", name="Bu Sari", kapso_name="Sari W.", lead_status="converted")
    stored = world.contacts()
    intake.deliver(intake.message(sari, HOUR_MS))
    intake.record()
    assert world.contacts() == stored


def test_a_person_who_may_be_two_contacts_changes_neither(intake: Intake, world: World, sari: Person) -> None:
    world.contact("628123", DAY_MS)
    world.contact("628999", DAY_MS, business_scoped_user_id="ID.1")
    stored = world.contacts()
    intake.deliver(intake.message(sari))
    intake.record()
    assert world.contacts() == stored


def test_a_long_batch_is_several_messages(intake: Intake, world: World) -> None:
    people = [intake.store.add_person(f"6280{number:05d}") for number in range(MAX_EVENTS + 1)]
    intake.deliver_batch([intake.message(each) for each in people])
    bodies = intake.queued()
    assert len(bodies) == 2
    intake.record(*bodies)
    assert len(world.contacts()) == MAX_EVENTS + 1


def test_a_message_that_cannot_be_read_becomes_a_dead_letter(
    intake: Intake, world: World, sari: Person
) -> None:
    intake.deliver(intake.message(sari))
    bad = ("{}", "no JSON", '{"version": 1, "workspace_id": "w1", "events": [{"at": 1}]}')
    intake.record(*bad, *intake.queued())
    assert sorted(intake.queued(intake.queue._dead_letter_url)) == sorted(bad)
    assert set(world.contacts()) == {"628123"}


# ---------------------------------------------------------------- a person with another identity


def change(intake: Intake, person: Person, age_ms: int = MINUTE_MS, **system: Any) -> dict[str, Any]:
    document = intake.message(person, age_ms)
    document["message"] |= {"type": "system", "system": {"previous_user_id": "ID.1", **system}}
    return document


def new_number(intake: Intake, person: Person) -> dict[str, Any]:
    return change(intake, person, type="user_changed_number", wa_id="62999", user_id="ID.2")


def test_a_contact_moves_to_its_new_number_with_its_history(
    intake: Intake, world: World, sari: Person
) -> None:
    notes = [{"content": "likes tea", "added_by": "ann"}]
    history: dict[str, Any] = {"notes": notes, "name": "Sari", "tier": "gold"}
    world.contact("628123", DAY_MS, phone="628123", business_scoped_user_id="ID.1", **history)
    identity = {"phone": "62999", "business_scoped_user_id": "ID.2"}
    expected = {**history, **identity, "last_activity_at": NOW - DAY_MS}
    document = new_number(intake, sari)
    for _ in range(2):
        intake.restart()
        intake.deliver(document)
        intake.record()
        [(contact_id, contact)] = world.contacts().items()
        assert contact_id == "62999"
        assert {name: contact[name] for name in expected} == expected


def test_no_second_contact_stays_when_a_message_overtakes_the_change(
    intake: Intake, world: World, sari: Person
) -> None:
    world.contact("628123", DAY_MS, business_scoped_user_id="ID.1", tier="gold", notes=[{"content": "a"}])
    document = new_number(intake, sari)
    intake.deliver(intake.message(intake.store.add_person("62999", business_scoped_user_id="ID.2")))
    intake.record()
    assert len(world.contacts()) == 2
    intake.deliver(document)
    intake.record()
    [contact] = world.contacts().values()
    assert (contact["contact_id"], contact["tier"], contact["last_activity_at"]) == ("62999", "gold", NOW)
    assert [each["content"] for each in contact["notes"]] == ["a"]


def test_a_contact_keeps_its_place_with_a_new_user_id(intake: Intake, world: World, sari: Person) -> None:
    world.contact("628123", DAY_MS, business_scoped_user_id="ID.1")
    intake.deliver(change(intake, sari, type="user_changed_user_id", user_id="ID.2"))
    intake.record()
    [contact] = world.contacts().values()
    assert (contact["contact_id"], contact["business_scoped_user_id"]) == ("628123", "ID.2")


def test_a_contact_that_is_known_by_its_user_id_alone_moves_to_the_new_one(
    intake: Intake, world: World
) -> None:
    person = intake.store.add_person(business_scoped_user_id="ID.1")
    world.contact("ID.1", DAY_MS, tier="gold")
    intake.deliver(change(intake, person, type="user_changed_user_id", user_id="ID.2"))
    intake.record()
    [contact] = world.contacts().values()
    assert (contact["contact_id"], contact["tier"]) == ("ID.2", "gold")


def test_a_change_of_nobody_makes_no_contact(intake: Intake, world: World, sari: Person) -> None:
    intake.deliver(new_number(intake, sari))
    intake.record()
    assert world.contacts() == {}


def test_a_number_of_somebody_else_is_not_taken(intake: Intake, world: World, sari: Person) -> None:
    world.contact("628123", DAY_MS, business_scoped_user_id="ID.1")
    world.contact("62999", DAY_MS, name="another person", created_at=NOW - DAY_MS)
    stored = world.contacts()
    intake.deliver(new_number(intake, sari))
    intake.record()
    assert world.contacts() == stored


def test_a_move_never_takes_what_another_writer_stores_meanwhile(
    intake: Intake, world: World, sari: Person, faults: Faults
) -> None:
    world.contact("628123", DAY_MS, business_scoped_user_id="ID.1")
    intake.deliver(new_number(intake, sari))
    faults.meanwhile("TransactWriteItems", lambda: record_activity(world.database, "w1", "628123", NOW))
    intake.record()
    [contact] = world.contacts().values()
    assert (contact["contact_id"], contact["last_activity_at"]) == ("62999", NOW)


# ---------------------------------------------------------------- an intake that is silent


@pytest.mark.parametrize(
    ("heard_age_ms", "missed", "warned"),
    [(30 * HOUR_MS, True, True), (MINUTE_MS, True, False), (30 * HOUR_MS, False, False), (None, True, False)],
)
def test_a_run_that_finds_missed_activity_counts_a_silent_intake(
    world: World, heard_age_ms: int | None, missed: bool, warned: bool
) -> None:
    heard_at = None if heard_age_ms is None else NOW - heard_age_ms
    world.workspace(settings=REPAIR, intake_at=heard_at)
    with served(world) as number:
        number.message("628123", HOUR_MS, missed=missed)
        world.sweep()
    assert world.counts("intake_silent") == (int(warned),)


def test_when_a_workspace_and_any_was_heard_of_is_stored_every_few_minutes(
    intake: Intake, world: World, sari: Person
) -> None:
    stored, heard = [], []
    for minutes in (0, 1, 6):
        world.clock.time = NOW + minutes * MINUTE_MS
        intake.deliver(intake.message(sari, -minutes * MINUTE_MS))
        intake.record()
        stored.append(world.workspace_record()["intake_at"])
        heard.append(last_heard())
    assert stored == heard == [NOW, NOW, NOW + 6 * MINUTE_MS]


@pytest.mark.usefixtures("world")
def test_the_time_of_the_last_event_never_moves_back_and_a_time_ahead_is_replaced() -> None:
    assert last_heard() is None
    for at, kept in ((NOW + DAY_MS, NOW + DAY_MS), (NOW, NOW), (NOW - MINUTE_MS, NOW), (NOW + 1, NOW + 1)):
        remember_heard(at)
        assert last_heard() == kept
