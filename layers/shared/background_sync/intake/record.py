"""Records what the intake received, by the rules of a repair: who it is, the names, the activity.

    message -> changes of identity, oldest first -> the people of the other events -> one write a contact

A contact's activity only moves forwards, so events may come in any order and more than once. What has no
effect costs a read, and no write.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

from background_sync.batch import RetryLater
from background_sync.intake.events import Event
from background_sync.intake.messages import Received, read_received
from background_sync.messages import InvalidMessage
from background_sync.queue import WorkQueue
from background_sync.records.contacts import Conflict, read_contacts
from background_sync.records.database import Database
from background_sync.records.forgotten import Forgotten
from background_sync.records.heard import remember_heard
from background_sync.records.moves import move, whole_contact
from background_sync.records.repairs import Facts, create_contact, mirrored_values, update_contact
from background_sync.records.typed import AttributeValue, Item, deserialize, deserialize_value, serialize
from background_sync.records.workspaces import INTAKE_STEP_MS, remember_intake
from background_sync.rules.contact import GRACE_MS, readable_activity
from background_sync.rules.identity import Ambiguous, match, spellings
from background_sync.rules.times import ACTIVITY_AHEAD_MS
from background_sync.rules.values import InvalidRecord, to_int
from background_sync.sync.compare import MAX_TRIES, facts_of
from background_sync.sync.place import Placement, Placer, bsuid_of
from background_sync.telemetry import limited_warnings, logger, warn

STACK = ""
"""Stands beside the workspaces' ids, none of which is empty."""


class Contended(RetryLater):
    """Other writers changed a contact again and again: SQS delivers the message again."""


@dataclass(frozen=True, slots=True)
class Recorder:
    """Records messages, and counts what came of each person.

    The counts: created, updated, moved, in_step, deleted, unknown. `heard` is when (ms) this process last
    stored that it heard of a workspace, or of any.
    """

    database: Database
    queue: WorkQueue
    forgotten: Forgotten
    heard: dict[str, int] = field(default_factory=dict, repr=False)

    def handle(self, body: str) -> None:
        """Record a message, or move it to the dead-letter queue if it can never be read.

        Raises:
            Contended, Unwritable, ClientError: SQS must deliver it again.
        """
        try:
            received = read_received(body)
        except InvalidMessage as error:
            self.queue.send_to_dead_letters(body)
            logger.error("invalid message", reason=str(error))
            return
        with logger.append_context_keys(workspace_id=received.workspace_id), limited_warnings():
            logger.info("recorded", people=dict(self.record(received)))
            self._hear(received.workspace_id)

    def _hear(self, workspace_id: str) -> None:
        now = self.database.clock.now()
        stores = {
            workspace_id: partial(remember_intake, self.database, workspace_id),
            STACK: partial(remember_heard, now),
        }
        for who, store in stores.items():
            if not 0 <= now - self.heard.get(who, 0) < INTAKE_STEP_MS:
                store()
                self.heard[who] = now

    def record(self, received: Received) -> Counter[str]:
        """Raises `Contended`, `Unwritable`, `ClientError`."""
        placer = Placer(database=self.database, workspace_id=received.workspace_id)
        events = sorted(received.events, key=lambda each: each.at)
        changes = [each for each in events if each.is_change]
        done = Counter(_tried(partial(self._change, placer, each)) for each in changes)
        # The newest event of a person has the current name.
        conversations = [each.conversation() for each in reversed(events) if not each.is_change]
        done += self._record(placer, placer.place(conversations))
        return done + self._record(placer, placer.place_held())

    def _record(self, placer: Placer, placement: Placement) -> Counter[str]:
        for conversation, error in placement.unknown:
            warn("unknown person", message_id=conversation.id, reason=str(error))
        done = Counter(unknown=len(placement.unknown))
        latest = self.database.clock.now() + ACTIVITY_AHEAD_MS
        for contact_id, person in placement.people.items():
            reads = chain([placement.contacts.get(contact_id)], _again(placer, contact_id))
            facts = facts_of(person, latest)
            done[_tried(lambda: self._write(placer, contact_id, facts, next(reads)))] += 1  # noqa: B023
        return done

    def _write(self, placer: Placer, contact_id: str, facts: Facts, read: Item | None) -> str:
        if read is None:
            identities = (contact_id, *facts.identities)
            if self.forgotten.of(placer.workspace_id).covers(identities, facts.activity_at):
                return "deleted"
            create_contact(self.database, placer.workspace_id, contact_id, facts, None)
            return "created"
        record = deserialize(read)
        try:
            activity = readable_activity(record, self.database.clock.now()) or 0
        except InvalidRecord as error:
            warn("unreadable contact", contact_id=contact_id, reason=str(error))
            return "unknown"
        if facts.activity_at < activity - GRACE_MS:
            return "in_step"
        is_newer = facts.activity_at > activity
        values = mirrored_values(read, facts, None, may_change=True, is_newer=is_newer)
        if is_newer and (to_int(record.get("updated_at")) or 0) < facts.activity_at:
            values["updated_at"] = serialize(facts.activity_at)
        update_contact(self.database, placer.workspace_id, read, values, (), 0)
        return "updated" if values else "in_step"

    def _change(self, placer: Placer, change: Event) -> str:
        """Let the contact of a person follow to another number or user id."""
        try:
            old_id = _found(placer, change.previous_phone, change.previous_user_id)
            other_id = _found(placer, change.phone, change.business_scoped_user_id, but=old_id)
        except Ambiguous as error:
            warn("unknown person", message_id=change.message_id, reason=str(error))
            return "unknown"
        contact = old_id and whole_contact(self.database, placer.workspace_id, old_id)
        if not old_id or not contact or (to_int(deserialize_value(contact, "moved_at")) or 0) >= change.at:
            return "in_step"
        other = other_id and whole_contact(self.database, placer.workspace_id, other_id)
        if other and not _is_same_person(other, change):
            warn("a number has another owner", message_id=change.message_id, contact_id=other_id)
            return "unknown"
        new_id = other_id or _id_after(old_id, change)
        move(self.database, placer.workspace_id, contact, new_id, _identity(change), other or None)
        logger.info("moved a contact", contact_id=old_id, new_contact_id=new_id)
        return "moved"


