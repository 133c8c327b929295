"""Comparing the people that Kapso tells of with the table, and mending what the webhooks missed."""

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
from background_sync.rules.values import InvalidRecord, read_time
from background_sync.rules.workspace import Mode
from background_sync.telemetry import logger

MAX_TRIES = 5


@dataclass
class Comparer:
    """Compares page by page; `verified` counts what came of it.

    `run_at` is the run's moment, `scan_at` the one before the scan began: younger activity is left to the
    next scan. `missed_activity` is the newest Kapso activity (ms) by contact that this scan found and did not
    repair. `incomplete`: something was left undone that the next scan must see again.
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
        people = self._people(conversations)
        persons: dict[str, Conversation] = {}
        for conversation in conversations:
            contact_id = self._contact_id(conversation, people)
            if contact_id is not None:
                persons[contact_id] = _merged(persons.get(contact_id), conversation)
        for contact_id, person in persons.items():
            self._count(contact_id, self._settle(person, contact_id, people.get(contact_id)))

    def _people(self, conversations: Iterable[Conversation]) -> dict[str, Item]:
        """The contacts that the conversations' identities may lead to."""
        pairs = [(each.phone, each.business_scoped_user_id) for each in conversations]
        ids = {identity for pair in pairs for identity in pair if identity}
        people = read_contacts(self.database, self.workspace_id, ids)
        owners = {_bsuid(item): name for name, item in people.items()}
        more = {
            contact_id
            for _, bsuid in pairs
            if bsuid and bsuid not in owners and bsuid not in people
            for contact_id in self._owners_of(bsuid)
        }
        return people | read_contacts(self.database, self.workspace_id, more - people.keys())

    def _owners_of(self, bsuid: str) -> list[str]:
        """By the index, which is a moment late: what this scan has just written is remembered."""
        if bsuid in self._learned:
            return [self._learned[bsuid]]
        return contact_ids_by_bsuid(self.database, self.workspace_id, bsuid)

    def _contact_id(self, conversation: Conversation, people: Mapping[str, Item]) -> str | None:
        """Whom a conversation is with: a contact, or one that is to be; None for nobody in particular."""
        phone, bsuid = conversation.phone, conversation.business_scoped_user_id
        led_to = {
            name: _bsuid(item)
            for name, item in people.items()
            if name in (phone, bsuid) or (bsuid and _bsuid(item) == bsuid)
        }
        if bsuid in self._learned:
            led_to[self._learned[bsuid]] = bsuid
        try:
            contact_id = match(phone, bsuid, led_to) or phone or bsuid or ""
        except Ambiguous as error:
            logger.warning("unknown person", conversation_id=conversation.id, reason=str(error))
            self._count(f"conversation {conversation.id}", "unknown")
            self._suspect([people[each] for each in error.contact_ids if each in people], conversation)
            return None
        if bsuid:
            self._learned[bsuid] = contact_id
        return contact_id

    def _suspect(self, either: Sequence[Item], conversation: Conversation) -> None:
        """Where nobody of those whom it may be has the activity, somebody missed it: people have to look."""
        if (
            self.mode is Mode.COUNT
            or not either
            or not all(self._lacks(each, conversation) for each in either)
        ):
            return
        for read in either:
            try:
                self._mark(read["contact_id"]["S"], read, conversation.activity_at or 0)
            except (Conflict, Unwritable) as error:
                logger.warning("a contact could not be marked", reason=str(error))

    def _lacks(self, read: Item, conversation: Conversation) -> bool:
        try:
            activity = readable_activity(_judged(read))
        except InvalidRecord:
            return False
        return compare(activity, True, conversation.activity_at, self.scan_at).drift is Drift.BEHIND

    def _count(self, person: str, outcome: str) -> None:
        was = self.counted.get(person)
        self.counted[person] = higher_priority(was, outcome)
        self.verified = self.verified.moved(was, self.counted[person])

    def _settle(self, conversation: Conversation, contact_id: str, read: Item | None) -> str:
        """Judge and write; read again where somebody else wrote at the same moment."""
        if contact_id in self.counted:
            conversation = replace(conversation, profile_name=None)  # an older one; the newest told the name
        for _ in range(MAX_TRIES):
            try:
                return self._once(conversation, contact_id, read)
            except Conflict:
                read = read_contacts(self.database, self.workspace_id, [contact_id]).get(contact_id)
            except Unwritable as error:
                logger.warning("unwritable contact", contact_id=contact_id, reason=str(error))
                self.missed_activity[contact_id] = conversation.activity_at or 0
                return "behind"
        self.incomplete = True
        return "behind"

    def _once(self, conversation: Conversation, contact_id: str, read: Item | None) -> str:
        if read is None:
            return self._absent(conversation, contact_id)
        record = _judged(read)
        try:
            found = compare(readable_activity(record), True, conversation.activity_at, self.scan_at)
        except InvalidRecord as error:
            logger.warning("unreadable contact", contact_id=contact_id, reason=str(error))
            return "unknown"
        stamp = self._stamp(record)
        if found.drift is Drift.BEHIND:
            return self._behind(conversation, contact_id, read, stamp)
        if self.mode is Mode.REPAIR:
            self._teach(conversation, contact_id, read, record)
        return stamp or found.drift.value

    def _teach(
        self, conversation: Conversation, contact_id: str, read: Item, record: Mapping[str, object]
    ) -> None:
        before = record.get("renamed_at") == self.run_at and self._stamp(record) is None
        taught = update_profile(self.database, self.workspace_id, read, _facts(conversation), self.run_at)
        if (before or taught) and contact_id not in self.counted:
            self.verified = self.verified.plus("renamed")

    def _absent(self, conversation: Conversation, contact_id: str) -> str:
        found = compare(None, False, conversation.activity_at, self.scan_at)
        if found.drift is Drift.IN_STEP:
            return "in_step"
        if self.mode is not Mode.REPAIR:
            return "missing"
        create_contact(self.database, self.workspace_id, contact_id, _facts(conversation), self.run_at)
        logger.info("created a missing contact", contact_id=contact_id)
        return "created"

    def _stamp(self, record: Mapping[str, object]) -> str | None:
        """What this very run did to the contact before, if it did: a repeat counts it as its own."""
        if record.get("repaired_at") != self.run_at:
            return None
        return "created" if record.get("created_by_run") == self.run_at else "repaired"

    def _behind(self, conversation: Conversation, contact_id: str, read: Item, stamp: str | None) -> str:
        facts, limit = _facts(conversation), self.policy.max_sync_notes
        if self.mode is Mode.REPORT:
            self._mark(contact_id, read, facts.activity_at)
        if self.mode is not Mode.REPAIR:
            return "behind"
        note = None if stamp else repair_note(facts.activity_at, self.run_at)
        repair(self.database, self.workspace_id, read, facts, self.run_at, note, limit)
        logger.info("repaired a contact", contact_id=contact_id)
        return stamp or "repaired"

    def _mark(self, contact_id: str, read: Item, activity_at: int) -> None:
        """Note on the contact what it misses; the flag that tells of it comes with the other flags."""
        known = _marked(read)
        self.missed_activity[contact_id] = max(activity_at, known)
        if activity_at > known:
            values = {"behind_at": serialize(activity_at)}
            set_if_unchanged(self.database, self.workspace_id, contact_id, read, JUDGED, values)


def _merged(one: Conversation | None, other: Conversation) -> Conversation:
    """A person's two conversations, the newer first: its name, and the newest activity of both."""
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
        conversation.activity_at or 0,
        conversation.phone,
        conversation.business_scoped_user_id,
        conversation.profile_name,
    )


def _judged(read: Item) -> dict[str, object]:
    return deserialize({name: value for name, value in read.items() if name != "notes"})


def _marked(read: Item) -> int:
    try:
        return read_time(deserialize({"behind_at": read.get("behind_at", {"NULL": True})}), "behind_at") or 0
    except InvalidRecord:
        return 0


def _bsuid(item: Item) -> str | None:
    value = item.get("business_scoped_user_id", {}).get("S")
    return value if isinstance(value, str) else None
