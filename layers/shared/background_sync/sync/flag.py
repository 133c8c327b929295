"""Flagging the contacts that a run selected: each one is read, judged and written by itself."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile
from typing import Any

from background_sync.clock import Deadline
from background_sync.records.contact_notes import Unwritable, was_reported
from background_sync.records.contacts import (
    FLAGGED_BY,
    Conflict,
    read_contact,
    read_contacts,
    write_flag,
)
from background_sync.records.database import Database
from background_sync.records.typed import Item, deserialize, deserialize_value
from background_sync.rules.contact import (
    Confirmation,
    Contact,
    Verdict,
    contact_from_record,
    judge,
    needs_report,
)
from background_sync.rules.counts import FLAGGED, FLAGS, REPORTED, Flagging
from background_sync.rules.notes import Note, flag_note, missed_note
from background_sync.rules.policy import Policy
from background_sync.rules.values import InvalidRecord
from background_sync.telemetry import warn

MARGIN_MS = 10_000
MAX_TRIES = 5
MAX_THREADS = 8
READ_AHEAD = 25
"""Contacts that are read in one request: their notes may be 400 KB each."""
NOT_FLAGGED = {Verdict.COOLING: "in_cooldown", Verdict.QUIET: "confirmed_quiet"}
"""The outcome of a selected contact that is no longer due. One that is fresh or closed is a lost race."""


@dataclass(frozen=True, slots=True)
class FlagProgress:
    """How many selected contacts are done, their counts, and the contacts that DynamoDB refused."""

    position: int = 0
    flagging: Flagging = Flagging()  # noqa: RUF009 - frozen
    refused: tuple[str, ...] = ()

    def past(self, contact_id: str, outcome: str | None, *, stale: bool) -> "FlagProgress":
        """After one more contact; None is the outcome of a contact that was left alone."""
        refused = (*self.refused, contact_id) if outcome == "unwritable" else self.refused
        flagging = self.flagging if outcome is None else self.flagging.after(outcome, stale=stale)
        return FlagProgress(self.position + 1, flagging, refused)

    @staticmethod
    def read(document: Mapping[str, Any] | None) -> "FlagProgress":
        """From a run's record; None is the beginning."""
        if document is None:
            return FlagProgress()
        flagging, refused = Flagging(**document["flagging"]), tuple(document["refused"])
        return FlagProgress(document["position"], flagging, refused)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagger:
    """Flags the contacts of `selected` in order as of `now`, at most `cap` of them.

    The contacts at the positions `not_stale` are flagged only to report missed activity. `missed_activity` is
    the newest Kapso activity (ms) by contact, as this run's scan found it: some contacts could not be marked.
    """

    database: Database
    workspace_id: str
    now: int
    policy: Policy
    confirmation: Confirmation | None
    selected: Sequence[str]
    not_stale: frozenset[int]
    cap: int
    missed_activity: Mapping[str, int] = field(default_factory=dict)

    def run_until_deadline(
        self, progress: FlagProgress, deadline: Deadline, *, repeated: bool
    ) -> tuple[FlagProgress, bool]:
        """Flag until the cap is reached; returns whether that was possible before the deadline.

        A contact that another writer changed, or that DynamoDB refuses, gives its place to the next one. A
        `repeated` attempt first looks for the flags of earlier attempts and counts them as its own, because
        the cap holds over all attempts.
        """
        rest = self.selected[progress.position :]
        outcomes = self._flagged_before(rest) if repeated else {}
        begun = False
        with ThreadPoolExecutor(MAX_THREADS) as pool:
            while chunk := self._next(progress, rest, outcomes):
                read = self._read_ahead(chunk)
                for start in range(0, len(chunk), MAX_THREADS):
                    if begun and deadline.within(MARGIN_MS):
                        return self._after(progress, takewhile(outcomes.__contains__, rest), outcomes), False
                    outcomes |= self._flag_all(pool, chunk[start : start + MAX_THREADS], read)
                    begun = True
        return self._after(progress, rest, outcomes), True

    def _next(
        self, progress: FlagProgress, rest: Sequence[str], outcomes: Mapping[str, str]
    ) -> Sequence[str]:
        """The next contacts: as many as the cap has room for, so that it holds whatever becomes of each."""
        room = self.cap - progress.flagging.flags - sum(each in FLAGS for each in outcomes.values())
        return [each for each in rest if each not in outcomes][: max(0, min(room, READ_AHEAD))]

    def _after(
        self, progress: FlagProgress, contact_ids: Iterable[str], outcomes: Mapping[str, str]
    ) -> FlagProgress:
        for each in contact_ids:
            stale = progress.position not in self.not_stale
            progress = progress.past(each, outcomes.get(each), stale=stale)
        return progress

    def _flag_all(
        self, pool: Executor, contact_ids: Sequence[str], read: Mapping[str, Item]
    ) -> dict[str, str]:
        """Flag contacts at the same time; returns their outcomes."""
        # Each thread counts its warnings with those of the run.
        calls = [partial(copy_context().run, self._flag, each, read.get(each)) for each in contact_ids]
        return dict(zip(contact_ids, pool.map(lambda call: call(), calls), strict=True))

    def counts_so_far(self, progress: FlagProgress) -> Flagging:
        """The counts of earlier attempts: those that were saved, and the flags written since."""
        done, flagging = self._flagged_before(self.selected[progress.position :]), progress.flagging
        for position, contact_id in enumerate(self.selected):
            if contact_id in done:
                flagging = flagging.after(done[contact_id], stale=position not in self.not_stale)
        return flagging

    def _flagged_before(self, contact_ids: Sequence[str]) -> dict[str, str]:
        read = read_contacts(self.database, self.workspace_id, contact_ids)
        return {each: self._kind_of_flag(each) for each, item in read.items() if self._is_ours(item)}

    def _kind_of_flag(self, contact_id: str) -> str:
        # Only the notes say it. They are read one contact at a time, because they may be large.
        read = read_contact(self.database, self.workspace_id, contact_id) or {}
        return self._kind(read)

    def _kind(self, read: Item) -> str:
        return REPORTED if was_reported(read, self.now) else FLAGGED

    def _read_ahead(self, contact_ids: Sequence[str]) -> dict[str, Item]:
        """Contacts as they are, or were a moment ago: each write is conditional on all that was read."""
        return read_contacts(self.database, self.workspace_id, contact_ids, FLAGGED_BY, consistent=False)

    def _flag(self, contact_id: str, ahead: Item | None) -> str:
        """Judge and write what was read; on a conflict read again. Returns the contact's outcome."""
        for _ in range(MAX_TRIES):
            read, ahead = ahead or read_contact(self.database, self.workspace_id, contact_id), None
            if read is None:
                break
            if self._is_ours(read):
                return self._kind(read)
            try:
                return self._judge_and_write(contact_id, read)
            except Conflict:
                continue
        return "lost_race"

    def _is_ours(self, read: Item) -> bool:
        return deserialize_value(read, "flagged_at") == self.now

    def _judge_and_write(self, contact_id: str, read: Item) -> str:
        judged = {name: value for name, value in read.items() if name != "notes"}
        try:
            contact = contact_from_record(contact_id, deserialize(judged), self.database.clock.now())
            contact = contact.with_verification(self.confirmation, self.missed_activity.get(contact_id))
            verdict = judge(contact, self.now, self.policy, self.confirmation)
            if verdict is not Verdict.DUE and not needs_report(contact, self.now, self.policy):
                return NOT_FLAGGED.get(verdict, "lost_race")
            outcome, note = self._note(contact)
            write_flag(self.database, self.workspace_id, read, note, self.policy.max_sync_notes)
        except InvalidRecord as error:
            warn("unreadable contact", contact_id=contact_id, reason=str(error))
            return "invalid"
        except Unwritable as error:
            warn("unwritable contact", contact_id=contact_id, reason=str(error))
            return "unwritable"
        return outcome

    def _note(self, contact: Contact) -> tuple[str, Note]:
        if contact.is_behind:
            return REPORTED, missed_note(contact.behind_at or 0, self.now)
        return FLAGGED, flag_note(contact.activity_at, self.now)
