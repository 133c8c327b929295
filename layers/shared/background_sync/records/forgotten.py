"""People whose data was deleted on request: no repair and no late message may bring them back.

They stand in the table of contacts, in the partition `#erased#` + the workspace's id: a keyed hash of each
identity, and when the person was forgotten. Without the key, which is in SSM, a hash leads to nobody. Later
activity is a new conversation, and makes a contact like anybody's.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from background_sync.records.contacts import read_contacts
from background_sync.records.database import Database, partition, query
from background_sync.records.typed import Item
from background_sync.rules.identity import spellings
from background_sync.tokens import NoToken, Tokens

PREFIX = "#erased#"
EVERYBODY = "*"
"""The item of a workspace that was forgotten as a whole. It sorts before all hashes."""
READ = ("contact_id", "forgotten_at")


class HashKeyUnread(RuntimeError):
    """The key of the hashes cannot be read, so nobody knows who was forgotten."""


def erased(workspace_id: str) -> str:
    """The partition of a workspace's forgotten people."""
    return PREFIX + workspace_id


def identity_hash(key: str, workspace_id: str, identity: str) -> str:
    """The hash of a phone's digits, in any known spelling, or of a business-scoped user id."""
    text = f"{workspace_id}\n{min(spellings(identity))}"
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Knows who was forgotten. The prefix of `tokens` is the name of the key's parameter."""

    database: Database
    tokens: Tokens

    def of(self, workspace_id: str) -> "ForgottenPeople":
        return ForgottenPeople(self, workspace_id)


@dataclass
class ForgottenPeople:
    """Those of a workspace, for one piece of work. Whether there are any is read once, when it matters.

    So somebody may be forgotten meanwhile: whoever forgets waits for work that has begun.
    """

    known: Forgotten
    workspace_id: str

    def covers(self, identities: Iterable[str], at: int) -> bool:
        """Whether a person was forgotten at `at` (ms) or later. The key is read only if anybody was.

        Raises:
            HashKeyUnread: somebody was, and nobody can say who.
        """
        if self._first is None:
            return False
        if self._first["contact_id"]["S"] == EVERYBODY and _is_until(self._first, at):
            return True
        tokens, partition_key = self.known.tokens, erased(self.workspace_id)
        try:
            key = tokens.get(tokens.prefix)
        except NoToken as error:
            raise HashKeyUnread(f"the key of forgotten people cannot be read: {error}") from None
        hashes = [identity_hash(key, self.workspace_id, each) for each in identities]
        found = read_contacts(self.known.database, partition_key, hashes, READ)
        return any(_is_until(item, at) for item in found.values())

    @cached_property
    def _first(self) -> Item | None:
        database, key = self.known.database, partition(erased(self.workspace_id))
        items = query(database, database.tables.contacts, key, READ, Limit=1, ConsistentRead=True)["Items"]
        return items[0] if items else None


def _is_until(item: Item, at: int) -> bool:
    return at <= int(item["forgotten_at"]["N"])
