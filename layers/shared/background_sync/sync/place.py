"""Which contact each conversation of a scan is with.

A person may have several conversations, with the phone, the business-scoped user id, or both. One with a
single identity that leads to no contact is held, until another one has both identities, or to the end of the
scan: made at once, the contact could be the person's second.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from background_sync.kapso.conversations import Conversation
from background_sync.records.contacts import contact_ids_by_bsuid, read_contacts
from background_sync.records.database import Database
from background_sync.records.typed import Item
from background_sync.rules.identity import Ambiguous, match, spellings
from background_sync.rules.scan import Scan


@dataclass(frozen=True, slots=True)
class Placement:
    """The people of a page by contact id, the contacts that exist, and the conversations with nobody known.

    The newest conversation of a person gives the name, and all of them the times.
    """

    people: dict[str, Conversation]
    contacts: Mapping[str, Item]
    unknown: Sequence[tuple[Conversation, Ambiguous]]


@dataclass(kw_only=True)
class Placer:
    """Finds contacts page by page. `placed` has the contact id of each identity that the scan has met.

    `held` are the conversations that wait, by their identity.
    """

    database: Database
    workspace_id: str
    placed: dict[str, str] = field(default_factory=dict)
    held: dict[str, Conversation] = field(default_factory=dict)

    @classmethod
    def resumed(cls, database: Database, workspace_id: str, scan: Scan) -> "Placer":
        """With what the scan's pages so far have told."""
        held = (Conversation(**{**each, "activities": tuple(each["activities"])}) for each in scan.held)
        return cls(
            database=database,
            workspace_id=workspace_id,
            placed=dict(scan.placed),
            held={_identities_of(each)[0]: each for each in held},
        )

    def place(self, page: Sequence[Conversation]) -> Placement:
        """Find the contacts of a page, and of the held conversations of the same people."""
        told = {identity for each in page if _has_both(each) for identity in _identities_of(each)}
        released = [self.held.pop(identity) for identity in list(self.held) if identity in told]
        return self._place([*released, *page], hold=True)

    def place_held(self) -> Placement:
        """Find the contacts of all held conversations: their people have no other identity."""
        held, self.held = list(self.held.values()), {}
        return self._place(held, hold=False)

    def _place(self, conversations: Sequence[Conversation], *, hold: bool) -> Placement:
        ids = {identity for each in conversations for identity in _identities_of(each)}
        contacts = self._candidates(ids, {each.business_scoped_user_id for each in conversations})
        placed: dict[str, str] = {}
        unknown = []
        # Those with both identities come first, because they tell whose the others are.
        for each in sorted(conversations, key=lambda each: not _has_both(each)):
            try:
                contact_id = self._contact_id(each, contacts)
            except Ambiguous as error:
                unknown.append((each, error))
                continue
            if contact_id is None and hold and not _has_both(each):
                self._hold(each)
            else:
                told_by = [identity for identity in (each.phone, each.business_scoped_user_id) if identity]
                placed[each.id] = contact_id or told_by[0]
                self.placed |= dict.fromkeys(told_by, placed[each.id])
        people: dict[str, Conversation] = {}
        for each in conversations:
            if each.id in placed:
                people[placed[each.id]] = merged(people.get(placed[each.id]), each)
        return Placement(people, contacts, unknown)

    def _hold(self, conversation: Conversation) -> None:
        identity = _identities_of(conversation)[0]
        self.held[identity] = merged(self.held.get(identity), conversation)

    def contacts_of(self, phone: str | None, bsuid: str | None) -> dict[str, Item]:
        """All contacts that one of these identities leads to."""
        return self._candidates(set(_identities(phone, bsuid)), {bsuid})

    def _candidates(self, ids: Set[str], bsuids: Set[str | None]) -> dict[str, Item]:
        """The contacts that have one of the `ids`, or one of the business-scoped user ids."""
        contacts = read_contacts(self.database, self.workspace_id, ids)
        unknown = bsuids - {None, *contacts, *map(bsuid_of, contacts.values())}
        owners = {contact_id for bsuid in unknown if bsuid for contact_id in self._owners_of(bsuid)}
        return contacts | read_contacts(self.database, self.workspace_id, owners - contacts.keys())

    def _owners_of(self, bsuid: str) -> list[str]:
        # The index lags behind the table, so what this scan has just written is remembered here.
        if bsuid in self.placed:
            return [self.placed[bsuid]]
        return contact_ids_by_bsuid(self.database, self.workspace_id, bsuid)

    def _contact_id(self, conversation: Conversation, contacts: Mapping[str, Item]) -> str | None:
        """The contact that the identities lead to, or that this scan placed there; raises `Ambiguous`."""
        phone, bsuid = conversation.phone, conversation.business_scoped_user_id
        identities = _identities_of(conversation)
        candidates = {
            name: bsuid_of(item)
            for name, item in contacts.items()
            if name in identities or (bsuid and bsuid_of(item) == bsuid)
        }
        for identity in identities:
            if identity in self.placed:
                contact_id = self.placed[identity]
                candidates[contact_id] = bsuid if identity == bsuid else candidates.get(contact_id)
        return match(phone, bsuid, candidates)


def merged(one: Conversation | None, other: Conversation) -> Conversation:
    """Two conversations of a person, the newer first: its name and identities, and the times of both."""
    if one is None:
        return other
    return replace(
        one,
        activities=one.activities + other.activities,
        created_at=max(one.created_at or 0, other.created_at or 0),
        profile_name=one.profile_name or other.profile_name,
        phone=one.phone or other.phone,
        business_scoped_user_id=one.business_scoped_user_id or other.business_scoped_user_id,
    )


def _has_both(conversation: Conversation) -> bool:
    return bool(conversation.phone and conversation.business_scoped_user_id)


def bsuid_of(item: Item) -> str | None:
    value = item.get("business_scoped_user_id", {}).get("S")
    return value if isinstance(value, str) else None


def _identities_of(conversation: Conversation) -> tuple[str, ...]:
    return _identities(conversation.phone, conversation.business_scoped_user_id)


def _identities(phone: str | None, bsuid: str | None) -> tuple[str, ...]:
    """The ids under which a contact may stand: the phone in each spelling, and the business-scoped id."""
    return (*(spellings(phone) if phone else ()), *((bsuid,) if bsuid else ()))
