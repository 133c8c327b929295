"""Comparing the people that Kapso tells of with the table, and mending what the webhooks missed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

from background_sync.kapso.conversations import Conversation
from background_sync.records.contacts import Conflict, Unwritable, write_flag
from background_sync.records.database import Database
from background_sync.records.items import Item, plain
from background_sync.records.people import contact_ids_of, read_people
from background_sync.records.repairs import Facts, create_contact, repair, teach
from background_sync.rules.contact import InvalidRecord, readable_activity, time_of
from background_sync.rules.drift import Drift, compare
from background_sync.rules.identity import Ambiguous, match
from background_sync.rules.notes import AUTHOR, CHECK_PREFIX, REPAIR_PREFIX, Note
from background_sync.rules.policy import Policy
from background_sync.rules.verified import Verified
from background_sync.telemetry import logger

MAX_TRIES = 5


class Mode(Enum):
    """What to do about drift."""

    COUNT = "count"
    REPORT = "report"
    REPAIR = "repair"


@dataclass
class Comparer:
    """Compares page by page; `verified` counts what came of it.

    `run_at` is the run's moment, `scan_at` the one before the scan began: younger activity is left to the
    next scan. `incomplete` when something was left undone that the next scan must see again.
    """

    database: Database
    workspace_id: str
    run_at: int
    scan_at: int
    policy: Policy
    mode: Mode
    verified: Verified = field(default_factory=Verified)
    incomplete: bool = False
    _counted: set[str] = field(default_factory=set)
    _learned: dict[str | None, str] = field(default_factory=dict)

    def compare(self, conversations: Iterable[Conversation]) -> None:
        """Compare a page. A person with several conversations counts once, by the newest activity."""
        newest = sorted(conversations, key=lambda each: each.activity_at or 0, reverse=True)
        people = self._people(newest)
        for conversation in newest:
            self._one(conversation, people)

    def _people(self, conversations: Iterable[Conversation]) -> dict[str, Item]:
        """The contacts that the conversations' identities may lead to."""
        pairs = [(each.phone, each.business_scoped_user_id) for each in conversations]
        ids = {identity for pair in pairs for identity in pair if identity}
        people = read_people(self.database, self.workspace_id, ids)
        owners = {_bsuid(item): name for name, item in people.items()}
        more = {
            contact_id
            for _, bsuid in pairs
            if bsuid and bsuid not in owners and bsuid not in people
            for contact_id in self._owners_of(bsuid)
        }
        return people | read_people(self.database, self.workspace_id, more - people.keys())

    def _owners_of(self, bsuid: str) -> list[str]:
        """By the index, which is a moment late: what this scan has just written is remembered."""
        if bsuid in self._learned:
            return [self._learned[bsuid]]
        return contact_ids_of(self.database, self.workspace_id, bsuid)

    def _one(self, conversation: Conversation, people: dict[str, Item]) -> None:
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
            return
        outcome, read = self._settle(conversation, contact_id, people.get(contact_id))
        self._count(contact_id, outcome)
        if read is not None:
            people[contact_id] = read
        if bsuid:
            self._learned[bsuid] = contact_id

    def _count(self, person: str, outcome: str) -> None:
        if person not in self._counted:
            self._counted.add(person)
            self.verified = self.verified.plus(outcome)

    def _settle(
        self, conversation: Conversation, contact_id: str, read: Item | None
    ) -> tuple[str, Item | None]:
        """Judge and write; read again where somebody else wrote at the same moment."""
        for _ in range(MAX_TRIES):
            try:
                return self._once(conversation, contact_id, read), read
            except Conflict:
                read = read_people(self.database, self.workspace_id, [contact_id]).get(contact_id)
            except Unwritable as error:
                logger.warning("unwritable contact", contact_id=contact_id, reason=str(error))
                return "behind", read
        self.incomplete = True
        return "behind", read

    def _once(self, conversation: Conversation, contact_id: str, read: Item | None) -> str:
        if read is None:
            return self._absent(conversation, contact_id)
        record = plain({name: value for name, value in read.items() if name != "notes"})
        try:
            found = compare(readable_activity(record), True, conversation.activity_at, self.scan_at)
        except InvalidRecord as error:
            logger.warning("unreadable contact", contact_id=contact_id, reason=str(error))
            return "unknown"
        stamp = self._stamp(record)
        if found.drift is Drift.BEHIND:
            return self._behind(conversation, contact_id, read, stamp)
        if self.mode is Mode.REPAIR and teach(self.database, self.workspace_id, read, _facts(conversation)):
            self.verified = self.verified.plus("renamed")
        return stamp or found.drift.value

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
        return "created" if record.get("created_at") == record.get("last_activity_at") else "repaired"

    def _behind(self, conversation: Conversation, contact_id: str, read: Item, stamp: str | None) -> str:
        if self.mode is Mode.REPORT:
            self._report(conversation, contact_id, read)
        if self.mode is not Mode.REPAIR:
            return "behind"
        note = None if stamp else _note(REPAIR_PREFIX, conversation, self.run_at)
        facts, limit = _facts(conversation), self.policy.max_sync_notes
        repair(self.database, self.workspace_id, read, facts, self.run_at, note, limit)
        logger.info("repaired a contact", contact_id=contact_id)
        return stamp or "repaired"

    def _report(self, conversation: Conversation, contact_id: str, read: Item) -> None:
        """Flag what is behind, under the cooldown and the cap of every flag."""
        flagged_at = time_of(plain({"at": read.get("flagged_at", {"NULL": True})}), "at")
        mine = flagged_at == self.run_at
        if not mine and flagged_at is not None and self.run_at - flagged_at < self.policy.flag_cooldown_ms:
            return
        if not mine and self.verified.reported >= self.policy.max_flags_per_run:
            self.incomplete = True
            return
        if not mine:
            note = _note(CHECK_PREFIX, conversation, self.run_at)
            write_flag(self.database, self.workspace_id, contact_id, read, note, self.policy.max_sync_notes)
        if contact_id not in self._counted:
            self.verified = self.verified.plus("reported")


def _facts(conversation: Conversation) -> Facts:
    return Facts(
        conversation.activity_at or 0,
        conversation.phone,
        conversation.business_scoped_user_id,
        conversation.profile_name,
    )


def _note(prefix: str, conversation: Conversation, run_at: int) -> Note:
    moment = datetime.fromtimestamp((conversation.activity_at or 0) // 1000, UTC)
    return Note(f"{prefix} missed activity at {moment:%Y-%m-%dT%H:%M:%SZ}", AUTHOR, run_at)


def _bsuid(item: Item) -> str | None:
    value = item.get("business_scoped_user_id", {}).get("S")
    return value if isinstance(value, str) else None
