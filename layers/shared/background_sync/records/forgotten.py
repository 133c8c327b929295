"""People whose data was deleted on request: no repair and no late message may bring them back.

They stand in the table of contacts, in the partition `#erased#` + the workspace's id: a keyed hash of each
identity, and when the person was forgotten. Without the key, which is in SSM, a hash leads to nobody. Later
activity is a new conversation, and makes a contact like anybody's.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

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

    def covers(self, workspace_id: str, identities: Iterable[str], at: int) -> bool:
        """Whether a person was forgotten at `at` (ms) or later. The key is read only if anybody was.

        Raises:
            HashKeyUnread: somebody was, and nobody can say who.
        """
        first = self._first(workspace_id)
        if first is None:
            return False
        if first["contact_id"]["S"] == EVERYBODY and _is_until(first, at):
            return True
        try:
            key = self.tokens.get(self.tokens.prefix)
        except NoToken as error:
            raise HashKeyUnread(f"the key of forgotten people cannot be read: {error}") from None
        hashes = [identity_hash(key, workspace_id, each) for each in identities]
        found = read_contacts(self.database, erased(workspace_id), hashes, READ)
        return any(_is_until(item, at) for item in found.values())

    def _first(self, workspace_id: str) -> Item | None:
        table, key = self.database.tables.contacts, partition(erased(workspace_id))
        items = query(self.database, table, key, READ, Limit=1, ConsistentRead=True)["Items"]
        return items[0] if items else None


def _is_until(item: Item, at: int) -> bool:
    return at <= int(item["forgotten_at"]["N"])
