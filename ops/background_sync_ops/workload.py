"""What runs, audits and sweeps read and write, in capacity units: from the records that they write."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from background_sync.records.contact_notes import with_sync_notes
from background_sync.records.contacts import BY_ACTIVITY
from background_sync.records.runs import RUNNING, Run
from background_sync.records.typed import Item, serialize
from background_sync.records.workspaces import SCAN_PAGE
from background_sync.rules.counts import TOTALLED
from background_sync.rules.notes import flag_note
from background_sync.rules.policy import DAY_MS, Policy
from background_sync_ops.stack.template import read_source
from background_sync_ops.units import Shape, entry, item_size, read_units, write_units

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
AT = 1_767_229_871_353
WORKSPACE_ID = "01jh2m7x9v5s3k8n4p6q0r1t2w"
WORKSPACE_BYTES = 700
LOOK_BACK = 3
"""A run looks at its last three records, and none of them is over 1 KB."""


@dataclass(frozen=True, slots=True)
class Units:
    """Capacity units, read and written."""

    read: float = 0
    write: float = 0

    def __add__(self, other: "Units") -> "Units":
        return Units(self.read + other.read, self.write + other.write)

    def __mul__(self, times: float) -> "Units":
        return Units(self.read * times, self.write * times)


VERIFYING = Units(read=1, write=4)
"""What a run that verifies costs more, if its key is no other workspace's and nothing changed in Kapso."""
NOTES = Policy().max_sync_notes
AUDITING = Units(read=1, write=3)


@cache
def resources() -> Mapping[str, Mapping[str, Any]]:
    """The template's resources."""
    found: Mapping[str, Mapping[str, Any]] = read_source(TEMPLATE)["Resources"]
    return found


def memory(function: str) -> int:
    """MB."""
    return int(resources()[f"{function}Function"]["Properties"]["MemorySize"])


@cache
def shape(table: str) -> Shape:
    return Shape.of(resources()[table]["Properties"])


def contact(number: int, size: int, notes: int = 0) -> Item:
    """A stale contact: `size` bytes of the CRM's, and what `notes` flags, one a day, added to them."""
    active = AT - 60 * DAY_MS
    texts = {"contact_id": f"62{number:011d}", "workspace_id": WORKSPACE_ID, "lead_status": "new"}
    times = {"last_activity_at": active, "activity_at": active}
    item = {name: serialize(value) for name, value in {**texts, **times}.items()}
    item["crm"] = {"S": "x" * (size - item_size(item) - len("crm"))}
    for day in range(notes, 0, -1):
        item = flagged(item, AT - day * DAY_MS, notes)
    return item


def flagged(item: Item, at: int, max_notes: int = NOTES) -> dict[str, Any]:
    """A contact after a flag."""
    notes = with_sync_notes(item, [flag_note(int(item["activity_at"]["N"]), at)], max_notes)
    return {**item, "flagged_at": serialize(at), "notes": notes}


def slim_bytes(size: int, notes: int) -> int:
    """The size of a contact in the index that a run reads."""
    return item_size(entry(shape("ContactsTable").indexes[BY_ACTIVITY], contact(0, size, notes)))


def flag_units(size: int, notes: int) -> Units:
    """The units of one flag on a contact that has the notes of earlier ones."""
    before = contact(0, size, notes)
    written = write_units(shape("ContactsTable").indexes, before, flagged(before, AT))
    return Units(read_units(item_size(before)), written)


def run_units(index_bytes: float, candidates: int) -> Units:
    """The units of a run that surveys so much of the index and selects so many contacts, flags apart."""
    read = read_units(LOOK_BACK * item_size(closed()), consistent=True) + read_units(index_bytes)
    claimed, indexes = _claimed(), shape("SyncHealthTable").indexes
    selected = _selected(candidates) if candidates else claimed
    saved = write_units(indexes, claimed, selected) if candidates else 0
    closing = write_units(indexes, selected, closed(), times=2)
    workspace, counter = 1, 2
    return Units(read, write_units(indexes, {}, claimed) + saved + closing + workspace + counter)


def dispatch_units(workspaces: float, segments: int) -> Units:
    """The units of one dispatch: the sweep's record, its segments, and each page of workspaces."""
    pages = max(segments, workspaces / SCAN_PAGE)
    read = 2 + 2 * segments + pages * read_units(workspaces * WORKSPACE_BYTES / pages)
    return Units(read, 2 + segments + pages)


def _claimed(**more: Any) -> Item:
    ours = {"lease_owner": "0" * 32, "lease_until": AT, "started_at": AT, "time_shard": "15"}
    counts = {"status": RUNNING, "attempts": 1, "tries": 1, "expires_at": AT // 1000}
    attributes: dict[str, Any] = {**ours, **counts, **more}
    return Run(WORKSPACE_ID, AT, **attributes).serialize()


def _selected(candidates: int) -> Item:
    ids = [contact(number, 500)["contact_id"]["S"] for number in range(candidates)]
    survey = dict.fromkeys(("contacts_checked", "fresh", "closed_leads", "invalid", "stale_found"), 1000)
    selection = {"survey": survey, "cap": len(ids), "contact_ids": ids, "not_stale": []}
    return _claimed(selection=selection)


@cache
def closed() -> Item:
    """A run's record at its end."""
    counts = dict.fromkeys(TOTALLED, 0) | {"contacts_checked": 1234, "stale_found": 123, "flagged": 12}
    spent = {"finished_at": AT, "duration_ms": 1234, "read_units": 12.5, "write_units": 123}
    item = dict(_claimed(**counts, **spent))
    del item["lease_until"]
    return item
