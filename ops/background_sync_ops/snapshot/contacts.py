"""Loads contacts, a batch of lines at a time.

lines -> documents -> [merged, where two tell of one person] -> read what is there -> write what differs
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from background_sync.records.contacts import JUDGED
from background_sync_ops.snapshot.documents import contact_record
from background_sync_ops.snapshot.drafts import Draft, document_of, settle
from background_sync_ops.snapshot.merge import Unmergeable, is_of_another_document, merge_contacts
from background_sync_ops.snapshot.reader import Line
from background_sync_ops.snapshot.report import Remark, Tally
from background_sync_ops.snapshot.store import WRITE_BATCH, Key, Refused, Stored, Table, batches
from background_sync_ops.snapshot.values import BadDocument, require_storable
from background_sync_ops.snapshot.workspaces import Workspaces

KEY = ("workspace_id", "contact_id")
GUARDED = (*JUDGED, "activity_at", "convex_id", "notes")
"""What the rules and the merge judge: an update depends on it, beside what it changes."""


class Contacts:
    """Loads contacts."""

    def __init__(self, table: Table, workspaces: Workspaces, pool: ThreadPoolExecutor, tally: Tally) -> None:
        self._table = table
        self._pool = pool
        self._tally = tally
        self._workspaces = workspaces

    def load(self, lines: Sequence[Line]) -> None:
        """Load one batch of lines."""
        drafts = self._one_a_person(self._of_known_workspaces(list(self._drafts(lines))))
        stored = self._table.read(list(drafts))
        new = {key: draft for key, draft in drafts.items() if key not in stored and self._is_ours(draft)}
        rest = [draft for key, draft in drafts.items() if key not in new]
        rest += self._put(list(new.values()))
        outcomes = self._pool.map(lambda draft: self._outcome(draft, stored), rest)
        for draft, outcome in zip(rest, outcomes, strict=True):
            self._note(draft, outcome, stored.get(self._table.key_of(draft.record)))

    def _is_ours(self, draft: Draft) -> bool:
        """Whether nobody else can be at work on the contact yet."""
        return draft.record["workspace_id"] in self._workspaces.created

    def _drafts(self, lines: Iterable[Line]) -> Iterator[Draft]:
        for line in lines:
            try:
                yield Draft(line, contact_record(document_of(line)))
            except BadDocument as error:
                self._tally.refuse(line.remark(error))

    def _of_known_workspaces(self, drafts: Sequence[Draft]) -> Iterator[Draft]:
        known = self._workspaces.known(draft.record["workspace_id"] for draft in drafts)
        for draft in drafts:
            if draft.record["workspace_id"] in known:
                yield draft
            else:
                self._tally.refuse(draft.remark(f"no workspace {draft.record['workspace_id']!r}"))

    def _one_a_person(self, drafts: Iterable[Draft]) -> dict[Key, Draft]:
        people: dict[Key, Draft] = {}
        for draft in drafts:
            key = self._table.key_of(draft.record)
            people[key] = self._together(people[key], draft) if key in people else draft
        return people

    def _together(self, first: Draft, second: Draft) -> Draft:
        try:
            record = merge_contacts(first.record, second.record)
            require_storable(record)
        except BadDocument as error:
            self._tally.refuse(second.remark(f"with line {first.line.number}, the same person: {error}"))
            return first
        self._tally.merge(second.remark(f"the same person as line {first.line.number}"))
        return Draft(first.line, record)

    def _put(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Write new contacts in batches; those of a refused batch come back, to be tried one by one."""
        groups = list(batches(drafts, WRITE_BATCH))
        refused = []
        for group, was_written in zip(groups, self._pool.map(self._put_group, groups), strict=True):
            if was_written:
                self._tally.count("contacts", "created", len(group))
            else:
                refused += group
        return refused

    def _put_group(self, drafts: Sequence[Draft]) -> bool:
        try:
            self._table.put_batch([draft.record for draft in drafts])
        except Refused:
            return False
        return True

    def _outcome(self, draft: Draft, stored: Mapping[Key, Stored]) -> str | Remark:
        there = stored.get(self._table.key_of(draft.record))
        try:
            return settle(self._table, draft.record, there, merge_contacts)
        except (BadDocument, Refused, Unmergeable) as error:
            return draft.remark(error)

    def _note(self, draft: Draft, outcome: str | Remark, there: Stored | None) -> None:
        if isinstance(outcome, Remark):
            self._tally.refuse(outcome)
        elif there is not None and is_of_another_document(there.record, draft.record):
            self._tally.merge(draft.remark(f"the same person as document {there.record['convex_id']}"))
        else:
            self._tally.count("contacts", outcome)
