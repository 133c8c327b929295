"""Plays a plan, and compares every sweep with a model.

The model knows from the plan alone when Kapso and the table last saw activity of each person. A completed
verification has to find all activity that the model says was missed, and no other.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from background_sync.records.contacts import contact_key, record_activity
from background_sync.rules.contact import GRACE_MS
from background_sync.rules.policy import HOUR_MS
from background_sync_ops.kapso import KapsoServer, KapsoStore
from background_sync_ops.kapso import faults as answers
from background_sync_ops.kapso.model import Direction
from tests.integration.killer import Killer, deliver_once
from tests.integration.verify.model import PersonModel
from tests.integration.verify.number import PHONE_ID, assert_counts_add_up
from tests.integration.verify.plans import (
    FAILS,
    IN_THE_FUTURE,
    MESSAGES,
    SECOND_MS,
    WEBHOOKS,
    Event,
    Hour,
    Plan,
)
from tests.integration.world import LEASE_MS, NOW, Received, World, message

STORED_BEFORE_MS = 6 * HOUR_MS
FUTURE = 4_000_000_000_000
NOTE = {"content": "called him", "added_by": "ana", "added_at": 7}


@dataclass
class Story:
    """Plays a plan in `world`, in one mode of verification."""

    world: World
    killer: Killer
    store: KapsoStore
    server: KapsoServer
    plan: Plan
    mode: str
    people: list[PersonModel] = field(default_factory=list)
    flagged: set[str] = field(default_factory=set)
    on_the_way: list[tuple[int, PersonModel]] = field(default_factory=list)
    compared_until: int = GRACE_MS
    webhook_id: str = ""

    def play(self) -> None:
        """Play all hours, and then two in which nothing happens or fails."""
        self._begin()
        for number, hour in enumerate((*self.plan.hours, Hour(()), Hour(()))):
            self._hour(hour, NOW + number * HOUR_MS)
        end = self.world.clock.time
        assert self._missed(end) <= {each.contact_id for each in self.people if each.is_unclear(end)}

    def _begin(self) -> None:
        for number, (kind, known) in enumerate(zip(self.plan.kinds, self.plan.known, strict=True)):
            self._add_person(number, kind, known=known)
        self.webhook_id = self.store.add_webhook(PHONE_ID, "https://crm.example.com/").id
        at = NOW - STORED_BEFORE_MS
        crowd = [f"6270{number:05d}" for number in range(self.plan.crowd)]
        for phone in crowd:
            self.store.message(PHONE_ID, self.store.add_person(phone), "inbound", at)
        self.world.put_many(self.world.database.tables.contacts, [_contact(phone, at) for phone in crowd])

    def _add_person(self, number: int, kind: str, *, known: bool) -> None:
        phone, bsuid = f"62810{number}", f"US.{number}"
        if kind == "spelled":
            phone = f"55118765432{number}"
        person = self.store.add_person(
            None if kind == "bsuid" else phone,
            business_scoped_user_id=bsuid if kind in ("bsuid", "both") else None,
            name=f"Profile {number}",
        )
        contact_id, at = bsuid if kind == "bsuid" else phone, NOW - STORED_BEFORE_MS
        if kind == "spelled" and known:
            contact_id = f"551198765432{number}"
        self.people.append(PersonModel(person, contact_id, at if known else None))
        if known:
            self._message(self.people[-1], at, "missed")
            record = _contact(contact_id, at) | {"name": "By hand", "notes": [NOTE]}
            self.world.put_many(self.world.database.tables.contacts, [record])

    def _hour(self, hour: Hour, run_at: int) -> None:
        for event in hour.events:
            self._apply(event, run_at - event.age_s * SECOND_MS)
        self.world.clock.time = max(self.world.clock.time, run_at)
        self._webhooks_arrive()
        before, pending = self.world.contacts(), self.world.workspace_record().get("pending_scan", {})
        active, events = WEBHOOKS[hour.webhook]
        self.store.change_webhook(self.webhook_id, run_at, active=active, events=events)
        self._sweep(hour, run_at)
        if not self.world.record(run_at=run_at).deferred:
            assert self.world.record(run_at=run_at).webhook == hour.webhook
        self._check_sweep(run_at, before, half=bool(pending.get("after")))

    def _apply(self, event: Event, at: int) -> None:
        known = self.people[event.who]
        match event.what:
            case "receipt" if known.in_kapso:
                self.store.delivery_receipt(PHONE_ID, known.person, at)
            case "opened":
                self.store.open_conversation(PHONE_ID, known.person, at)
            case "renamed":
                self.store.rename(known.person, f"Renamed at {at}")
            case "noted" if known.in_table is not None:
                self._note(known)
            case "updated":
                self._record_activity(known, at)
            case "deleted" if known.in_table is not None:
                self._delete(known, at)
            case "identified anew" if known.person.business_scoped_user_id and known.person.phone:
                self.store.identify_anew(known.person, f"US.{event.who}.{at}")
            case what if what in IN_THE_FUTURE:
                self._date_ahead(known, what)
            case what if what in MESSAGES:
                # Conversations of this Kapso begin with their first message: nobody is new in the past.
                begun = self.world.clock.time if known.in_table is None else 0
                self._message(known, max(at, begun), what)

    def _delete(self, known: PersonModel, at: int) -> None:
        self.world.delete_contact(known.contact_id)
        known.contact_id = known.person.phone or str(known.person.business_scoped_user_id)
        known.in_table = None
        if self.mode == "repair":
            known.deleted_after = self.compared_until - GRACE_MS
            known.unclear_until = at if "pending_scan" in self.world.workspace_record() else 0

    def _date_ahead(self, known: PersonModel, what: str) -> None:
        """A sweep whose clock was wrong left a time in the future: such a flag no longer counts as one."""
        if what.startswith("flag") and known.in_table is not None:
            dated = self.world.contacts()[known.contact_id] | {"flagged_at": FUTURE}
            self.world.put_many(self.world.database.tables.contacts, [dated])
            self.flagged.discard(known.contact_id)
        elif what.startswith("workspace"):
            record = self.world.workspace_record()
            # Without the watermark, a pending scan confirms nobody who was quiet before it began.
            names = {"latest_run_at"} if "pending_scan" in record else {"latest_run_at", "watermark"}
            self.world.change_workspace(**dict.fromkeys(names & record.keys(), FUTURE))

    def _message(self, known: PersonModel, at: int, what: str) -> None:
        direction: Direction = "outbound" if what == "missed sent" else "inbound"
        conversation = self.store.message(PHONE_ID, known.person, direction, at).conversation_id
        known.in_kapso[conversation, direction] = max(at, known.in_kapso.get((conversation, direction), 0))
        takes = MESSAGES[what]
        if takes is not None:
            self.on_the_way += [(at + takes, known)] * (2 if what == "twice" else 1)

    def _webhooks_arrive(self) -> None:
        now = self.world.clock.time
        for at, known in self.on_the_way:
            if at <= now:
                self._record_activity(known, at)
        self.on_the_way = [each for each in self.on_the_way if each[0] > now]

    def _record_activity(self, known: PersonModel, at: int) -> None:
        """The CRM stores activity of a person."""
        record_activity(self.world.database, "w1", known.contact_id, at)
        known.in_table = max(at, known.in_table or 0)

    def _note(self, known: PersonModel) -> None:
        self.world.database.client.update_item(
            TableName=self.world.database.tables.contacts,
            Key=contact_key("w1", known.contact_id),
            UpdateExpression="SET notes = list_append(if_not_exists(notes, :none), :note)",
            ExpressionAttributeValues={":none": {"L": []}, ":note": {"L": [_typed_note()]}},
        )

    def _sweep(self, hour: Hour, run_at: int) -> None:
        self.server.faults.clear()
        if hour.fails is not None:
            how, page = hour.fails
            fault, times = FAILS[how]
            self.server.faults.add(fault, path="/conversations", nth=range(page, page + times))
        if hour.slow:
            self.server.faults.add(answers.slow(self._take_time), path="/conversations")
        self.killer.aim(*(hour.dies or (0, "before")))
        for received in self._deliveries(run_at):
            self.world.deliver(received)  # A second delivery of everything.

    def _take_time(self) -> None:
        """Leave no time for another page."""
        self.world.clock.time += 101_000

    def _deliveries(self, run_at: int) -> Iterator[Received]:
        waiting, seen = [message(run_at=run_at)], list[Received]()
        while waiting:
            received = waiting.pop(0)
            if not deliver_once(self.world, self.killer, received):
                self.world.clock.time += LEASE_MS
                waiting.append(received)
            waiting += self.world.receive()
            seen.append(received)
        yield from seen

    def _check_sweep(self, run_at: int, before: dict[str, dict[str, Any]], *, half: bool) -> None:
        record, after = self.world.record(run_at=run_at), self.world.contacts()
        assert_counts_add_up(record)
        assert_nothing_is_lost(before, after)
        repaired = {name for name, each in after.items() if each.get("repaired_at") == run_at}
        flagged = {name for name, each in after.items() if each.get("flagged_at") == run_at}
        self._check_found(repaired | flagged, record, half=half)
        # A run that was killed, and then deferred, may have done more than it counts.
        if not record.deferred:
            assert record.repaired == len(repaired & before.keys())
            assert record.created == len(repaired - before.keys())
            assert record.reported == len(flagged)
        self.compared_until = int(self.world.workspace_record().get("watermark", GRACE_MS))
        self._follow_repairs(repaired, flagged, record, after)
        for each in self.people:
            found = after.get(each.contact_id, {}).get("last_activity_at")
            assert found == each.in_table, each.contact_id

    def _check_found(self, found: set[str], record: Any, *, half: bool) -> None:
        """The run found everything that was missed, and nothing else.

        A run that is deferred, or that only resumes a scan (`half`), may find less; people who have just
        written again may be left to the next scan.
        """
        if record.deferred or half:
            assert found <= self._missed(self.world.clock.time)
            return
        scan_at = int(self.world.workspace_record()["watermark"])
        assert scan_at >= record.run_at
        missed = self._missed(scan_at)
        may_wait = [each for each in self.people if not each.is_settled(scan_at) or each.is_unclear(scan_at)]
        assert missed - {each.contact_id for each in may_wait} <= found <= missed

    def _missed(self, scan_at: int) -> set[str]:
        missed = [each for each in self.people if each.missed(scan_at)]
        if self.mode == "report":
            missed = [each for each in missed if each.in_table is not None]
        return {each.contact_id for each in missed} - self.flagged

    def _follow_repairs(
        self, repaired: set[str], flagged: set[str], record: Any, after: dict[str, Any]
    ) -> None:
        """A repaired contact has the activity that a scan at the watermark finds missed.

        The start of a scan is not known for a run that was killed and then deferred: its contacts have the
        activity of one of the conversations.
        """
        self.flagged |= flagged
        for each in self.people:
            if each.contact_id not in repaired:
                continue
            if record.deferred:
                each.in_table = int(after[each.contact_id]["last_activity_at"])
                assert each.in_table in each.in_kapso.values(), each.contact_id
            else:
                each.in_table = each.missed(int(self.world.workspace_record()["watermark"]))


def assert_nothing_is_lost(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> None:
    """What others wrote is unchanged, and no activity moved backwards."""
    for name, was in before.items():
        now = after[name]
        assert now["last_activity_at"] >= was["last_activity_at"], name
        assert now["activity_at"] == now["last_activity_at"], name
        assert notes_of_others(now) == notes_of_others(was), name
        assert now.get("name") == was.get("name") or not was.get("name"), name


def notes_of_others(contact: dict[str, Any]) -> list[Any]:
    return [each for each in contact.get("notes", []) if each["added_by"] != "background-sync"]


def _contact(contact_id: str, at: int) -> dict[str, Any]:
    times = {"last_activity_at": at, "activity_at": at}
    return {"workspace_id": "w1", "contact_id": contact_id, "lead_status": "new", **times}


def _typed_note() -> Any:
    return {"M": {"content": {"S": "called him"}, "added_by": {"S": "ana"}, "added_at": {"N": "7"}}}
