"""Loads workspaces, each with its token put away first."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from background_sync_ops.snapshot.documents import Token, workspace_record
from background_sync_ops.snapshot.drafts import Draft, document_of, settle
from background_sync_ops.snapshot.merge import merge_workspaces
from background_sync_ops.snapshot.reader import Line
from background_sync_ops.snapshot.report import Remark, Tally
from background_sync_ops.snapshot.store import Key, Refused, Stored, Table
from background_sync_ops.snapshot.tokens import TokenRefused, TokenStore
from background_sync_ops.snapshot.values import BadDocument

KEY = ("workspace_id",)
GUARDED = ("updated_at",)
"""What decides whose fields win: an update depends on it, beside what it changes."""


class Workspaces:
    """Loads workspaces, and knows which there are; `created` are those that this import made."""

    def __init__(self, table: Table, tokens: TokenStore, pool: ThreadPoolExecutor, tally: Tally) -> None:
        self.created: set[str] = set()
        self._seen: set[str] = set()
        self._known: set[str] = set()
        self._table = table
        self._tokens = tokens
        self._pool = pool
        self._tally = tally

    def load(self, lines: Sequence[Line]) -> None:
        """Load one batch of lines."""
        drafts = self._with_tokens(list(self._drafts(lines)))
        stored = self._table.read([self._table.key_of(draft.record) for draft in drafts])
        outcomes = self._pool.map(lambda draft: self._outcome(draft, stored), drafts)
        for draft, outcome in zip(drafts, outcomes, strict=True):
            self._note(draft.record["workspace_id"], outcome)

    def known(self, workspace_ids: Iterable[str]) -> set[str]:
        """Which of these workspaces are there, from the snapshot or in the table."""
        asked = set(workspace_ids)
        unsure = sorted(asked - self._known)
        self._known.update(key for (key,) in self._table.existing([(each,) for each in unsure]))
        return asked & self._known

    def _drafts(self, lines: Iterable[Line]) -> Iterator[tuple[Draft, Token | None]]:
        for line in lines:
            try:
                record, token = workspace_record(document_of(line))
                self._require_first(record["workspace_id"])
            except BadDocument as error:
                self._tally.refuse(line.remark(error))
            else:
                yield Draft(line, record), token

    def _require_first(self, workspace_id: str) -> None:
        if workspace_id in self._seen:
            raise BadDocument("a second document with the same _id")
        self._seen.add(workspace_id)

    def _with_tokens(self, drafts: Sequence[tuple[Draft, Token | None]]) -> list[Draft]:
        """The drafts with the names of their tokens' parameters, the tokens themselves being kept by then."""
        self._tokens.look_up(token for _, token in drafts if token is not None)
        kept = []
        for draft, token in drafts:
            try:
                if token is not None:
                    draft.record["kapso_token_parameter"] = self._tokens.keep(token)
            except TokenRefused as error:
                self._tally.refuse(draft.remark(error))
            else:
                kept.append(draft)
        return kept

    def _outcome(self, draft: Draft, stored: Mapping[Key, Stored]) -> str | Remark:
        there = stored.get(self._table.key_of(draft.record))
        try:
            return settle(self._table, draft.record, there, merge_workspaces)
        except (BadDocument, Refused) as error:
            return draft.remark(error)

    def _note(self, workspace_id: str, outcome: str | Remark) -> None:
        if isinstance(outcome, Remark):
            self._tally.refuse(outcome)
            return
        self._tally.count("workspaces", outcome)
        self._known.add(workspace_id)
        if outcome == "created":
            self.created.add(workspace_id)
