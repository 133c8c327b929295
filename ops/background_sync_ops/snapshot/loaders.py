"""Loads batches of lines into the tables.

lines -> documents -> (contacts: documents of one person merged) -> read what is stored -> write what differs
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from background_sync.rules.identity import spellings
from background_sync_ops.snapshot.documents import Reading, contact_record, has_seconds, workspace_record
from background_sync_ops.snapshot.export import Line
from background_sync_ops.snapshot.merge import (
    changes,
    is_of_another_document,
    merge_contacts,
    merge_workspaces,
)
from background_sync_ops.snapshot.report import ImportReport, Outcome
from background_sync_ops.snapshot.table import WRITE_BATCH, Conflict, Key, Stored, Table, batches
from background_sync_ops.snapshot.tokens import TokenStore
from background_sync_ops.snapshot.values import BadDocument, Record, require_storable

MAX_TRIES = 5

Merge = Callable[[Record, Record], Record]


@dataclass(frozen=True, slots=True)
class Draft:
    """A record that is to be written, and its line."""

    line: Line
    record: Record = field(repr=False)


@dataclass(frozen=True)
class _Loader:
    """What both loaders share. A line that cannot be loaded is reported, and the others go on."""

    table: Table
    pool: ThreadPoolExecutor
    report: ImportReport
    keep_secrets: bool

    def parse(
        self, lines: Iterable[Line], read: Callable[[Record], Reading]
    ) -> Iterator[tuple[Line, Reading]]:
        for line in lines:
            try:
                document = line.require_document()
                if has_seconds(document):
                    self.report.add_seconds(line.remark("times in seconds, converted to milliseconds"))
                reading = read(document)
            except BadDocument as error:
                self.report.add_bad(line.remark(error))
                continue
            for each in reading.remarks:
                self.report.add_remark(line.remark(each))
            yield line, reading

    def save(
        self, drafts: Sequence[Draft], stored: Mapping[Key, Stored], merge: Merge
    ) -> Iterator[tuple[Draft, Outcome]]:
        """Write the drafts in parallel, each merged into what is stored."""

        def save_one(draft: Draft) -> Outcome | BadDocument:
            try:
                return self._save_one(draft.record, stored.get(self.table.key_of(draft.record)), merge)
            except BadDocument as error:
                return error

        for draft, outcome in zip(drafts, self.pool.map(save_one, drafts), strict=True):
            if isinstance(outcome, BadDocument):
                self.report.add_bad(draft.line.remark(outcome))
            else:
                yield draft, outcome

    def _save_one(self, record: Record, stored: Stored | None, merge: Merge) -> Outcome:
        for _ in range(MAX_TRIES):
            try:
                return self._write(record, stored, merge)
            except Conflict:
                # Another writer was faster: merge again, into what it wrote.
                key = self.table.key_of(record)
                stored = self.table.read([key]).get(key)
        raise BadDocument(f"another writer changed it during each of {MAX_TRIES} attempts")

    def _write(self, record: Record, stored: Stored | None, merge: Merge) -> Outcome:
        if stored is None:
            self.table.create(record)
            return "created"
        merged = merge(stored.record, record)
        changed = changes(stored.record, merged)
        if not changed:
            return "unchanged"
        require_storable(merged)
        self.table.update(stored, changed)
        return "updated"


@dataclass(frozen=True)
class WorkspaceLoader(_Loader):
    """Loads workspaces, and knows which ones exist. `created` are those that this import created."""

    tokens: TokenStore
    created: set[str] = field(default_factory=set)
    _seen: set[str] = field(default_factory=set)
    _known: set[str] = field(default_factory=set)

    def load(self, lines: Iterable[Line]) -> None:
        drafts = list(self._with_tokens(list(self.parse(lines, self._read))))
        stored = self.table.read(self.table.key_of(draft.record) for draft in drafts)
        for draft, outcome in self.save(drafts, stored, merge_workspaces):
            workspace_id = draft.record["workspace_id"]
            self.report.workspaces.count(outcome)
            self._known.add(workspace_id)
            if outcome == "created":
                self.created.add(workspace_id)

    def existing(self, workspace_ids: Iterable[str]) -> set[str]:
        """Those of the workspaces that exist, from the snapshot or in the table."""
        wanted = set(workspace_ids)
        keys = [(each,) for each in sorted(wanted - self._known)]
        self._known.update(workspace_id for (workspace_id,) in self.table.existing(keys))
        return wanted & self._known

    def _read(self, document: Record) -> Reading:
        reading = workspace_record(document, keep_secrets=self.keep_secrets)
        workspace_id = reading.record["workspace_id"]
        if workspace_id in self._seen:
            raise BadDocument("an earlier line has the same _id", "_id", "text")
        self._seen.add(workspace_id)
        return reading

    def _with_tokens(self, parsed: Sequence[tuple[Line, Reading]]) -> Iterator[Draft]:
        # Tokens are stored before their workspaces: a stored workspace never names a missing parameter. They
        # are looked up first, because SSM allows only a few writes per second.
        self.tokens.look_up(reading.token for _, reading in parsed if reading.token is not None)
        for line, reading in parsed:
            try:
                if reading.token is not None:
                    reading.record["kapso_token_parameter"] = self.tokens.store(reading.token)
            except BadDocument as error:
                self.report.add_bad(line.remark(error))
            else:
                yield Draft(line, reading.record)


@dataclass(frozen=True)
class ContactLoader(_Loader):
    """Loads the contacts of workspaces that exist; `now` is the time of the import (ms)."""

    workspaces: WorkspaceLoader
    now: int

    def load(self, lines: Iterable[Line]) -> None:
        read = partial(contact_record, now=self.now, keep_secrets=self.keep_secrets)
        parsed = [Draft(line, reading.record) for line, reading in self.parse(lines, read)]
        drafts = self._one_per_person(self._under_one_spelling(list(self._of_existing_workspaces(parsed))))
        stored = self.table.read(drafts)
        # Nobody else can write contacts of a workspace that this import has just created. New ones are
        # written in batches, without a condition.
        new = {
            key: draft
            for key, draft in drafts.items()
            if key not in stored and draft.record["workspace_id"] in self.workspaces.created
        }
        rest = [draft for key, draft in drafts.items() if key not in new]
        rest += self._put(new.values())
        for draft, outcome in self.save(rest, stored, partial(merge_contacts, now=self.now)):
            there = stored.get(self.table.key_of(draft.record))
            if there is not None and is_of_another_document(there.record, draft.record):
                document_id = there.record["convex_id"]
                self.report.add_merged(draft.line.remark(f"the same person as document {document_id}"))
            else:
                self.report.contacts.count(outcome)

    def _of_existing_workspaces(self, drafts: Sequence[Draft]) -> Iterator[Draft]:
        existing = self.workspaces.existing(draft.record["workspace_id"] for draft in drafts)
        for draft in drafts:
            workspace_id = draft.record["workspace_id"]
            if workspace_id in existing:
                yield draft
            else:
                reason = "workspace_id names no workspace of the snapshot or the table"
                self.report.add_bad(draft.line.remark(BadDocument(reason, "workspace_id", "text")))

    def _under_one_spelling(self, drafts: Sequence[Draft]) -> Iterator[Draft]:
        """Contacts under the spelling of their phone that is in the table, or that came first."""
        keys = [self._spelled(draft) for draft in drafts]
        taken = self.table.existing({key for spelled in keys if len(spelled) > 1 for key in spelled})
        for draft, spelled in zip(drafts, keys, strict=True):
            key = next((each for each in spelled if each in taken), spelled[0])
            taken.add(key)
            draft.record["contact_id"] = key[1]
            yield draft

    def _spelled(self, draft: Draft) -> list[Key]:
        workspace_id, contact_id = self.table.key_of(draft.record)
        return [(workspace_id, each) for each in spellings(contact_id)]

    def _one_per_person(self, drafts: Iterable[Draft]) -> dict[Key, Draft]:
        people: dict[Key, Draft] = {}
        for draft in drafts:
            key = self.table.key_of(draft.record)
            people[key] = self._merged(people[key], draft) if key in people else draft
        return people

    def _merged(self, first: Draft, second: Draft) -> Draft:
        same_person = f"the same person as line {first.line.number}"
        try:
            record = merge_contacts(first.record, second.record, self.now)
            require_storable(record)
        except BadDocument as error:
            self.report.add_bad(second.line.remark(f"{same_person}, but merged with it: {error}"))
            return first
        self.report.add_merged(second.line.remark(same_person))
        return Draft(first.line, record)

    def _put(self, drafts: Iterable[Draft]) -> list[Draft]:
        """Write new contacts in batches. Returns those of rejected batches, to be written one by one."""

        def put(group: Sequence[Draft]) -> bool:
            try:
                self.table.put_batch([draft.record for draft in group])
            except BadDocument:
                return False
            return True

        groups = list(batches(drafts, WRITE_BATCH))
        rejected = []
        for group, was_written in zip(groups, self.pool.map(put, groups), strict=True):
            if was_written:
                self.report.contacts.created += len(group)
            else:
                rejected += group
        return rejected
