"""The contacts of a workspace, made by a rule: an engine that holds so many is slow."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from background_sync.records.contacts import BY_ACTIVITY
from background_sync.records.typed import Item, serialize
from background_sync.rules.policy import DAY_MS, MINUTE_MS
from background_sync_ops import workload as model
from background_sync_ops.units import entry, item_size

STORED = 1_000
"""As many contacts as a run selects, at most: the highest cap, and as many in reserve."""
PAGE_BYTES = 2**20


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """`count` contacts: `size` bytes of the CRM's, and the notes of `days` flags, at most `max_notes`.

    At `at`, the share `stale` of them is stale: the first ones, by id and by activity.
    """

    workspace_id: str
    at: int
    count: int
    size: int = 2048
    stale: float = 0
    days: int = 0
    max_notes: int = model.NOTES

    def contact(self, number: int) -> Item:
        item = {**model.contact(number, self.size), "workspace_id": {"S": self.workspace_id}}
        active = serialize(self._active(number))
        item |= {"last_activity_at": active, "activity_at": active}
        for day in range(self.days, 0, -1):
            item = model.flagged(item, self.at - day * DAY_MS, self.max_notes)
        return item

    def stored(self) -> Iterator[Item]:
        """Those in the engine: all of a small crowd, and of a larger one as many as a run may write."""
        needed = self.count if self.count <= STORED else int(self.count * self.stale)
        return map(self.contact, range(min(needed, STORED)))

    def page(self, query: Mapping[str, Any]) -> bytes | None:
        """DynamoDB's answer to a query, as JSON, of 1 MB at most; None if the engine has all contacts."""
        if self.count <= STORED:
            return None
        # The first time may end in zeros, which take no bytes; no contact is larger than the second.
        indexed, start, seen = "IndexName" in query, query.get("ExclusiveStartKey"), self.contact(1)
        if indexed:
            seen = entry(model.shape("ContactsTable").indexes[BY_ACTIVITY], seen)
        first = int(start["contact_id"]["S"][2:]) + 1 if start else 0
        last = min(self.count, first + PAGE_BYTES // item_size(seen))
        text = _template(_wanted(seen, query))
        items = ",".join(text % self._own(number) for number in range(first, last))
        keys = {name: seen[name] for name in ("workspace_id", "contact_id", "activity_at")[: 2 + indexed]}
        more = "" if last == self.count else f', "LastEvaluatedKey": {_template(keys) % self._own(last - 1)}'
        count = last - first
        return f'{{"Items": [{items}], "Count": {count}, "ScannedCount": {count}{more}}}'.encode()

    def _own(self, number: int) -> dict[str, Any]:
        return {"id": f"62{number:011d}", "at": self._active(number)}

    def _active(self, number: int) -> int:
        age = 60 * DAY_MS if number < self.count * self.stale else 30 * MINUTE_MS
        return self.at - age + number


def _wanted(item: Item, query: Mapping[str, Any]) -> Item:
    """What the query's projection leaves of an item."""
    names = query.get("ExpressionAttributeNames", {})
    wanted = [each.strip() for each in query.get("ProjectionExpression", ",".join(item)).split(",")]
    kept = {names.get(each, each) for each in wanted}
    return {name: value for name, value in item.items() if name in kept}


def _template(item: Item) -> str:
    """An item as JSON, with places for its id and its times."""
    text = json.dumps(item).replace(item["contact_id"]["S"], "%(id)s")
    return text.replace(item["activity_at"]["N"], "%(at)s") if "activity_at" in item else text
