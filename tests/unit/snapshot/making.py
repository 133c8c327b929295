"""Documents as Convex exports them."""

import json
from typing import Any

from background_sync_ops.snapshot.documents import contact_record, workspace_record
from background_sync_ops.snapshot.values import Record, parse

NOW = 1_767_225_600_000


def parsed(document: dict[str, Any]) -> Record:
    """A document as the reader gives it."""
    return parse(json.dumps(document).encode())


def contact(**fields: Any) -> Record:
    """A contact's record from a document with these fields, None for one that is left out."""
    document = {
        "_id": "c1",
        "_creationTime": NOW + 0.25,
        "workspace_id": "w1",
        "phone": "+62 811",
        **fields,
    }
    return contact_record(parsed(document))


def workspace(**fields: Any) -> Record:
    """A workspace's record likewise, without its token."""
    return workspace_record(parsed({"_id": "w1", "_creationTime": NOW + 0.25, **fields}))[0]
