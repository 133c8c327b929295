"""Comparing the people in Kapso's conversations with the table, and repairing what the webhooks missed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from background_sync.kapso.conversations import Conversation, Unreadable
from background_sync.records.contact_notes import Unwritable
from background_sync.records.contacts import Conflict, read_contacts
from background_sync.records.database import Database
from background_sync.records.forgotten import ForgottenPeople
from background_sync.records.repairs import (
    Facts,
    create_contact,
    identity_values,
    mirrored_values,
    update_contact,
)
from background_sync.records.typed import AttributeValue, Item, deserialize, deserialize_value, serialize
from background_sync.rules.contact import GRACE_MS, Drift, compare, readable_activity
from background_sync.rules.counts import Verified, higher_priority
from background_sync.rules.identity import Ambiguous
from background_sync.rules.notes import Note, identity_note, repair_note
from background_sync.rules.policy import Policy
from background_sync.rules.times import remembered_time
from background_sync.rules.values import InvalidRecord
from background_sync.rules.workspace import Mode
from background_sync.sync.place import Placement, Placer
from background_sync.telemetry import logger, warn

MAX_TRIES = 5
MAX_HELD = 50
"""How many conversations wait for the end of a scan: the run's record has to hold them."""


@dataclass(kw_only=True)
class Comparer:
    """Compares page by page; `verified` has the counts.

    `run_at` is the run's moment. `scan_at` is when the scan began: younger activity is left to the next scan.
    In the period `settled`, everybody who wrote had a contact. `counted`, `unplaced_at` and `incomplete` are
    as in `Scan`. `missed_activity` is the newest Kapso activity (ms) by contact that was found and not
    repaired.
    """

    placer: Placer
    forgotten: ForgottenPeople
    run_at: int
    scan_at: int
    policy: Policy
    mode: Mode
    settled: tuple[int, int] | None = None
    verified: Verified = field(default_factory=Verified)
    counted: dict[str, str] = field(default_factory=dict)
    unplaced_at: int = 0
    incomplete: bool = False
    missed_activity: dict[str, int] = field(default_factory=dict)

    @property
    def _table(self) -> tuple[Database, str]:
        return self.placer.database, self.placer.workspace_id

    def compare(self, conversations: Sequence[Conversation]) -> None:
        """Compare a page. A person with several conversations counts once, by the newest activity."""
        self._compare(self.placer.place(conversations))
        if len(self.placer.held) > MAX_HELD:
            self.compare_held()

    def compare_held(self) -> None:
        """Compare the conversations that waited for another one of the same person."""
        if self.placer.held:
            self._compare(self.placer.place_held())

    def suspect(self, conversations: Iterable[Unreadable]) -> None:
        """Count conversations that cannot be read, and mark the contacts that may have missed something.

        No message is newer than `last_active_at`, so a contact with that activity has missed nothing.
        """
        for each in conversations:
            warn("unreadable conversation", reason=each.reason)
            self.verified = self.verified.plus("unreadable")
            at = self.scan_at - GRACE_MS if each.last_active_at is None else each.last_active_at
            contacts = self.placer.contacts_of(each.phone, each.business_scoped_user_id)
            if contacts:
                self._mark_all(Facts(activity_at=at), contacts)
            else:
                self.unplaced_at = max(self.unplaced_at, at)

    def _mark_all(self, facts: Facts, contacts: Mapping[str, Item]) -> None:
        """Mark the contacts that lack the activity."""
        if self.mode is not Mode.COUNT:
            for contact_id, read in sorted(contacts.items()):
                self._settle(facts, contact_id, read, self._suspect)

    def _compare(self, placement: Placement) -> None:
        for conversation, error in placement.unknown:
            self._unknown(conversation, error, placement.contacts)
        for contact_id, person in placement.people.items():
            facts, read = self._facts(person), placement.contacts.get(contact_id)
            if contact_id in self.counted:
                # An older conversation than one that was counted: the newest one has the current name.
                facts = replace(facts, profile_name=None)
            self._count(contact_id, self._settle(facts, contact_id, read, self._judge_and_write))

    def _unknown(self, conversation: Conversation, error: Ambiguous, contacts: Mapping[str, Item]) -> None:
        """Count an unknown person, and mark the contacts that it may be and that lack the activity."""
        warn("unknown person", conversation_id=conversation.id, reason=str(error))
        self._count(f"conversation {conversation.id}", "unknown")
        facts = self._facts(conversation)
        if (
            not error.contact_ids
            and compare(None, False, facts.activity_at or None, self.scan_at) is Drift.MISSING
        ):
            self.unplaced_at = max(self.unplaced_at, facts.activity_at)
        self._mark_all(facts, {each: contacts[each] for each in error.contact_ids if each in contacts})

    def _count(self, person: str, outcome: str) -> None:
        was = self.counted.get(person)
        self.counted[person] = higher_priority(was, outcome)
        self.verified = self.verified.moved(was, self.counted[person])

    def _settle(
        self,
        facts: Facts,
        contact_id: str,
        read: Item | None,
        write: Callable[[Facts, str, Item | None], str],
    ) -> str:
        """Judge and write. On a conflict, read the contact again and judge anew."""
        for _ in range(MAX_TRIES):
            try:
                return write(facts, contact_id, read)
            except Conflict:
                read = read_contacts(*self._table, [contact_id]).get(contact_id)
            except Unwritable as error:
                warn("unwritable contact", contact_id=contact_id, reason=str(error))
                self.missed_activity[contact_id] = facts.activity_at
                return "behind"
        self.incomplete = True
        return "behind"

    def _judge_and_write(self, facts: Facts, contact_id: str, read: Item | None) -> str:
        if read is None:
            return self._missing(facts, contact_id)
        drift = self._drift(facts, read)
        if drift is None:
            return "unknown"
        if self.mode is Mode.COUNT:
            return drift.value
        earlier, repairs = self._done_earlier(read), drift is Drift.BEHIND and self.mode is Mode.REPAIR
        values, notes = self._changes(facts, contact_id, read, drift), list[Note]()
        if "identity_changed_at" in values:
            notes.append(identity_note(self.run_at))
        if repairs and not earlier:
            notes.append(repair_note(facts.activity_at, self.run_at))
        update_contact(*self._table, read, values, notes, self.policy.max_sync_notes)
        self._count_changes(contact_id, read, values, is_repair=bool(repairs or earlier))
        if repairs:
            logger.debug("repaired a contact", contact_id=contact_id)
        return earlier or ("repaired" if repairs else drift.value)

    def _changes(self, facts: Facts, contact_id: str, read: Item, drift: Drift) -> dict[str, AttributeValue]:
        """What to write on a contact. Older evidence than the table's does not change an identity."""
        may_change = contact_id not in self.counted and drift is not Drift.AHEAD
        is_behind = drift is Drift.BEHIND
        if self.mode is Mode.REPAIR:
            return mirrored_values(read, facts, self.run_at, may_change=may_change, is_newer=is_behind)
        values = identity_values(read, facts, self.run_at, may_change=may_change)
        return values | self._mark(facts, read) if is_behind else values

    def _count_changes(
        self, contact_id: str, read: Item, values: Mapping[str, object], *, is_repair: bool
    ) -> None:
        """Count new names and ids, once a person. An earlier attempt of this run may have written them."""
        if contact_id in self.counted:
            return
        stamped = {name for name, at in deserialize(read).items() if at == self.run_at} | values.keys()
        if "identity_changed_at" in stamped:
            self.verified = self.verified.plus("identity_changed")
        if "renamed_at" in stamped and not is_repair:
            self.verified = self.verified.plus("renamed")

    def _missing(self, facts: Facts, contact_id: str) -> str:
        if compare(None, False, facts.activity_at or None, self.scan_at) is Drift.IN_STEP:
            return "in_step"
        identities = (contact_id, *facts.identities)
        if self._had_contact(facts) or self.forgotten.covers(identities, facts.activity_at):
            return "deleted"
        if self.mode is not Mode.REPAIR:
            return "missing"
        create_contact(*self._table, contact_id, facts, self.run_at)
        logger.debug("created a missing contact", contact_id=contact_id)
        return "created"

    def _had_contact(self, facts: Facts) -> bool:
        """Whether an earlier scan saw the activity. Kapso may learn of a message late: then none did."""
        begun, until = self.settled or (0, -1)
        return begun < facts.activity_at and max(facts.activity_at, facts.created_at) <= until

    def _done_earlier(self, read: Item) -> str | None:
        """What an earlier attempt of this very run did to the contact: a repeat counts it as its own."""
        if deserialize_value(read, "repaired_at") != self.run_at:
            return None
        return "created" if deserialize_value(read, "created_by_run") == self.run_at else "repaired"

    def _suspect(self, facts: Facts, contact_id: str, read: Item | None) -> str:
        """Mark a contact that an unknown person may be, if it lacks the activity."""
        if read is not None and self._drift(facts, read) is Drift.BEHIND:
            update_contact(*self._table, read, self._mark(facts, read), (), self.policy.max_sync_notes)
            logger.debug("marked a contact of an unknown person", contact_id=contact_id)
        return "unknown"

    def _mark(self, facts: Facts, read: Item) -> dict[str, AttributeValue]:
        """What the contact lacks, stored on it. The flag that reports it comes with the other flags."""
        known = remembered_time(deserialize(read), "behind_at", self.placer.database.clock.now()) or 0
        self.missed_activity[read["contact_id"]["S"]] = max(facts.activity_at, known)
        return {"behind_at": serialize(facts.activity_at)} if facts.activity_at > known else {}

    def _drift(self, facts: Facts, read: Item) -> Drift | None:
        """How the contact compares with Kapso; None if it cannot be read."""
        try:
            activity = readable_activity(deserialize(read), self.placer.database.clock.now())
        except InvalidRecord as error:
            warn("unreadable contact", contact_id=read["contact_id"]["S"], reason=str(error))
            return None
        return compare(activity, True, facts.activity_at or None, self.scan_at)

    def _facts(self, conversation: Conversation) -> Facts:
        return facts_of(conversation, self.scan_at - GRACE_MS)


def facts_of(conversation: Conversation, until_ms: int) -> Facts:
    """What a conversation tells of its person, by the activity up to a time."""
    return Facts(
        activity_at=conversation.activity_before(until_ms) or 0,
        created_at=conversation.created_at or 0,
        phone=conversation.phone,
        business_scoped_user_id=conversation.business_scoped_user_id,
        profile_name=conversation.profile_name,
    )
