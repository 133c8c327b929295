"""A forgotten person is in no table any more, and no repair brings the person back; a new message does."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from background_sync.messages import BACKFILL, Message, Window
from background_sync.records.forgotten import HashKeyUnread
from background_sync.records.runs import PackedAttribute
from background_sync.rules.policy import HOUR_MS, MINUTE_MS
from background_sync_ops.forgetting import Deleted, Eraser
from background_sync_ops.run_records import GONE
from tests.integration.faults import Faults
from tests.integration.killer import Killed, Killer, assert_same_through_kills
from tests.integration.verify.number import (
    CLAIM_REMEMBER_TAKE,
    PHONE_ID,
    REPAIR,
    REPORT,
    Number,
    assert_counts_add_up,
)
from tests.integration.world import ERASURE_KEY, LEASE_MS, NOW, TABLES, Received, World

PHONE, BSUID, NAME = "628111222333", "ID.77", "Sari Dewi"
SECRET_PREFIX = "/stack/webhook-secrets/"


@pytest.fixture
def sari(number: Number) -> None:
    """A contact, whom a scan finds in Kapso too."""
    person = number.store.add_person(PHONE, business_scoped_user_id=BSUID, name=NAME)
    number.store.message(PHONE_ID, person, "inbound", NOW - HOUR_MS)
    number.world.contact(PHONE, HOUR_MS, phone=PHONE, business_scoped_user_id=BSUID, name=NAME)


def forget(eraser: Eraser, given: str = PHONE) -> Deleted:
    return eraser.forget_person(eraser.find_person(given))


def stored(world: World) -> str:
    """All that the tables hold, as text."""
    return str([world.items(getattr(world.database.tables, name)) for name in TABLES])


def named(world: World) -> list[str]:
    text = stored(world)
    return [each for each in (PHONE, BSUID, NAME) if each in text]


def run_record(world: World, run_at: int, workspace_id: str = "w1", **attributes: str) -> None:
    record = {"workspace_id": workspace_id, "run_at": run_at, "status": "failed", **attributes}
    world.put_many(world.database.tables.sync_health, [record])


@pytest.mark.usefixtures("sari")
@pytest.mark.parametrize("given", [PHONE, f"+{PHONE[:2]} {PHONE[2:]}", BSUID])
def test_a_forgotten_person_does_not_come_back(world: World, eraser: Eraser, given: str) -> None:
    assert forget(eraser, given) == Deleted(1, 0)
    assert world.contacts() == {}
    for hour in range(2):
        run_at = world.next_hour(hour)
        assert world.counts("created", "deleted", run_at=run_at) == (0, 1 - hour)
        assert_counts_add_up(world.record(run_at=run_at))
    assert named(world) == []


@pytest.mark.usefixtures("sari")
def test_a_contact_that_is_only_deleted_comes_back(world: World) -> None:
    world.delete_contact(PHONE)
    world.run()
    assert world.contacts()[PHONE]["name"] == NAME


@pytest.mark.usefixtures("sari")
def test_a_forgotten_person_who_writes_again_is_a_contact_again(
    world: World, number: Number, eraser: Eraser
) -> None:
    forget(eraser)
    number.store.message(PHONE_ID, number.person(PHONE), "inbound", NOW + 30 * MINUTE_MS)
    run_at = world.next_hour()
    assert world.counts("created", "deleted", run_at=run_at) == (1, 0)
    assert world.contacts()[PHONE]["last_activity_at"] == NOW + 30 * MINUTE_MS


@pytest.mark.usefixtures("sari")
@pytest.mark.parametrize("dry_run", [True, False])
def test_neither_a_report_nor_a_backfill_misses_a_forgotten_person(
    world: World, eraser: Eraser, dry_run: bool
) -> None:
    world.workspace(settings=REPORT)
    forget(eraser)
    world.run()
    assert world.counts("missing", "deleted") == (0, 1)
    window = Window(NOW - 40 * HOUR_MS, NOW, dry_run)
    assert world.deliver(Received(Message(BACKFILL, "w1", NOW, window).body()))
    assert world.contacts() == {}


def test_others_are_still_created(world: World, number: Number, eraser: Eraser) -> None:
    """Also in a workspace of the same people."""
    number.message(PHONE, HOUR_MS, missed=True)
    number.message("621", HOUR_MS, missed=True)
    forget(eraser)
    world.run()
    assert world.contacts().keys() == {"621"}
    world.workspace("w2", settings=REPAIR)
    world.run("w2")
    assert world.contacts("w2").keys() == {PHONE, "621"}


@pytest.mark.parametrize(
    ("forgotten", "spelled"),
    [("5531988880000", "553188880000"), ("521234567890", "5211234567890")],
)
def test_a_number_in_its_other_spelling_is_the_same_person(
    world: World, number: Number, eraser: Eraser, forgotten: str, spelled: str
) -> None:
    world.contact(spelled, HOUR_MS)
    number.message(spelled, HOUR_MS, missed=True)
    assert forget(eraser, forgotten).contacts == 1
    world.run()
    assert world.contacts() == {}


def test_saved_work_and_errors_do_not_name_the_person(world: World, eraser: Eraser) -> None:
    quoted = f'"{PHONE}"'
    saved = {
        "selection": f'{{"contact_ids": ["621", {quoted}], "cap": {PHONE}}}',
        "progress": f'{{"refused": [{quoted}]}}',
        "checkpoint": f'{{"after": {quoted}}}',
        "scan": f'{{"held": [{{"phone": {quoted}, "profile_name": "{NAME}"}}]}}',
        "error": f"ValueError: {PHONE}: too large",
    }
    for workspace_id in ("w1", "#audit#w1"):
        run_record(world, NOW, workspace_id, **saved)
    packed = {name: PackedAttribute().serialize(json.loads(saved[name])) for name in ("checkpoint", "scan")}
    assert PHONE not in str(packed)
    run_record(world, NOW, "#backfill#w1", **saved | packed)
    run_record(world, NOW - HOUR_MS, error=f"ValueError: {PHONE}0", scan='{"held": []}')
    world.workspace(unwritable=["621", PHONE])
    assert forget(eraser) == Deleted(0, 3)
    assert world.workspace_record()["unwritable"] == ["621"]
    [other, *cleaned] = sorted(
        world.items(world.database.tables.sync_health), key=lambda each: each["run_at"]
    )
    assert (other["error"], other["scan"]) == (f"ValueError: {PHONE}0", '{"held": []}')
    for record in cleaned:
        assert record["selection"] == f'{{"contact_ids": ["621", "{GONE}"], "cap": {PHONE}}}'
        assert record["error"] == f"ValueError: {GONE}: too large"
        assert record.keys() >= {"progress", "status"}
        assert not {"checkpoint", "scan"} & record.keys()


def test_a_run_whose_selection_names_the_person_still_flags_the_others(
    world: World, eraser: Eraser, faults: Faults
) -> None:
    world.workspace(settings={"verify": "off"})
    world.stale_contacts(2)
    world.contact(PHONE, 5 * HOUR_MS)
    faults.fail("BatchGetItem", RuntimeError("boom"))
    assert not world.run()
    assert PHONE in world.record().selection["contact_ids"]
    forget(eraser)
    assert named(world) == []
    assert world.run(receive_count=2)
    assert (world.flagged(), world.counts("flagged", "lost_race")) == ({"628000000", "628000001"}, (2, 1))
    assert_counts_add_up(world.record())


@pytest.mark.usefixtures("sari")
def test_it_waits_for_a_run_that_may_still_create_the_contact(world: World, eraser: Eraser) -> None:
    """The run asked who is forgotten before anybody was, and creates the contact afterwards."""
    world.delete_contact(PHONE)
    slept = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        world.clock.time += LEASE_MS
        world.put_many(
            world.database.tables.contacts, [{"workspace_id": "w1", "contact_id": PHONE, "name": NAME}]
        )

    world.claim()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(world.clock), "sleep", lambda _, seconds: sleep(seconds))
        assert forget(eraser).contacts == 1
    assert slept
    assert named(world) == []


def test_with_the_intake_it_waits_for_what_the_recorder_has_begun(world: World, eraser: Eraser) -> None:
    forget(eraser)
    assert world.clock.time == NOW
    forget(replace(eraser, secret_prefix=SECRET_PREFIX))
    assert world.clock.time == NOW + 30_000


@pytest.mark.usefixtures("sari")
def test_a_write_of_a_run_does_not_bring_a_contact_back(world: World, eraser: Eraser, faults: Faults) -> None:
    """It is forgotten between the run's read and its write."""
    world.contact(PHONE, 9 * HOUR_MS)
    eraser._leave("*", NOW)
    faults.meanwhile("UpdateItem", lambda: world.delete_contact(PHONE), after=CLAIM_REMEMBER_TAKE)
    world.run()
    assert world.contacts() == {}
    assert world.counts("deleted", "repaired") == (1, 0)


