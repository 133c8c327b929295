"""The survey: every contact of a workspace by its slim index entry, counted, and the best candidates kept.

It holds one page and the candidates: at most the cap, and as many in reserve.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field
from itertools import accumulate
from typing import Any

from background_sync.clock import Deadline
from background_sync.records.contacts import index_page
from background_sync.records.database import Database, Item
from background_sync.rules.contact import (
    Confirmation,
    Contact,
    Verdict,
    best,
    contact_from_index,
    judge,
    needs_report,
)
from background_sync.rules.counts import Survey
from background_sync.rules.policy import Policy
from background_sync.rules.values import InvalidRecord
from background_sync.telemetry import logger

MARGIN_MS = 15_000
MAX_PLACE_BYTES = 300_000
ENTRY_BYTES = 100
"""Of a candidate in a run's record, beside its id."""
COUNTED_AS = {
    Verdict.FRESH: "fresh",
    Verdict.CLOSED: "closed_leads",
    Verdict.COOLING: "in_cooldown",
    Verdict.QUIET: "confirmed_quiet",
    Verdict.DUE: "due",
}


@dataclass(frozen=True, slots=True)
class Candidate(Contact):
    """A contact that may be flagged; one that is not `stale` is to be told of missed activity alone."""

    stale: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """How far a survey has come: where it goes on, its counts, and the best candidates so far."""

    start: Item | None = None
    survey: Survey = Survey()  # noqa: RUF009 - frozen
    candidates: tuple[Candidate, ...] = ()

    @staticmethod
    def read(document: Mapping[str, Any] | None) -> "Place":
        """From a record; None is the beginning."""
        if document is None:
            return Place()
        candidates = tuple(Candidate(*each) for each in document["candidates"])
        return Place(document["start"], Survey(**document["survey"]), candidates)

    def document(self) -> dict[str, object]:
        """As a record keeps it."""
        candidates = [list(astuple(each)) for each in self.candidates]
        return {"start": self.start, "survey": asdict(self.survey), "candidates": candidates}


@dataclass(frozen=True, slots=True)
class Surveyor:
    """Surveys a workspace at `now`; contacts in `refused` come last.

    `missed_activity` is the newest Kapso activity (ms) by contact, as this scan found it: the index may lag.
    """

    database: Database
    workspace_id: str
    now: int
    policy: Policy
    confirmation: Confirmation | None
    refused: frozenset[str]
    page_size: int | None = None
    missed_activity: Mapping[str, int] = field(default_factory=dict)

    def run_until_deadline(self, place: Place, deadline: Deadline) -> Place:
        """Survey from `place` until the end, where `start` is None, or until the deadline is near."""
        while True:
            page = index_page(self.database, self.workspace_id, place.start, self.page_size)
            place = self._with_page(place, page.entries, page.next_key)
            if place.start is None or deadline.within(MARGIN_MS):
                return place

    def _with_page(
        self, place: Place, entries: Iterable[Mapping[str, object]], next_key: Item | None
    ) -> Place:
        survey, due = self._judge(entries)
        limit = 2 * self.policy.max_flags_per_run
        candidates = best(place.candidates, due, limit, self.refused)
        return Place(next_key, place.survey + survey, _fitting(candidates))

    def _judge(self, entries: Iterable[Mapping[str, object]]) -> tuple[Survey, list[Candidate]]:
        counts = dict.fromkeys(asdict(Survey()), 0)
        due: list[Candidate] = []
        for entry in entries:
            try:
                contact = self._contact(entry)
            except InvalidRecord as error:
                logger.warning("unreadable contact", contact_id=entry["contact_id"], reason=str(error))
                counts["invalid"] += 1
                continue
            verdict = judge(contact, self.now, self.policy, self.confirmation)
            counts[COUNTED_AS[verdict]] += 1
            told = needs_report(contact, self.now, self.policy)
            if verdict is Verdict.DUE or told:
                due.append(Candidate(**asdict(contact), stale=verdict is Verdict.DUE))
        return Survey(**counts), due

    def _contact(self, entry: Mapping[str, object]) -> Contact:
        contact = contact_from_index(str(entry["contact_id"]), entry)
        return contact.with_verification(self.confirmation, self.missed_activity.get(contact.contact_id))


def _fitting(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """As many as a run's record has room for: all but for ids of hundreds of bytes."""
    sizes = accumulate(len(json.dumps(each.contact_id)) + ENTRY_BYTES for each in candidates)
    return tuple(each for each, size in zip(candidates, sizes, strict=True) if size <= MAX_PLACE_BYTES)
