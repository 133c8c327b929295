"""Exports as Convex writes them, and records from their documents."""

import json
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from background_sync_ops.snapshot import merge
from background_sync_ops.snapshot.documents import contact_record, workspace_record
from background_sync_ops.snapshot.values import Record, parse

NOW = 1_767_225_600_000
WORKSPACES = "workspaces/documents.jsonl"
CONTACTS = "contacts/documents.jsonl"
Files = Mapping[str, bytes]
BOTH: Files = {WORKSPACES: b'{"_id":"w1"}\n', CONTACTS: b'{"_id":"c1"}\n{"_id":"c2"}\n'}
Make = Callable[[Path, Files], Path]


merge_contacts = partial(merge.merge_contacts, now=NOW)


def zipped(path: Path, files: Files) -> Path:
    with zipfile.ZipFile(path / "snapshot.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path / "snapshot.zip"


def unpacked(path: Path, files: Files) -> Path:
    for name, data in files.items():
        (path / "snapshot" / name).parent.mkdir(parents=True, exist_ok=True)
        (path / "snapshot" / name).write_bytes(data)
    return path / "snapshot"


def parsed(document: dict[str, Any]) -> Record:
    return parse(json.dumps(document).encode())


def contact(**fields: Any) -> Record:
    usual = {"_id": "c1", "_creationTime": NOW + 0.25, "workspace_id": "w1", "phone": "+62 811"}
    return contact_record(parsed({**usual, **fields}), NOW).record


def workspace(**fields: Any) -> Record:
    return workspace_record(parsed({"_id": "w1", "_creationTime": NOW + 0.25, **fields})).record
