"""A workspace's contacts, and what the rules say of each at one moment."""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from background_sync.records.database import Database
from background_sync.records.typed import deserialize
from background_sync.rules.contact import Verdict, contact_from_record, judge, last_activity
from background_sync.rules.policy import Policy
from background_sync.rules.times import remembered_time
from background_sync.rules.values import InvalidRecord
from background_sync_ops.stored import items_of

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
Document = dict[str, Any]


def contact_records(database: Database, workspace_id: str) -> Iterator[Mapping[str, object]]:
    """Every contact with all its attributes, from the table itself: the index may not show all contacts."""
    yield from map(deserialize, items_of(database, database.tables.contacts, workspace_id))


@dataclass(frozen=True)
class Judge:
    """Judges contacts at `now` (ms) by a workspace's policy."""

    now: int
    policy: Policy

    def document(self, record: Mapping[str, object]) -> Document:
        """A contact with its verdict: fresh, closed, cooling, due or unreadable.

        `last_activity` (ms) is null if no time can be read, `cooldown_until` (ms) if no cooldown is active.
        """
        verdict, error = self._verdict(record)
        return {
            "contact_id": record["contact_id"],
            **{name: record.get(name) for name in PASSED_ON},
            "last_activity": last_activity_or_none(record, self.now),
            "stale": verdict in STALE,
            "verdict": UNREADABLE if verdict is None else verdict.value,
            "unreadable_because": error,
            "cooldown_until": self._cooldown_end(record),
            "notes": record.get("notes") or [],
        }

    def _verdict(self, record: Mapping[str, object]) -> tuple[Verdict | None, str | None]:
        try:
            contact = contact_from_record(str(record["contact_id"]), record, self.now)
        except InvalidRecord as error:
            return None, str(error)
        return judge(contact, self.now, self.policy), None

    def _cooldown_end(self, record: Mapping[str, object]) -> int | None:
        flagged_at = remembered_time(record, "flagged_at", self.now)
        end = 0 if flagged_at is None else flagged_at + self.policy.flag_cooldown_ms
        return end if end > self.now else None


def last_activity_or_none(record: Mapping[str, object], now: int) -> int | None:
    try:
        return last_activity(record, now)
    except InvalidRecord:
        return None


@dataclass
class ContactList:
    """The contacts to show, the longest quiet first. `total` and `stale` count all contacts."""

    workspace_id: str
    judge: Judge
    contacts: list[Document] = field(default_factory=list)
    total: int = 0
    stale: int = 0

    def read(self, database: Database, limit: int | None, *, only_stale: bool) -> None:
        """Read all contacts, and keep at most `limit`."""
        wanted = (each for each in self._counted(database) if each["stale"] or not only_stale)
        if limit is None:
            self.contacts = sorted(wanted, key=_longest_quiet_first)
        else:
            self.contacts = heapq.nsmallest(limit, wanted, _longest_quiet_first)

    def _counted(self, database: Database) -> Iterator[Document]:
        for record in contact_records(database, self.workspace_id):
            document = self.judge.document(record)
            self.total += 1
            self.stale += document["stale"]
            yield document

    def document(self) -> Document:
        counts = {"now": self.judge.now, "total": self.total, "stale": self.stale}
        return {"workspace_id": self.workspace_id, **counts, "contacts": self.contacts}


def _longest_quiet_first(document: Document) -> tuple[int, str]:
    return document["last_activity"] or 0, document["contact_id"]
