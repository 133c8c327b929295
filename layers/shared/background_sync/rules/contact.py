"""What a contact's own record says of its activity (times in ms since the epoch)."""

import heapq
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from itertools import chain
from typing import TypeVar

from background_sync.rules.policy import MINUTE_MS, Policy
from background_sync.rules.values import InvalidRecord, read_text, read_time

CLOSED_STATUSES = frozenset({"archived", "converted"})
GRACE_MS = 2 * MINUTE_MS
"""Differences below it are not drift: the CRM notes when a webhook came, Kapso when the message did."""


TIME_ATTRIBUTES = ("last_activity_at", "updated_at", "created_at")
"""Where a contact's last activity is looked for, in this order."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a whole scan lets a run conclude: all activity since `verified_from` (ms) was compared."""

    verified_from: int

    def is_quiet(self, activity_at: int, *, behind: bool) -> bool:
        """Whether Kapso confirms that a contact has been quiet since `activity_at`.

        `behind` is whether a scan showed it as newer than the table, as far as is known.
        """
        return activity_at >= self.verified_from and not behind


class Verdict(Enum):
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
    reported_at: int | None = None
    """The newest such activity that a flag has told of."""

    @property
    def is_behind(self) -> bool:
        """Whether the table still has not that activity."""
        return self.behind_at is not None and self.behind_at > self.activity_at + GRACE_MS

    @property
    def has_unreported_activity(self) -> bool:
        """Whether no flag has told of that activity yet."""
        return self.is_behind and (self.reported_at or 0) < (self.behind_at or 0)

    def with_verification(self, confirmation: Confirmation | None, seen_at: int | None) -> "Contact":
        """The same contact by what Kapso said: without a `confirmation` nobody knows whether it is still
        behind; `seen_at` is newer activity that this invocation's scan met, if it met any."""
        if confirmation is None:
            return replace(self, behind_at=None)
        return replace(self, behind_at=max(seen_at or 0, self.behind_at or 0) or None)


def readable_activity(record: Mapping[str, object]) -> int | None:
    """`last_activity_at`, else `updated_at`, else `created_at`, else None.

    Raises:
        InvalidRecord: one that comes first is no time.
    """
    times = (read_time(record, attribute) for attribute in TIME_ATTRIBUTES)
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


def contact_from_index(contact_id: str, entry: Mapping[str, object]) -> Contact:
    """A contact as the slim index `by_activity` shows it.

    Raises:
        InvalidRecord: it has no readable time, or an attribute of a wrong type.
    """
    activity_at = read_time(entry, "activity_at")
    if activity_at is None:
        raise InvalidRecord("no readable time")
    return _contact(contact_id, activity_at, entry)


def contact_from_record(contact_id: str, record: Mapping[str, object]) -> Contact:
    """A contact as its own record shows it, whatever the index says.

    Raises:
        InvalidRecord: it has no readable time, or an attribute of a wrong type.
    """
    return _contact(contact_id, last_activity(record), record)


def _contact(contact_id: str, activity_at: int, record: Mapping[str, object]) -> Contact:
    return Contact(
        contact_id,
        activity_at,
        read_text(record, "lead_status"),
        read_time(record, "flagged_at"),
        read_time(record, "behind_at"),
        read_time(record, "reported_at"),
    )


def judge(contact: Contact, now: int, policy: Policy, confirmation: Confirmation | None = None) -> Verdict:
    """Judge one contact at `now`; one that this very run flagged (`flagged_at` = now) is still due.

    With a `confirmation` from Kapso, quiet is not missed.
    """
    if contact.lead_status in CLOSED_STATUSES:
        return Verdict.CLOSED
    if contact.activity_at >= now - policy.stale_threshold_ms:
        return Verdict.FRESH
    if contact.flagged_at == now:
        return Verdict.DUE
    if _is_cooling(contact, now, policy):
        return Verdict.COOLING
    if confirmation is not None and confirmation.is_quiet(contact.activity_at, behind=contact.is_behind):
        return Verdict.QUIET
    return Verdict.DUE


def needs_report(contact: Contact, now: int, policy: Policy) -> bool:
    """Whether a flag has to tell of missed activity, however fresh or closed the contact is."""
    return contact.has_unreported_activity and not _is_cooling(contact, now, policy)


def _is_cooling(contact: Contact, now: int, policy: Policy) -> bool:
    return contact.flagged_at is not None and now - contact.flagged_at < policy.flag_cooldown_ms


class Drift(Enum):
    """What comparing a contact with Kapso says."""

    IN_STEP = "in_step"
    BEHIND = "behind"
    MISSING = "missing"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcome; `behind_ms` is by how much the table is behind, 0 unless it is."""

    drift: Drift
    behind_ms: int = 0


def compare(table_activity: int | None, known: bool, kapso_activity: int | None, now: int) -> Comparison:
    """Compare instants (ms): the table's last activity (None: it has none that can be read) and Kapso's.

    `known` is whether the contact is there at all. Activity younger than the grace is left to the next
    comparison, whose window overlaps this one's: its webhook may still be under way.
    """
    if kapso_activity is None or kapso_activity > now - GRACE_MS:
        return Comparison(Drift.IN_STEP)
    if not known:
        return Comparison(Drift.MISSING)
    behind_ms = kapso_activity - (table_activity or 0)
    if behind_ms > GRACE_MS:
        return Comparison(Drift.BEHIND, behind_ms)
    return Comparison(Drift.AHEAD if behind_ms < -GRACE_MS else Drift.IN_STEP)


Rank = tuple[bool, bool, int, int, str]
C = TypeVar("C", bound=Contact)


def rank(contact: Contact, refused: Collection[str]) -> Rank:
    """The place in the queue, smallest first; the contact's id makes it a total order.

    One in `refused`, which the database would not write lately, comes after all.
    """
    flagged_at = -1 if contact.flagged_at is None else contact.flagged_at
    is_refused = contact.contact_id in refused
    return (
        is_refused,
        not contact.has_unreported_activity,
        flagged_at,
        contact.activity_at,
        contact.contact_id,
    )


def best(candidates: Iterable[C], more: Iterable[C], limit: int, refused: Collection[str]) -> list[C]:
    """The first `limit` of both by rank, in order; holds no more than that at a time.

    A contact that moved in the index while it was read stands there twice, and counts once, as met last.
    """
    met = {each.contact_id: each for each in chain(candidates, more)}
    return heapq.nsmallest(limit, met.values(), key=lambda each: rank(each, refused))
