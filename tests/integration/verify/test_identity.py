"""People whose identity is spelled in two ways, changes, or is told only in part."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest

from background_sync.rules.policy import HOUR_MS, MINUTE_MS
from background_sync_ops.kapso import faults as answers
from tests.integration.faults import Faults
from tests.integration.verify.number import (
    CLAIM_REMEMBER_TAKE,
    LONG_AGO_MS,
    PHONE_ID,
    REPAIR,
    REPORT,
    Number,
    assert_counts_add_up,
)
from tests.integration.world import NOW, World, message

DIALLED, WHATSAPP = "5511987654321", "551187654321"
OLD, NEW = "US.1", "US.2"
CHANGED = "Sync identity: WhatsApp's id of this person changed. The number may belong to somebody else now."
MISSED = "Sync check: missed activity at 2025-12-31T23:50:00Z"
REPAIRED = "Sync repair: missed activity at 2025-12-31T23:50:00Z"
MISSED_AT = NOW - 10 * MINUTE_MS
BOTH_MODES = pytest.mark.parametrize("settings", [REPAIR, REPORT], ids=["repair", "report"])


@pytest.mark.parametrize(("stored", "told"), [(DIALLED, WHATSAPP), (WHATSAPP, DIALLED)])
def test_a_contact_is_found_by_its_spelling(world: World, number: Number, stored: str, told: str) -> None:
    world.contact(stored, LONG_AGO_MS)
    number.missed_by(number.store.add_person(told))
    world.run()
    assert {name: each["last_activity_at"] for name, each in world.contacts().items()} == {stored: MISSED_AT}
    assert world.counts("repaired", "created", "confirmed_quiet") == (1, 0, 0)


def test_a_new_contact_keeps_whatsapps_spelling(world: World, number: Number) -> None:
    number.missed_by(number.store.add_person(WHATSAPP))
    number.missed_by(number.store.add_person(DIALLED), 30 * MINUTE_MS)
    world.run()
    assert world.contacts().keys() == {WHATSAPP}
    assert world.counts("created", "verified") == (1, 1)


@BOTH_MODES
def test_two_spellings_of_two_are_unknown(world: World, number: Number, settings: dict[str, str]) -> None:
    world.workspace(settings=settings)
    for spelling in (DIALLED, WHATSAPP):
        world.contact(spelling, LONG_AGO_MS)
    number.missed_by(number.store.add_person(WHATSAPP))
    world.run()
    assert world.notes(DIALLED) == world.notes(WHATSAPP) == [MISSED]
    assert world.counts("unknown", "repaired", "created", "confirmed_quiet") == (1, 0, 0, 0)


@BOTH_MODES
def test_activity_under_another_id_belongs_to_the_contact_of_the_phone(
    world: World, number: Number, settings: dict[str, str]
) -> None:
    world.workspace(settings=settings)
    world.contact("621", LONG_AGO_MS, business_scoped_user_id=OLD)
    number.missed_by(number.store.add_person("621", business_scoped_user_id=NEW))
    world.run()
    assert world.contacts()["621"]["business_scoped_user_id"] == NEW
    assert world.notes("621") == [CHANGED, REPAIRED if settings is REPAIR else MISSED]
    assert world.counts("identity_changed", "unknown", "verified", "confirmed_quiet") == (1, 0, 1, 0)
    assert_counts_add_up(world.record())


def test_a_changed_id_is_told_once(world: World, number: Number) -> None:
    world.contact("621", 10 * MINUTE_MS, business_scoped_user_id=OLD)
    number.missed_by(number.store.add_person("621", business_scoped_user_id=NEW))
    world.run()
    run_at = world.next_hour()
    assert world.notes("621") == [CHANGED]
    assert world.counts("identity_changed") == (1,)
    assert world.counts("identity_changed", run_at=run_at) == (0,)


def test_an_older_conversation_does_not_bring_an_older_id_back(world: World, number: Number) -> None:
    world.contact("621", LONG_AGO_MS, business_scoped_user_id=OLD)
    number.missed_by(number.store.add_person("621", business_scoped_user_id=OLD), HOUR_MS)
    number.missed_by(number.store.add_person("621", business_scoped_user_id=NEW))
    number.page_size(1)
    world.run()
    assert world.contacts()["621"]["business_scoped_user_id"] == NEW
    assert world.counts("identity_changed", "repaired", "verified") == (1, 1, 1)


@BOTH_MODES
@pytest.mark.parametrize("page_size", [1, 100])
@pytest.mark.parametrize("first", ["both", "id", "phone"])
@pytest.mark.parametrize("known", [None, "621"])
def test_a_person_in_conversations_of_different_identities_is_one_contact(
    world: World, number: Number, settings: dict[str, str], page_size: int, first: str, known: str | None
) -> None:
    """Whichever is newest, on whichever page; the index of ids shows nothing of this run."""
    world.workspace(settings=settings)
    if known:
        world.contact(known, LONG_AGO_MS)
    order = sorted(("both", "id", "phone"), key=lambda each: each != first)
    for age, told in zip((30, 20, 10), reversed(order), strict=True):
        phone, bsuid = ("621" if told != "id" else None), (NEW if told != "phone" else None)
        number.missed_by(number.store.add_person(phone, business_scoped_user_id=bsuid), age * MINUTE_MS)
    number.page_size(page_size)
    with ids_not_in_the_index():
        world.run()
    assert world.counts("verified", "unknown") == (1, 0)
    if settings is REPAIR or known:
        [contact] = world.contacts().values()
        assert contact["contact_id"] == "621"
        assert contact["business_scoped_user_id"] == NEW


@contextmanager
def ids_not_in_the_index() -> Iterator[None]:
    with patch("background_sync.sync.place.contact_ids_by_bsuid", return_value=[]):
        yield


def test_what_a_scan_learned_of_identities_survives_its_checkpoint(world: World, number: Number) -> None:
    number.page_size(1)
    number.missed_by(number.store.add_person(business_scoped_user_id=OLD), 8 * MINUTE_MS)
    number.missed_by(number.store.add_person("621", business_scoped_user_id=NEW))
    number.missed_by(number.store.add_person(business_scoped_user_id=NEW), 20 * MINUTE_MS)
    number.missed_by(number.store.add_person("622", business_scoped_user_id=OLD), 30 * MINUTE_MS)
    number.slow_pages()
    with ids_not_in_the_index():
        world.work([message()])
    assert {name: each["business_scoped_user_id"] for name, each in world.contacts().items()} == {
        "621": NEW,
        "622": OLD,
    }
    assert world.counts("created", "verified") == (2, 2)


@BOTH_MODES
def test_nobody_who_may_be_unknown_is_quiet(world: World, number: Number, settings: dict[str, str]) -> None:
    world.workspace(settings=settings, verified_from=NOW - 9 * HOUR_MS, watermark=NOW - HOUR_MS)
    number.quiet("621", 5 * HOUR_MS)
    number.quiet("622", 2 * HOUR_MS)
    number.missed_by(number.store.add_person("629"), 3 * HOUR_MS)
    number.store.delivery_receipt(PHONE_ID, number.person("629"), NOW - MINUTE_MS)
    nameless = answers.records(lambda record: record | {"phone_number": None})
    number.server.faults.add(nameless, path="/conversations")
    world.run()
    assert world.flagged() == {"621"}
    assert world.counts("unknown", "flagged", "confirmed_quiet") == (1, 1, 1)
    world.next_hour()
    assert world.workspace_record()["verified_from"] == NOW - 3 * HOUR_MS


def test_an_edit_while_two_are_marked_loses_no_mark(world: World, number: Number, faults: Faults) -> None:
    for spelling in (DIALLED, WHATSAPP):
        world.contact(spelling, LONG_AGO_MS)
    number.missed_by(number.store.add_person(WHATSAPP))
    names = iter("AB")

    def edit() -> None:
        for contact_id in (DIALLED, WHATSAPP):
            world.contact(contact_id, LONG_AGO_MS, name=next(names))

    faults.meanwhile("UpdateItem", edit, after=CLAIM_REMEMBER_TAKE)
    world.run()
    assert world.notes(DIALLED) == world.notes(WHATSAPP) == [MISSED]


def test_an_old_loss_is_told_although_the_person_has_just_written_again(world: World, number: Number) -> None:
    world.contact("621", LONG_AGO_MS)
    person = number.store.add_person("621")
    number.missed_by(person, HOUR_MS)
    number.store.open_conversation(PHONE_ID, person, NOW - 30 * MINUTE_MS)
    number.missed_by(person, MINUTE_MS)
    world.run()
    assert world.read("621")["last_activity_at"] == NOW - HOUR_MS
    assert world.counts("repaired", "verified") == (1, 1)
