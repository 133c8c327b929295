"""What a contact's own record says of its activity (times in ms since the epoch)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from background_sync.rules.drift import GRACE_MS
from background_sync.rules.policy import Policy
from background_sync.rules.rounding import whole
from background_sync.rules.verified import Confirmation

CLOSED_STATUSES = frozenset({"archived", "converted"})
LATEST_MS = 253_402_300_799_999
"""The end of the year 9999: what is beyond it is no time."""
TIME_ATTRIBUTES = ("last_activity_at", "updated_at", "created_at")
"""Where a contact's last activity is looked for, in this order."""


class InvalidRecord(ValueError):
    """A stored record that cannot be judged: a wrong type, or no time at all."""


class Standing(Enum):
    """What the rules make of a contact at one moment."""

    FRESH = "fresh"
    CLOSED = "closed"
    COOLING = "cooling"
    QUIET = "quiet"
    DUE = "due"


@dataclass(frozen=True, slots=True)
class Contact:
    """The part of a contact that the rules judge."""

    contact_id: str
    activity_at: int
    lead_status: str | None
    flagged_at: int | None
    behind_at: int | None = None
    """The newest activity that a scan of Kapso showed, and the table had not."""
    told_at: int | None = None
    """The newest such activity that a flag has told of."""

    @property
    def is_behind(self) -> bool:
        """Whether the table still has not that activity."""
        return self.behind_at is not None and self.behind_at > self.activity_at + GRACE_MS

    @property
    def is_news(self) -> bool:
        """Whether no flag has told of that activity yet."""
        return self.is_behind and (self.told_at or 0) < (self.behind_at or 0)

    def as_asked(self, confirmation: Confirmation | None, seen_at: int | None) -> "Contact":
        """The same contact by what Kapso said: without a `confirmation` nobody knows whether it is still
        behind; `seen_at` is newer activity that this invocation's scan met, if it met any."""
        if confirmation is None:
            return replace(self, behind_at=None)
        return replace(self, behind_at=max(seen_at or 0, self.behind_at or 0) or None)


def time_of(record: Mapping[str, object], attribute: str) -> int | None:
    """A time in whole ms, or None where it is absent; 0 and null count as absent.

    Raises:
        InvalidRecord: the attribute is no number, negative, or beyond the year 9999.
    """
    value = record.get(attribute)
    if value is None:
        return None
    time = whole(value)
    if time is None or not 0 <= time <= LATEST_MS:
        raise InvalidRecord(f"{attribute} is no time in ms: {value!r}")
    return time or None


def text_of(record: Mapping[str, object], attribute: str) -> str | None:
    """A text, or None where it is absent or null.

    Raises:
        InvalidRecord: the attribute is no text.
    """
    value = record.get(attribute)
    if value is not None and not isinstance(value, str):
        raise InvalidRecord(f"{attribute} is no text: {value!r}")
    return value


def readable_activity(record: Mapping[str, object]) -> int | None:
    """`last_activity_at`, else `updated_at`, else `created_at`, else None.

    Raises:
        InvalidRecord: one that comes first is no time.
    """
    times = (time_of(record, attribute) for attribute in TIME_ATTRIBUTES)
    return next((found for found in times if found is not None), None)


def last_activity(record: Mapping[str, object]) -> int:
    """The same of a record that must have one.

    Raises:
        InvalidRecord: none of the times is there, or one that comes first is no time.
    """
    found = readable_activity(record)
    if found is None:
        raise InvalidRecord("no " + ", ".join(TIME_ATTRIBUTES))
    return found


def activity_index_value(record: Mapping[str, object]) -> int:
    """The value of the index attribute `activity_at`: the last activity, 0 without a readable one."""
    try:
        return last_activity(record)
    except InvalidRecord:
        return 0


def indexed_contact(contact_id: str, entry: Mapping[str, object]) -> Contact:
    """A contact as the slim index `by_activity` shows it.

    Raises:
        InvalidRecord: it has no readable time, or an attribute of a wrong type.
    """
    activity_at = time_of(entry, "activity_at")
    if activity_at is None:
        raise InvalidRecord("no readable time")
    return _contact(contact_id, activity_at, entry)


def stored_contact(contact_id: str, record: Mapping[str, object]) -> Contact:
    """A contact as its own record shows it, whatever the index says.

    Raises:
        InvalidRecord: it has no readable time, or an attribute of a wrong type.
    """
    return _contact(contact_id, last_activity(record), record)


def _contact(contact_id: str, activity_at: int, record: Mapping[str, object]) -> Contact:
    return Contact(
        contact_id,
        activity_at,
        text_of(record, "lead_status"),
        time_of(record, "flagged_at"),
        time_of(record, "behind_at"),
        time_of(record, "told_at"),
    )


def standing(
    contact: Contact, now: int, policy: Policy, confirmation: Confirmation | None = None
) -> Standing:
    """Judge one contact at `now`; one that this very run flagged (`flagged_at` = now) is still due.

    With a `confirmation` from Kapso, quiet is not missed.
    """
    if contact.lead_status in CLOSED_STATUSES:
        return Standing.CLOSED
    if contact.activity_at >= now - policy.stale_threshold_ms:
        return Standing.FRESH
    if contact.flagged_at == now:
        return Standing.DUE
    if _is_cooling(contact, now, policy):
        return Standing.COOLING
    if confirmation is not None and confirmation.is_quiet(contact.activity_at, behind=contact.is_behind):
        return Standing.QUIET
    return Standing.DUE


def is_to_be_told(contact: Contact, now: int, policy: Policy) -> bool:
    """Whether a flag has to tell of missed activity, however fresh or closed the contact is."""
    return contact.is_news and not _is_cooling(contact, now, policy)


def _is_cooling(contact: Contact, now: int, policy: Policy) -> bool:
    return contact.flagged_at is not None and now - contact.flagged_at < policy.flag_cooldown_ms
