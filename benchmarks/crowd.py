"""The contacts of a workspace, made by a rule: an engine that holds a hundred thousand takes seconds for a page."""

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
KEYS = '"workspace_id": {"S": "%(workspace)s"}, "contact_id": {"S": "%(id)s"}'


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

    def page(self, query: Mapping[str, Any]) -> str | None:
        """DynamoDB's answer to a query, as JSON, of 1 MB at most; None if the engine has all contacts."""
        if self.count <= STORED:
            return None
        indexed, start = "IndexName" in query, query.get("ExclusiveStartKey")
        first = int(start["contact_id"]["S"][2:]) + 1 if start else 0
        last = min(self.count, first + PAGE_BYTES // item_size(self._seen(indexed=indexed)))
        text = self._template(query)
        items = ",".join(text % self._own(number) for number in range(first, last))
        key = KEYS + (', "activity_at": {"N": "%(at)s"}' if indexed else "")
        more = "" if last == self.count else f', "LastEvaluatedKey": {{{key % self._own(last - 1)}}}'
        return f'{{"Items": [{items}], "Count": {last - first}, "ScannedCount": {last - first}{more}}}'

    def _seen(self, *, indexed: bool) -> Item:
        whole = self.contact(0)
        return entry(model.shape("ContactsTable").indexes[BY_ACTIVITY], whole) if indexed else whole

    def _template(self, query: Mapping[str, Any]) -> str:
        """An item as the query asks for it, as JSON with places for what is its own."""
        names, item = query.get("ExpressionAttributeNames", {}), self._seen(indexed="IndexName" in query)
        if wanted := query.get("ProjectionExpression"):
            kept = {names.get(each.strip(), each.strip()) for each in wanted.split(",")}
            item = {name: value for name, value in item.items() if name in kept}
        text = json.dumps(item).replace(item["contact_id"]["S"], "%(id)s")
        return text.replace(item["activity_at"]["N"], "%(at)s")

    def _own(self, number: int) -> dict[str, Any]:
        return {"id": f"62{number:011d}", "at": self._active(number), "workspace": self.workspace_id}

    def _active(self, number: int) -> int:
        age = 60 * DAY_MS if number < self.count * self.stale else 30 * MINUTE_MS
        return self.at - age + number
