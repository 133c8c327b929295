"""A workspace's contacts as the rules judge them at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from background_sync.rules.contact import Verdict, contact_from_record, judge, last_activity
from background_sync.rules.policy import Policy
from background_sync.rules.values import InvalidRecord

Document = dict[str, Any]
STALE = frozenset({Verdict.COOLING, Verdict.DUE})
UNREADABLE = "unreadable"
PASSED_ON = (
    "name",
    "kapso_name",
    "phone",
    "lead_status",
    "last_activity_at",
    "updated_at",
    "created_at",
    "activity_at",
    "flagged_at",
)


@dataclass(frozen=True)
class Judge:
    """Judges at `now` (ms), by a workspace's policy."""

    now: int
    policy: Policy

    def document(self, record: Mapping[str, object]) -> Document:
        """A contact with what the rules say of it.

        `verdict` is fresh, closed, cooling, due or unreadable; `last_activity` (ms) is null where no time
        can be read, `cooldown_until` (ms) where no cooldown is on.
        """
        found, reason = self._standing(record)
        return {
            "contact_id": record["contact_id"],
            **{name: record.get(name) for name in PASSED_ON},
            "last_activity": _last_activity(record),
            "stale": found in STALE,
            "verdict": UNREADABLE if found is None else found.value,
            "unreadable_because": reason,
            "cooldown_until": self._cooldown_end(record.get("flagged_at")),
            "notes": record.get("notes") or [],
        }

    def _standing(self, record: Mapping[str, object]) -> tuple[Verdict | None, str | None]:
        try:
            contact = contact_from_record(str(record["contact_id"]), record)
        except InvalidRecord as error:
            return None, str(error)
        return judge(contact, self.now, self.policy), None

    def _cooldown_end(self, flagged_at: object) -> int | None:
        if not isinstance(flagged_at, Decimal) or flagged_at <= 0:
            return None
        end = int(flagged_at) + self.policy.flag_cooldown_ms
        return end if end > self.now else None


def _last_activity(record: Mapping[str, object]) -> int | None:
    try:
        return last_activity(record)
    except InvalidRecord:
        return None