def _tried(step: Callable[[], str]) -> str:
    for _ in range(MAX_TRIES):
        with suppress(Conflict):
            return step()
    raise Contended(f"a contact was changed {MAX_TRIES} times meanwhile")


def _again(placer: Placer, contact_id: str) -> Iterator[Item | None]:
    while True:
        yield read_contacts(placer.database, placer.workspace_id, [contact_id]).get(contact_id)


def _found(placer: Placer, phone: str | None, bsuid: str | None, but: str | None = None) -> str | None:
    """The id of the contact with these identities, if it is not the contact `but`; raises `Ambiguous`."""
    contacts = placer.contacts_of(phone, bsuid)
    return match(phone, bsuid, {name: bsuid_of(item) for name, item in contacts.items() if name != but})


def _is_same_person(other: Item, change: Event) -> bool:
    """Whether a contact came with a message that overtook the change, and is no earlier owner's."""
    is_younger = (to_int(deserialize_value(other, "created_at")) or 0) >= change.at - GRACE_MS
    return is_younger and bsuid_of(other) in (None, change.business_scoped_user_id)


def _id_after(old_id: str, change: Event) -> str:
    if old_id == change.previous_user_id:
        return change.business_scoped_user_id or old_id
    has_moved = change.phone is not None and old_id not in spellings(change.phone)
    return change.phone if has_moved and change.phone else old_id


def _identity(change: Event) -> dict[str, AttributeValue]:
    known = {
        "phone": None if change.phone == change.previous_phone else change.phone,
        "business_scoped_user_id": change.business_scoped_user_id,
        "moved_at": change.at,
    }
    return {name: serialize(value) for name, value in known.items() if value is not None}
