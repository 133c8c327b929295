"""What was really missed, known from what was said and heard alone; and what a sweep is worth against it."""

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
    """Contacts whose newest message the CRM never heard of, and people of whom it never heard at all."""

    behind: frozenset[str]
    missing: frozenset[str]

    @property
    def everybody(self) -> frozenset[str]:
        """All of them."""
        return self.behind | self.missing


def missed(said: Mapping[str, int], heard: Mapping[str, int]) -> Missed:
    """Compare the newest message of each (ms) with the newest that was heard."""
    return Missed(
        frozenset(who for who in said if who in heard and said[who] - heard[who] > GRACE_MS),
        frozenset(said.keys() - heard.keys()),
    )


@dataclass(frozen=True, slots=True)
class Effect:
    """What a sweep at `run_at` (ms) did to a workspace's contacts, by what was there before and after it."""

    run_at: int
    before: Contacts
    after: Contacts

    @property
    def found(self) -> frozenset[str]:
        """Who was repaired, created or flagged."""
        return self._stamped("repaired_at") | self._stamped("flagged_at")

    @property
    def touched(self) -> frozenset[str]:
        """Whose record is not as it was."""
        everybody = self.before.keys() | self.after.keys()
        return frozenset(who for who in everybody if self.before.get(who) != self.after.get(who))

    def left_behind(self, said: Mapping[str, int]) -> frozenset[str]:
        """Who still does not stand where Kapso has them."""
        known = {who: readable_activity(record) or 0 for who, record in self.after.items()}
        return missed(said, known).everybody

    def _stamped(self, attribute: str) -> frozenset[str]:
        return frozenset(who for who, record in self.after.items() if record.get(attribute) == self.run_at)


def plainly_stale(contacts: Contacts, now: int) -> frozenset[str]:
    """Whom the plain rule alone flags: quiet for longer than the threshold, whatever the reason."""
    return frozenset(who for who, record in contacts.items() if _is_due(who, record, now))


def _is_due(who: str, record: Mapping[str, object], now: int) -> bool:
    try:
        return judge(contact_from_record(who, record), now, Policy()) is Verdict.DUE
    except InvalidRecord:
        return False
