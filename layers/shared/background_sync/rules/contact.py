"""What the rules say about one contact at one moment (times in ms since the epoch).

Last activity, stale or not, cooldown, drift against Kapso, and which contacts a run flags first.
"""

import heapq
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from itertools import chain, takewhile
from typing import TypeVar

from background_sync.rules.policy import MINUTE_MS, Policy
from background_sync.rules.times import activity_time, own_time
from background_sync.rules.values import InvalidRecord, read_text, to_int

CLOSED_STATUSES = frozenset({"archived", "converted"})
TIME_ATTRIBUTES = ("last_activity_at", "updated_at", "created_at")
"""Where the last activity is looked for, in this order."""
OWN_TIMES = ("flagged_at", "behind_at", "reported_at")
"""The times that sync stores on a contact, and that the rules judge."""
GRACE_MS = 2 * MINUTE_MS
"""Smaller differences are not drift: the CRM stores when a webhook arrived, Kapso when the message did."""


class Verdict(Enum):
    """What the rules make of a contact at one moment."""

    FRESH = "fresh"
    CLOSED = "closed"
    COOLING = "cooling"
    QUIET = "quiet"
    DUE = "due"


class Drift(Enum):
    """How a contact's activity in the table compares with Kapso's."""

    IN_STEP = "in_step"
    BEHIND = "behind"
    MISSING = "missing"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a completed scan lets a run conclude: all activity since `verified_from` was compared."""

    verified_from: int

    def is_quiet(self, activity_at: int, *, behind: bool) -> bool:
        """Whether Kapso confirms that a contact has been quiet since `activity_at`."""
        return activity_at >= self.verified_from and not behind


@dataclass(frozen=True, slots=True)
class Contact:
    """The part of a contact that the rules judge.

    `behind_at` is the newest activity that a scan of Kapso found and the table did not have, `reported_at`
    the newest such activity that a flag has reported.
    """

    contact_id: str
    activity_at: int
    lead_status: str | None
    flagged_at: int | None
    behind_at: int | None = None
    reported_at: int | None = None

    @property
    def is_behind(self) -> bool:
        """Whether the table still lacks that activity."""
        return self.behind_at is not None and self.behind_at > self.activity_at + GRACE_MS

    @property
    def has_unreported_activity(self) -> bool:
        """Whether no flag has reported that activity yet."""
        return self.is_behind and (self.reported_at or 0) < (self.behind_at or 0)

    def with_verification(self, confirmation: Confirmation | None, missed_at: int | None) -> "Contact":
        """The same contact, judged by what Kapso said.

        Without a `confirmation` nobody knows whether it is still behind. `missed_at` is newer activity that
        the scan of this invocation found.
        """
        if confirmation is None:
            return replace(self, behind_at=None)
        return replace(self, behind_at=max(missed_at or 0, self.behind_at or 0) or None)


def readable_activity(record: Mapping[str, object], now: int) -> int | None:
    """`last_activity_at`, else `updated_at`, else `created_at`, else None.

    A time that cannot be true at `now`, by the clock, counts as missing: 0, seconds, a year to come.

    Raises:
        InvalidRecord: what comes before the first readable time is not a number.
    """
    times = (activity_time(record, attribute, now) for attribute in TIME_ATTRIBUTES)
    return next((found for found in times if found is not None), None)


def impossible_times(record: Mapping[str, object], now: int) -> list[str]:
    """The times that a readable one stood in for, because they cannot be true."""
    unread = takewhile(lambda name: activity_time(record, name, now) is None, TIME_ATTRIBUTES)
    return [name for name in unread if to_int(record.get(name))]


def last_activity(record: Mapping[str, object], now: int) -> int:
    """The last activity of a record that must have a time; raises `InvalidRecord` when it has none."""
    found = readable_activity(record, now)
    if found is None:
        raise InvalidRecord("no readable " + ", ".join(TIME_ATTRIBUTES))
    return found


def activity_index_value(record: Mapping[str, object], now: int) -> int:
    """The value of the index attribute `activity_at`: the last activity, 0 when no time is readable."""
    try:
        return last_activity(record, now)
    except InvalidRecord:
        return 0


def contact_from_index(contact_id: str, entry: Mapping[str, object], now: int) -> Contact:
    """A contact as the index `by_activity` shows it at `now`, by the clock; raises `InvalidRecord`."""
    activity_at = activity_time(entry, "activity_at", now)
    if activity_at is None:
        raise InvalidRecord("no readable time")
    return _contact(contact_id, activity_at, entry, now)


def contact_from_record(contact_id: str, record: Mapping[str, object], now: int) -> Contact:
    """A contact as its own record shows it, whatever the index says; raises `InvalidRecord`."""
    return _contact(contact_id, last_activity(record, now), record, now)


def _contact(contact_id: str, activity_at: int, record: Mapping[str, object], now: int) -> Contact:
    flagged_at, behind_at, reported_at = (own_time(record, name, now) for name in OWN_TIMES)
    lead_status = read_text(record, "lead_status")
    return Contact(contact_id, activity_at, lead_status, flagged_at, behind_at, reported_at)


def judge(contact: Contact, now: int, policy: Policy, confirmation: Confirmation | None = None) -> Verdict:
    """Judge a contact at `now`. With a `confirmation` from Kapso, a quiet contact was not missed.

    A contact that this very run flagged (`flagged_at` equals `now`) is still due, so that a repeated attempt
    counts it as its own flag.
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
    """Whether a flag must report missed activity, even if the contact is fresh or closed."""
    return contact.has_unreported_activity and not _is_cooling(contact, now, policy)


def _is_cooling(contact: Contact, now: int, policy: Policy) -> bool:
    return contact.flagged_at is not None and now - contact.flagged_at < policy.flag_cooldown_ms


def compare(table_activity: int | None, known: bool, kapso_activity: int | None, now: int) -> Drift:
    """Compare the table's last activity (None when it has none) with Kapso's, for a scan at `now`.

    `known` is whether the contact exists at all. Activity younger than the grace is left to the next scan,
    whose window overlaps this one: its webhook may still be on the way.
    """
    if kapso_activity is None or kapso_activity > now - GRACE_MS:
        return Drift.IN_STEP
    if not known:
        return Drift.MISSING
    behind_ms = kapso_activity - (table_activity or 0)
    if behind_ms > GRACE_MS:
        return Drift.BEHIND
    return Drift.AHEAD if behind_ms < -GRACE_MS else Drift.IN_STEP


Rank = tuple[bool, bool, int, int, str]
C = TypeVar("C", bound=Contact)


def rank(contact: Contact, refused: Collection[str]) -> Rank:
    """The place of a contact in the order of flagging, the smallest first.

    Unreported missed activity comes first, then the least recently flagged (never flagged before all), then
    the oldest activity. The id makes it a total order. Contacts in `refused`, which DynamoDB recently refused
    to write, come last.
    """
    return (
        contact.contact_id in refused,
        not contact.has_unreported_activity,
        -1 if contact.flagged_at is None else contact.flagged_at,
        contact.activity_at,
        contact.contact_id,
    )


def best(candidates: Iterable[C], more: Iterable[C], limit: int, refused: Collection[str]) -> list[C]:
    """The first `limit` of both by rank, in order.

    A contact that moved in the index while it was read appears twice, and counts once, as read last.
    """
    by_id = {each.contact_id: each for each in chain(candidates, more)}
    return heapq.nsmallest(limit, by_id.values(), key=lambda each: rank(each, refused))
