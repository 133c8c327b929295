"""The survey: judges every contact of a workspace by its index entry, and keeps the best candidates.

It holds one page and the candidates in memory: at most the cap, and as many again in reserve.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field
from itertools import accumulate
from typing import Any

from background_sync.clock import Deadline
from background_sync.records.contacts import index_page
from background_sync.records.database import Database
from background_sync.records.typed import Item, deserialize
from background_sync.rules.contact import (
    OWN_TIMES,
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
from background_sync.rules.times import future_times
from background_sync.rules.values import InvalidRecord
from background_sync.sync.glance import bar, glance
from background_sync.telemetry import warn

MARGIN_MS = 15_000
MAX_CANDIDATES_BYTES = 300_000
"""What candidates may take of a run's record, which DynamoDB limits to 400 KB."""
CANDIDATE_BYTES = 100
"""What a candidate takes beside its id."""
BATCH = 200
"""After so many contacts, those that are no candidates any more are told at a glance."""
COUNTED_AS = {
    Verdict.FRESH: "fresh",
    Verdict.CLOSED: "closed_leads",
    Verdict.COOLING: "in_cooldown",
    Verdict.QUIET: "confirmed_quiet",
    Verdict.DUE: "due",
}


@dataclass(frozen=True, slots=True)
class Candidate(Contact):
    """A contact that may be flagged. One that is not `stale` is flagged only to report missed activity."""

    stale: bool = True


@dataclass(frozen=True, slots=True)
class SurveyCheckpoint:
    """How far a survey has come: where it continues (None: at the end), counts, and the best candidates."""

    start: Item | None = None
    survey: Survey = Survey()  # noqa: RUF009 - frozen
    candidates: tuple[Candidate, ...] = ()

    @staticmethod
    def read(document: Mapping[str, Any] | None) -> "SurveyCheckpoint":
        """From a run's record; None is the beginning."""
        if document is None:
            return SurveyCheckpoint()
        candidates = tuple(Candidate(*each) for each in document["candidates"])
        return SurveyCheckpoint(document["start"], Survey(**document["survey"]), candidates)

    def document(self) -> dict[str, object]:
        """As JSON."""
        candidates = [list(astuple(each)) for each in self.candidates]
        return {"start": self.start, "survey": asdict(self.survey), "candidates": candidates}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyor:
    """Surveys a workspace as of `now`; contacts in `refused` come last.

    `missed_activity` is the newest Kapso activity (ms) by contact, as this run's scan found it: the index may
    not show it yet.
    """

    database: Database
    workspace_id: str
    now: int
    policy: Policy
    confirmation: Confirmation | None
    refused: frozenset[str]
    page_size: int | None = None
    missed_activity: Mapping[str, int] = field(default_factory=dict)

    def run_until_deadline(self, checkpoint: SurveyCheckpoint, deadline: Deadline) -> SurveyCheckpoint:
        """Survey until the end, or until the deadline is near."""
        while True:
            page = index_page(self.database, self.workspace_id, checkpoint.start, self.page_size)
            checkpoint = self._with_page(checkpoint, page.items, page.next_key)
            if checkpoint.start is None or deadline.within(MARGIN_MS):
                return checkpoint

    def _with_page(
        self, checkpoint: SurveyCheckpoint, items: Sequence[Item], next_key: Item | None
    ) -> SurveyCheckpoint:
        counts, candidates = asdict(checkpoint.survey), list(checkpoint.candidates)
        limit, clock_now = 2 * self.policy.max_flags_per_run, self.database.clock.now()
        counted_as = glance(
            now=self.now,
            clock_now=clock_now,
            policy=self.policy,
            confirmation=self.confirmation,
            missed=self.missed_activity,
        )
        for start in range(0, len(items), BATCH):
            hopeless, kept = bar(candidates, limit, self.refused), {each.contact_id for each in candidates}
            due = list[Candidate]()
            for item in items[start : start + BATCH]:
                if name := counted_as(item, hopeless, kept):
                    counts[name] += 1
                else:
                    due += self._judge(deserialize(item), clock_now, counts)
            if due:
                candidates = best(candidates, due, limit, self.refused)
        return SurveyCheckpoint(next_key, Survey(**counts), _fitting(candidates))

    def _judge(
        self, entry: Mapping[str, object], clock_now: int, counts: dict[str, int]
    ) -> tuple[Candidate, ...]:
        """Count a contact; returns it if it may be flagged."""
        try:
            contact = self._contact(entry, clock_now)
        except InvalidRecord as error:
            warn("unreadable contact", contact_id=entry["contact_id"], reason=str(error))
            counts["invalid"] += 1
            return ()
        if future := future_times(entry, OWN_TIMES, clock_now):
            warn("a time in the future is not used", contact_id=contact.contact_id, attributes=future)
            counts["future_times"] += 1
        verdict = judge(contact, self.now, self.policy, self.confirmation)
        counts[COUNTED_AS[verdict]] += 1
        if verdict is Verdict.DUE or needs_report(contact, self.now, self.policy):
            return (Candidate(**asdict(contact), stale=verdict is Verdict.DUE),)
        return ()

    def _contact(self, entry: Mapping[str, object], clock_now: int) -> Contact:
        contact = contact_from_index(str(entry["contact_id"]), entry, clock_now)
        return contact.with_verification(self.confirmation, self.missed_activity.get(contact.contact_id))


def _fitting(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """As many as a run's record has room for: all of them, unless ids are hundreds of bytes long."""
    sizes = accumulate(len(json.dumps(each.contact_id)) + CANDIDATE_BYTES for each in candidates)
    return tuple(each for each, size in zip(candidates, sizes, strict=True) if size <= MAX_CANDIDATES_BYTES)
