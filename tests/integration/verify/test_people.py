"""Who is who: the business-scoped user id first, then the digits of the phone, and never two at once."""

from typing import Any

import pytest

from background_sync.kapso import conversations
from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from background_sync_ops.kapso import faults as answers
from tests.integration.verify.number import LONG_AGO_MS, PHONE_ID, REPAIR, Number, assert_counts_add_up
from tests.integration.world import NOW, World

BSUID = "US.13491208655302741918"
MISSED = "Sync check: missed activity at 2025-12-31T23:50:00Z"
MISSED_AT = NOW - 10 * MINUTE_MS


@pytest.fixture(autouse=True)
def repairing(world: World, number: Number) -> None:  # noqa: ARG001 - after `world` is empty
    world.workspace(settings=REPAIR)


def test_the_business_scoped_id_counts_before_the_phone(world: World, number: Number) -> None:
    world.contact("621", LONG_AGO_MS, business_scoped_user_id=BSUID)
    number.missed_by(number.store.add_person("629", business_scoped_user_id=BSUID))
    world.run()
    assert world.contacts().keys() == {"621"}
    assert world.read("621")["last_activity_at"] == MISSED_AT


def test_a_conversation_with_both_teaches_the_contact_its_id(world: World, number: Number) -> None:
    world.contact("621", LONG_AGO_MS)
    number.missed_by(number.store.add_person("621", business_scoped_user_id=BSUID))
    world.run()
    assert world.contacts()["621"]["business_scoped_user_id"] == BSUID
    assert world.counts("repaired", "verified") == (1, 1)


def test_an_id_is_learned_from_somebody_in_step_too_and_is_no_new_name(world: World, number: Number) -> None:
    world.contact("621", 10 * MINUTE_MS)
    number.missed_by(number.store.add_person("621", business_scoped_user_id=BSUID))
    world.run()
    assert world.contacts()["621"]["business_scoped_user_id"] == BSUID
    assert world.counts("in_step", "renamed") == (1, 0)


def test_somebody_without_a_phone_is_made_under_the_id(world: World, number: Number) -> None:
    number.missed_by(number.store.add_person(business_scoped_user_id=BSUID, name="Ana"))
    world.run()
    contact = world.contacts()[BSUID]
    assert (contact["business_scoped_user_id"], contact["name"]) == (BSUID, "Ana")
    assert "phone" not in contact
    assert world.counts("created") == (1,)


def test_a_contact_stored_under_the_id_is_found_without_the_attribute(world: World, number: Number) -> None:
    world.contact(BSUID, LONG_AGO_MS)
    number.missed_by(number.store.add_person("621", business_scoped_user_id=BSUID))
    world.run()
    assert world.contacts().keys() == {BSUID}
    assert world.counts("repaired") == (1,)


def test_who_fits_two_contacts_is_unknown_and_people_have_to_look_at_both(
    world: World, number: Number
) -> None:
    """One of them missed something: neither is repaired, and neither is confirmed quiet."""
    world.contact("621", LONG_AGO_MS)
    world.contact("622", LONG_AGO_MS, business_scoped_user_id=BSUID)
    number.missed_by(number.store.add_person("621", business_scoped_user_id=BSUID))
    world.run()
    assert {each["last_activity_at"] for each in world.contacts().values()} == {NOW - LONG_AGO_MS}
    assert world.notes("621") == world.notes("622") == [MISSED]
    assert world.counts("unknown", "verified", "reported", "repaired", "confirmed_quiet") == (1, 1, 2, 0, 0)


def test_who_fits_two_contacts_of_which_one_heard_of_it_leaves_both_alone(
    world: World, number: Number
) -> None:
    world.contact("621", 10 * MINUTE_MS)
    world.contact("622", LONG_AGO_MS, business_scoped_user_id=BSUID)
    before = world.contacts()
    number.missed_by(number.store.add_person("621", business_scoped_user_id=BSUID))
    world.run()
    assert world.contacts() == before
    assert world.counts("unknown", "confirmed_quiet") == (1, 1)


def test_an_id_that_two_contacts_have_is_unknown(world: World, number: Number) -> None:
    world.contact("621", LONG_AGO_MS, business_scoped_user_id=BSUID)
    world.contact("622", LONG_AGO_MS, business_scoped_user_id=BSUID)
    number.missed_by(number.store.add_person(business_scoped_user_id=BSUID))
    world.run()
    assert {each["last_activity_at"] for each in world.contacts().values()} == {NOW - LONG_AGO_MS}
    assert world.notes("621") == world.notes("622") == [MISSED]
    assert world.counts("unknown") == (1,)


def test_a_phone_that_is_somebody_elses_by_now_is_unknown(world: World, number: Number) -> None:
    world.contact("621", LONG_AGO_MS, business_scoped_user_id="US.1")
    before = world.contacts()
    number.missed_by(number.store.add_person("621", business_scoped_user_id="US.2"))
    world.run()
    assert world.contacts() == before
    assert world.counts("unknown") == (1,)


