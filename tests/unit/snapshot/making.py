"""Records from documents as Convex exports them."""

import json
from functools import partial
from typing import Any

from background_sync_ops.snapshot import merge
from background_sync_ops.snapshot.documents import contact_record, workspace_record
from background_sync_ops.snapshot.values import Record, parse

NOW = 1_767_225_600_000


merge_contacts = partial(merge.merge_contacts, now=NOW)


def parsed(document: dict[str, Any]) -> Record:
    return parse(json.dumps(document).encode())


def contact(**fields: Any) -> Record:
    """A contact with these fields."""
    usual = {"_id": "c1", "_creationTime": NOW + 0.25, "workspace_id": "w1", "phone": "+62 811"}
    return contact_record(parsed({**usual, **fields}), NOW)


def workspace(**fields: Any) -> Record:
    """A workspace with these fields, without its token."""
    return workspace_record(parsed({"_id": "w1", "_creationTime": NOW + 0.25, **fields}))[0]