def test_a_lost_key_fails_the_run_and_creates_nobody(world: World, number: Number, eraser: Eraser) -> None:
    number.message("621", HOUR_MS, missed=True)
    forget(eraser)
    world.ssm.delete_parameters(Names=[ERASURE_KEY])
    assert not world.run()
    assert f"{HashKeyUnread.__name__}: the key of forgotten people cannot be read" in str(
        world.record().error
    )
    assert f"{ERASURE_KEY}: ParameterNotFound" in str(world.record().error)
    assert world.contacts() == {}


def put_everything(world: World) -> None:
    world.clear()
    world.workspace(settings=REPAIR, unwritable=[PHONE])
    world.workspace("w2")
    world.contact(PHONE, HOUR_MS, phone=PHONE, business_scoped_user_id=BSUID, name=NAME)
    world.contact("621", HOUR_MS)
    world.contact("622", HOUR_MS, "w2")
    run_record(world, NOW, selection=f'["{PHONE}"]', error=f"{BSUID} is no number")
    run_record(world, NOW, "#audit#w1", checkpoint=f'{{"after": "{PHONE}"}}')


def attempts(world: World, killer: Killer, forget: Callable[[], object]) -> Any:
    """Forget until it is not killed; returns what is stored then."""
    put_everything(world)
    while True:
        try:
            with killer.watching():
                forget()
        except Killed:
            continue
        return [sorted(map(str, world.items(getattr(world.database.tables, name)))) for name in TABLES]


@pytest.mark.timeout(600)
def test_a_person_is_forgotten_wherever_it_was_killed(world: World, eraser: Eraser, killer: Killer) -> None:
    eraser._hash_key()
    assert_same_through_kills(killer, lambda: attempts(world, killer, lambda: forget(eraser)))
    assert named(world) == []
    assert world.contacts().keys() == {"621"}


@pytest.mark.timeout(600)
def test_a_workspace_is_forgotten_wherever_it_was_killed(
    world: World, eraser: Eraser, killer: Killer
) -> None:
    def forget_workspace() -> None:
        if any(each["workspace_id"] == "w1" for each in world.items(world.database.tables.workspaces)):
            eraser.forget_workspace()

    assert_same_through_kills(killer, lambda: attempts(world, killer, forget_workspace))
    assert "'w1'" not in stored(world)
    assert world.contacts("w2").keys() == {"622"}
