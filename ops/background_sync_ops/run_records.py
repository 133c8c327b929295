"""The records of a workspace's runs, audits and backfills, and whom they name."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path

from background_sync.records.database import Database, update_item_if
from background_sync.records.runs import PackedAttribute, audit_key, backfill_key
from background_sync.records.typed import Item
from background_sync_ops.stored import items_of

KEYS = ("workspace_id", "run_at")
LEASE = ("lease_owner", "lease_until")
STARTED_OVER = frozenset({"checkpoint", "scan"})
"""What is removed as a whole: the job begins that part again, and counts what it did before as its own."""
JSON = STARTED_OVER | {"selection", "progress", "verification"}
GONE = "#forgotten"
"""What stands in a person's place. No contact has such an id, so a run finds nobody there, and goes on."""
POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class RunRecords:
    """All of them of one workspace."""

    database: Database
    workspace_id: str

    def items(self) -> Iterator[Item]:
        table = self.database.tables.sync_health
        for key in (self.workspace_id, audit_key(self.workspace_id), backfill_key(self.workspace_id)):
            yield from items_of(self.database, table, key)

    def settle(self, identities: Collection[str] = ()) -> int:
        """Wait for the work that is under way, and remove what is saved of these people.

        Returns the number of records that were changed.
        """
        return sum(self._settle(item, identities) for item in self.items())

    def _settle(self, read: Item | None, identities: Collection[str]) -> bool:
        while read is not None:
            changes = without(read, identities)
            # Whoever has the lease has a copy in memory, and would save it again.
            if self._is_leased(read):
                self.database.clock.sleep(POLL_S)
            elif not changes or self._change(read, changes):
                return bool(changes)
            read = self._read_again(read)
        return False

    def _is_leased(self, read: Item) -> bool:
        return "lease_until" in read and int(read["lease_until"]["N"]) > self.database.clock.now()

    def _read_again(self, read: Item) -> Item | None:
        answer = self.database.client.get_item(
            TableName=self.database.tables.sync_health, Key=_key(read), ConsistentRead=True
        )
        return answer.get("Item")

    def _change(self, read: Item, changes: Mapping[str, str | None]) -> bool:
        """False if somebody else changed it meanwhile."""
        actions = [
            Path(name).remove() if text is None else Path(name).set({"S": text})
            for name, text in changes.items()
        ]
        unchanged: Condition = Path("run_at").exists()
        for name in (*LEASE, *changes):
            unchanged &= Path(name) == read[name] if name in read else Path(name).does_not_exist()
        table = self.database.tables.sync_health
        return update_item_if(self.database, table, _key(read), actions, unchanged) is not None


def without(read: Item, identities: Collection[str]) -> dict[str, str | None]:
    """What a record's attributes are to be, so that they name none of these people; None: removed."""
    quoted = {json.dumps(each) for each in identities}
    words = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(identities)))})(?!\w)")
    changes: dict[str, str | None] = {}
    for name, value in read.items():
        text = value.get("S")
        if text is None or name in KEYS or not identities:
            continue
        if name not in JSON:
            cleaned: str | None = words.sub(GONE, text)
        elif name in STARTED_OVER:
            saved = json.dumps(PackedAttribute().deserialize(text))
            cleaned = None if any(each in saved for each in quoted) else text
        else:
            cleaned = text
            for each in quoted:
                cleaned = cleaned.replace(each, json.dumps(GONE))
        if cleaned != text:
            changes[name] = cleaned
    return changes


def _key(read: Item) -> Item:
    return {name: read[name] for name in KEYS}
