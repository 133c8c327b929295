"""Comparing the people in Kapso's conversations with the table, and repairing what the webhooks missed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from background_sync.kapso.conversations import Conversation
from background_sync.records.contacts import (
    JUDGED,
    Conflict,
    Unwritable,
    contact_ids_by_bsuid,
    read_contacts,
    set_if_unchanged,
)
from background_sync.records.database import Database, Item, deserialize, serialize
from background_sync.records.repairs import Facts, create_contact, repair, update_profile
from background_sync.rules.contact import Drift, compare, readable_activity
from background_sync.rules.counts import Verified, higher_priority
from background_sync.rules.identity import Ambiguous, match
from background_sync.rules.notes import repair_note
from background_sync.rules.policy import Policy
from background_sync.rules.values import InvalidRecord, valid_time
from background_sync.rules.workspace import Mode
from background_sync.telemetry import logger, warn

MAX_TRIES = 5


@dataclass(kw_only=True)
class Comparer:
    """Compares page by page; `verified` has the counts.

    `run_at` is the run's moment. `scan_at` is when the scan began: younger activity is left to the next scan.
    `counted` has the outcome of each person so far. `missed_activity` is the newest Kapso activity (ms) by
    contact that was found and not repaired. `incomplete`: something was left undone, and the next scan must
    see it again.
    """

    database: Database
    workspace_id: str
    run_at: int
    scan_at: int
    policy: Policy
    mode: Mode
    verified: Verified = field(default_factory=Verified)
    counted: dict[str, str] = field(default_factory=dict)
    incomplete: bool = False
    missed_activity: dict[str, int] = field(default_factory=dict)
    _learned: dict[str | None, str] = field(default_factory=dict)

    def compare(self, conversations: Sequence[Conversation]) -> None:
        """Compare a page. A person with several conversations counts once, by the newest activity."""
        contacts = self._candidates(conversations)
        persons: dict[str, Conversation] = {}
        for conversation in conversations:
            contact_id = self._contact_id(conversation, contacts)
            if contact_id is not None:
                persons[contact_id] = _merged(persons.get(contact_id), conversation)
        for contact_id, person in persons.items():
            self._count(contact_id, self._settle(person, contact_id, contacts.get(contact_id)))

    def _candidates(self, conversations: Iterable[Conversation]) -> dict[str, Item]:
        """The contacts that the conversations' identities may lead to."""
        pairs = [(each.phone, each.business_scoped_user_id) for each in conversations]
        ids = {identity for pair in pairs for identity in pair if identity}
        contacts = read_contacts(self.database, self.workspace_id, ids)
        known = {_bsuid(item) for item in contacts.values()}
        more = {
            contact_id
            for _, bsuid in pairs
            if bsuid and bsuid not in known and bsuid not in contacts
            for contact_id in self._owners_of(bsuid)
        }
        return contacts | read_contacts(self.database, self.workspace_id, more - contacts.keys())

    def _owners_of(self, bsuid: str) -> list[str]:
        # The index lags behind the table, so what this scan has just written is remembered here.
        if bsuid in self._learned:
            return [self._learned[bsuid]]
        return contact_ids_by_bsuid(self.database, self.workspace_id, bsuid)

    def _contact_id(self, conversation: Conversation, contacts: Mapping[str, Item]) -> str | None:
        """The contact that a conversation is with, existing or not; None when that is ambiguous."""
        phone, bsuid = conversation.phone, conversation.business_scoped_user_id
        candidates = {
            name: _bsuid(item)
            for name, item in contacts.items()
            if name in (phone, bsuid) or (bsuid and _bsuid(item) == bsuid)
        }
        if bsuid in self._learned:
            candidates[self._learned[bsuid]] = bsuid
        try:
            contact_id = match(phone, bsuid, candidates) or phone or bsuid or ""
        except Ambiguous as error:
            warn("unknown person", conversation_id=conversation.id, reason=str(error))
            self._count(f"conversation {conversation.id}", "unknown")
            self._suspect([contacts[each] for each in error.contact_ids if each in contacts], conversation)
            return None
        if bsuid:
            self._learned[bsuid] = contact_id
        return contact_id

    def _suspect(self, candidates: Sequence[Item], conversation: Conversation) -> None:
        """Mark all contacts that an ambiguous person may be, if none of them has the activity."""
        if self.mode is Mode.COUNT or not candidates:
            return
        if not all(self._lacks(each, conversation) for each in candidates):
            return
        for read in candidates:
            try:
                self._mark(read, conversation.activity_at or 0)
            except (Conflict, Unwritable) as error:
                warn("a contact could not be marked", reason=str(error))

    def _lacks(self, read: Item, conversation: Conversation) -> bool:
        try:
            activity = readable_activity(_judged(read))
        except InvalidRecord:
            return False
        return compare(activity, True, conversation.activity_at, self.scan_at) is Drift.BEHIND

    def _count(self, person: str, outcome: str) -> None:
        was = self.counted.get(person)
        self.counted[person] = higher_priority(was, outcome)
        self.verified = self.verified.moved(was, self.counted[person])

    def _settle(self, conversation: Conversation, contact_id: str, read: Item | None) -> str:
        """Judge and write. On a conflict, read the contact again and judge anew."""
        if contact_id in self.counted:
            # This conversation is older than one that was counted, and the newest one has the current name.
            conversation = replace(conversation, profile_name=None)
        for _ in range(MAX_TRIES):
            try:
                return self._judge_and_write(conversation, contact_id, read)
            except Conflict:
                read = read_contacts(self.database, self.workspace_id, [contact_id]).get(contact_id)
            except Unwritable as error:
                warn("unwritable contact", contact_id=contact_id, reason=str(error))
                self.missed_activity[contact_id] = conversation.activity_at or 0
                return "behind"
        self.incomplete = True
        return "behind"

    def _judge_and_write(self, conversation: Conversation, contact_id: str, read: Item | None) -> str:
        if read is None:
            return self._missing(conversation, contact_id)
        record = _judged(read)
        try:
            drift = compare(readable_activity(record), True, conversation.activity_at, self.scan_at)
        except InvalidRecord as error:
            warn("unreadable contact", contact_id=contact_id, reason=str(error))
            return "unknown"
        earlier = self._done_earlier(record)
        if drift is Drift.BEHIND:
            return self._behind(conversation, read, earlier)
        if self.mode is Mode.REPAIR:
            self._update_profile(conversation, contact_id, read, record)
        return earlier or drift.value

    def _update_profile(
        self, conversation: Conversation, contact_id: str, read: Item, record: Mapping[str, object]
    ) -> None:
        # An earlier attempt of this run may have renamed the contact; a repeat counts that as its own.
        before = record.get("renamed_at") == self.run_at and self._done_earlier(record) is None
        renamed = update_profile(self.database, self.workspace_id, read, _facts(conversation), self.run_at)
        if (before or renamed) and contact_id not in self.counted:
            self.verified = self.verified.plus("renamed")

    def _missing(self, conversation: Conversation, contact_id: str) -> str:
        if compare(None, False, conversation.activity_at, self.scan_at) is Drift.IN_STEP:
            return "in_step"
        if self.mode is not Mode.REPAIR:
            return "missing"
        create_contact(self.database, self.workspace_id, contact_id, _facts(conversation), self.run_at)
        logger.info("created a missing contact", contact_id=contact_id)
        return "created"

    def _done_earlier(self, record: Mapping[str, object]) -> str | None:
        """What an earlier attempt of this very run did to the contact: a repeat counts it as its own."""
        if record.get("repaired_at") != self.run_at:
            return None
        return "created" if record.get("created_by_run") == self.run_at else "repaired"

    def _behind(self, conversation: Conversation, read: Item, earlier: str | None) -> str:
        facts, limit = _facts(conversation), self.policy.max_sync_notes
        if self.mode is Mode.REPORT:
            self._mark(read, facts.activity_at)
        if self.mode is not Mode.REPAIR:
            return "behind"
        note = None if earlier else repair_note(facts.activity_at, self.run_at)
        repair(self.database, self.workspace_id, read, facts, self.run_at, note, limit)
        logger.info("repaired a contact", contact_id=read["contact_id"]["S"])
        return earlier or "repaired"

    def _mark(self, read: Item, activity_at: int) -> None:
        """Store on the contact what it lacks. The flag that reports it comes with the other flags."""
        known = valid_time(_judged(read), "behind_at") or 0
        self.missed_activity[read["contact_id"]["S"]] = max(activity_at, known)
        if activity_at > known:
            values = {"behind_at": serialize(activity_at)}
            set_if_unchanged(self.database, self.workspace_id, read, JUDGED, values)


def _merged(one: Conversation | None, other: Conversation) -> Conversation:
    """Two conversations of a person, the newer first: its name, and the newest activity of both."""
    if one is None:
        return other
    activities = [each for each in (one.activity_at, other.activity_at) if each is not None]
    return replace(
        one,
        activity_at=max(activities, default=None),
        profile_name=one.profile_name or other.profile_name,
        phone=one.phone or other.phone,
        business_scoped_user_id=one.business_scoped_user_id or other.business_scoped_user_id,
    )


def _facts(conversation: Conversation) -> Facts:
    return Facts(
        activity_at=conversation.activity_at or 0,
        phone=conversation.phone,
        business_scoped_user_id=conversation.business_scoped_user_id,
        profile_name=conversation.profile_name,
    )


def _judged(read: Item) -> dict[str, object]:
    return deserialize({name: value for name, value in read.items() if name != "notes"})


def _bsuid(item: Item) -> str | None:
    value = item.get("business_scoped_user_id", {}).get("S")
    return value if isinstance(value, str) else None
