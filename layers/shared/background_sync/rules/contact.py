"""What a contact's own record says of its activity (times in ms since the epoch)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from background_sync.rules.policy import Policy

CLOSED_STATUSES = frozenset({"archived", "converted"})
TIME_ATTRIBUTES = ("last_activity_at", "updated_at", "created_at")
"""Where a contact's last activity is looked for, in this order."""


class InvalidRecord(ValueError):
    """A stored record that cannot be judged: a wrong type, or no time at all."""


class Standing(Enum):
    """What the rules make of a contact at one moment."""

    FRESH = "fresh"
    CLOSED = "closed"
    COOLING = "cooling"
    DUE = "due"


@dataclass(frozen=True, slots=True)
class Contact:
    """The part of a contact that the rules judge."""

    contact_id: str
    activity_at: int
    lead_status: str | None
    flagged_at: int | None


def time_of(record: Mapping[str, object], attribute: str) -> int | None:
    """A time in whole ms, or None where it is absent; 0 and null count as absent.

    Raises:
        InvalidRecord: the attribute is no number, or negative.
    """
    value = record.get(attribute)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or value < 0:
        raise InvalidRecord(f"{attribute} is no time in ms: {value!r}")
    return int(value) or None


def text_of(record: Mapping[str, object], attribute: str) -> str | None:
    """A text, or None where it is absent or null.

    Raises:
        InvalidRecord: the attribute is no text.
    """
    value = record.get(attribute)
    if value is not None and not isinstance(value, str):
        raise InvalidRecord(f"{attribute} is no text: {value!r}")
    return value


def last_activity(record: Mapping[str, object]) -> int:
    """`last_activity_at`, else `updated_at`, else `created_at`.

    Raises:
        InvalidRecord: none of them is there, or one that comes first is no time.
    """
    for attribute in TIME_ATTRIBUTES:
        found = time_of(record, attribute)
        if found is not None:
            return found
    raise InvalidRecord("no " + ", ".join(TIME_ATTRIBUTES))


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
    return Contact(contact_id, activity_at, text_of(entry, "lead_status"), time_of(entry, "flagged_at"))


def stored_contact(contact_id: str, record: Mapping[str, object]) -> Contact:
    """A contact as its own record shows it, whatever the index says.

    Raises:
        InvalidRecord: it has no readable time, or an attribute of a wrong type.
    """
    return Contact(
        contact_id, last_activity(record), text_of(record, "lead_status"), time_of(record, "flagged_at")
    )


def standing(contact: Contact, now: int, policy: Policy) -> Standing:
    """Judge one contact at `now`; a contact that this very run flagged (`flagged_at` = now) is still due."""
    if contact.lead_status in CLOSED_STATUSES:
        return Standing.CLOSED
    if contact.activity_at >= now - policy.stale_threshold_ms:
        return Standing.FRESH
    if contact.flagged_at not in (None, now) and now - contact.flagged_at < policy.flag_cooldown_ms:
        return Standing.COOLING
    return Standing.DUE
