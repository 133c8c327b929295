"""Matching people with contacts: by business-scoped user id, then by the digits of the phone."""

from typing import Any

import pytest

from background_sync.rules.policy import DAY_MS, MINUTE_MS
from background_sync_ops.kapso import faults as answers
from tests.integration.verify.number import LONG_AGO_MS, PHONE_ID, Number
from tests.integration.world import NOW, World

BSUID = "US.13491208655302741918"
MISSED = "Sync check: missed activity at 2025-12-31T23:50:00Z"
MISSED_AT = NOW - 10 * MINUTE_MS


@pytest.mark.parametrize(("age_ms", "outcome"), [(LONG_AGO_MS, "repaired"), (10 * MINUTE_MS, "in_step")])
def test_a_contact_learns_its_id(world: World, number: Number, age_ms: int, outcome: str) -> None:
    world.contact("621", age_ms)
    number.missed_by(number.store.add_person("621", business_scoped_user_id=BSUID))
    world.run()
    assert world.contacts()["621"]["business_scoped_user_id"] == BSUID
    assert world.counts(outcome, "verified", "renamed") == (1, 1, 0)


def test_a_person_without_a_phone_is_created_under_the_id(world: World, number: Number) -> None:
    number.missed_by(number.store.add_person(business_scoped_user_id=BSUID, name="Ana"))
    world.run()
    contact = world.contacts()[BSUID]
    assert (contact["business_scoped_user_id"], contact["name"]) == (BSUID, "Ana")
    assert "phone" not in contact
    assert world.counts("created") == (1,)


def test_two_matching_contacts_are_reported_and_not_repaired(world: World, number: Number) -> None:
    world.contact("621", LONG_AGO_MS)
    world.contact("622", LONG_AGO_MS, business_scoped_user_id=BSUID)
    number.missed_by(number.store.add_person("621", business_scoped_user_id=BSUID))
    world.run()
    assert {each["last_activity_at"] for each in world.contacts().values()} == {NOW - LONG_AGO_MS}
    assert world.notes("621") == world.notes("622") == [MISSED]
    assert world.counts("unknown", "verified", "reported", "repaired", "confirmed_quiet") == (1, 1, 2, 0, 0)


def test_of_two_matching_contacts_the_one_without_activity_is_told(world: World, number: Number) -> None:
    world.contact("621", 10 * MINUTE_MS)
    world.contact("622", LONG_AGO_MS, business_scoped_user_id=BSUID)
    number.missed_by(number.store.add_person("621", business_scoped_user_id=BSUID))
    world.run()
    assert (world.notes("621"), world.notes("622")) == ([], [MISSED])
    assert world.counts("unknown", "confirmed_quiet") == (1, 0)


def test_an_id_that_two_contacts_have_is_unknown_and_both_are_reported(world: World, number: Number) -> None:
    world.contact("621", LONG_AGO_MS, business_scoped_user_id=BSUID)
    world.contact("622", LONG_AGO_MS, business_scoped_user_id=BSUID)
    number.missed_by(number.store.add_person(business_scoped_user_id=BSUID))
    world.run()
    assert {each["last_activity_at"] for each in world.contacts().values()} == {NOW - LONG_AGO_MS}
    assert world.notes("621") == world.notes("622") == [MISSED]
    assert world.counts("unknown") == (1,)


def test_an_unreadable_conversation_is_logged_and_skipped(world: World, number: Number, logged: Any) -> None:
    number.missed("621")
    number.missed("622")
    unreadable = answers.records(
        lambda record: record | ({"last_active_at": 7} if record["phone_number"] == "622" else {})
    )
    number.server.faults.add(unreadable, path="/conversations")
    [conversation] = number.store.conversations(PHONE_ID, number.person("622"))
    world.run()
    assert world.counts("unreadable", "repaired", "verified") == (1, 1, 1)
    assert conversation.id in logged.getvalue()


@pytest.mark.parametrize("page_size", [1, 100])
def test_the_name_comes_from_the_newest_conversation(world: World, number: Number, page_size: int) -> None:
    number.page_size(page_size)
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