def test_a_conversation_with_nobody_is_unknown_and_costs_no_other(world: World, number: Number) -> None:
    number.missed("621")
    number.missed_by(number.store.add_person("622"))
    nobody = answers.records(
        lambda record: record if record["phone_number"] == "621" else record | {"phone_number": None}
    )
    number.server.faults.add(nobody, path="/conversations")
    world.run()
    assert world.contacts().keys() == {"621"}
    assert world.counts("unknown", "repaired") == (1, 1)


def test_a_phone_is_its_digits_alone(world: World, number: Number) -> None:
    number.missed("6282392508490")
    written = answers.records(lambda record: record | {"phone_number": "+62 823-9250-8490"})
    number.server.faults.add(written, path="/conversations")
    world.run()
    assert world.contacts().keys() == {"6282392508490"}
    assert world.counts("repaired") == (1,)


def test_a_conversation_that_cannot_be_read_costs_no_other_and_is_logged(
    world: World, number: Number, logged: Any
) -> None:
    number.missed("621")
    number.missed("622")
    spoilt = answers.records(
        lambda record: record | ({"last_active_at": 7} if record["phone_number"] == "622" else {})
    )
    number.server.faults.add(spoilt, path="/conversations")
    [conversation] = number.store.conversations(PHONE_ID, number.person("622"))
    world.run()
    assert world.counts("unreadable", "repaired", "verified") == (1, 1, 1)
    assert conversation.id in logged.getvalue()


# ---------------------------------------------------------------------- several conversations


def several(number: Number, phone: str = "621") -> None:
    """A missed message, and a newer conversation with the same person in which nothing was written yet."""
    number.missed(phone, kapso_age_ms=HOUR_MS)
    number.store.open_conversation(PHONE_ID, number.person(phone), NOW - 30 * MINUTE_MS)


@pytest.mark.parametrize("page_size", [1, 100])
def test_a_person_with_several_conversations_counts_once_by_the_newest_activity(
    world: World, number: Number, monkeypatch: pytest.MonkeyPatch, page_size: int
) -> None:
    monkeypatch.setattr(conversations, "PAGE_SIZE", page_size)
    several(number)
    world.run()
    assert world.read("621")["last_activity_at"] == NOW - HOUR_MS
    assert len(world.notes("621")) == 1
    assert world.counts("verified", "repaired", "in_step") == (1, 1, 0)
    assert_counts_add_up(world.record())


@pytest.mark.parametrize("page_size", [1, 100])
def test_a_new_contact_with_several_conversations_is_made_once(
    world: World, number: Number, monkeypatch: pytest.MonkeyPatch, page_size: int
) -> None:
    monkeypatch.setattr(conversations, "PAGE_SIZE", page_size)
    person = number.store.add_person("621", business_scoped_user_id=BSUID)
    number.missed_by(person, HOUR_MS)
    number.store.open_conversation(PHONE_ID, person, NOW - 30 * MINUTE_MS)
    number.missed_by(person, 20 * MINUTE_MS)
    world.run()
    assert world.read("621")["last_activity_at"] == NOW - 20 * MINUTE_MS
    assert world.counts("verified", "created") == (1, 1)


@pytest.mark.parametrize("page_size", [1, 100])
def test_the_newest_conversation_tells_the_name(
    world: World, number: Number, monkeypatch: pytest.MonkeyPatch, page_size: int
) -> None:
    monkeypatch.setattr(conversations, "PAGE_SIZE", page_size)
    number.message("621", DAY_MS // 2, name="Annie")
    number.store.open_conversation(PHONE_ID, number.person("621"), NOW - 30 * MINUTE_MS)
    number.missed_by(number.person("621"))
    older, newer = (each.id for each in number.store.conversations(PHONE_ID, number.person("621")))
    names = {older: "Ana", newer: "Dr. Ana"}
    number.server.faults.add(
        answers.records(
            lambda record: record | {"kapso": record["kapso"] | {"contact_name": names[record["id"]]}}
        ),
        path="/conversations",
    )
    world.run()
    assert world.contacts()["621"]["kapso_name"] == "Dr. Ana"


def test_people_are_told_apart_by_id_within_one_scan(world: World, number: Number) -> None:
    """The one with both is made first, under the phone; the other conversation has the id alone."""
    person = number.store.add_person("621", business_scoped_user_id=BSUID)
    number.missed_by(person, 30 * MINUTE_MS)
    number.missed_by(number.store.add_person(business_scoped_user_id=BSUID), HOUR_MS)
    world.run()
    assert world.contacts().keys() == {"621"}
    assert world.counts("created", "verified") == (1, 1)
