"""What was really missed, from Kapso's messages and the table alone, and what a sweep changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from background_sync.rules.contact import GRACE_MS, Verdict, contact_from_record, judge, readable_activity
from background_sync.rules.policy import Policy
from background_sync.rules.values import InvalidRecord

Contacts = Mapping[str, Mapping[str, Any]]
"""Contacts by id."""


@dataclass(frozen=True, slots=True)
class Missed:
    """Ids of contacts whose newest message the CRM missed, and of people who are not in the CRM."""

    behind: frozenset[str]
    missing: frozenset[str]

    @property
    def all(self) -> frozenset[str]:
        return self.behind | self.missing


def find_missed(in_kapso: Mapping[str, int], in_crm: Mapping[str, int]) -> Missed:
    """Compare the last activity (ms) of each contact id in Kapso and in the CRM."""
    known = in_kapso.keys() & in_crm.keys()
    return Missed(
        behind=frozenset(each for each in known if in_kapso[each] - in_crm[each] > GRACE_MS),
        missing=frozenset(in_kapso.keys() - in_crm.keys()),
    )


def activities(contacts: Contacts, now: int) -> dict[str, int]:
    """The last activity (ms) of each contact in the table."""
    return {contact_id: readable_activity(record, now) or 0 for contact_id, record in contacts.items()}


@dataclass(frozen=True, slots=True)
class SweepEffect:
    """A workspace's contacts before and after the sweep at `run_at` (ms)."""

    run_at: int
    before: Contacts
    after: Contacts

    @property
    def found(self) -> frozenset[str]:
        """Contacts that the sweep repaired, created or flagged."""
        return frozenset(
            contact_id
            for contact_id, record in self.after.items()
            if self.run_at in (record.get("repaired_at"), record.get("flagged_at"))
        )

    @property
    def changed(self) -> frozenset[str]:
        """Contacts with any difference between before and after."""
        ids = self.before.keys() | self.after.keys()
        return frozenset(each for each in ids if self.before.get(each) != self.after.get(each))

    def left_behind(self, in_kapso: Mapping[str, int]) -> frozenset[str]:
        """Contacts that still differ from Kapso after the sweep."""
        return find_missed(in_kapso, activities(self.after, self.run_at)).all


def stale_by_plain_rule(contacts: Contacts, now: int) -> frozenset[str]:
    """Contacts that a sweep without verification flags: quiet for longer than the threshold."""
    return frozenset(
        contact_id for contact_id, record in contacts.items() if _is_due(contact_id, record, now)
    )


def _is_due(contact_id: str, record: Mapping[str, object], now: int) -> bool:
    try:
        return judge(contact_from_record(contact_id, record, now), now, Policy()) is Verdict.DUE
    except InvalidRecord:
        return False
