"""Writes documents as a snapshot's folder, as `npx convex export` lays it out."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from background_sync_ops.snapshot.reader import DOCUMENTS


def write_snapshot(folder: Path, tables: Mapping[str, Iterable[Mapping[str, Any]]]) -> Path:
    """Write each table's documents below `folder`, which is given back."""
    for table, documents in tables.items():
        (folder / table).mkdir(parents=True)
        with (folder / table / DOCUMENTS).open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(document, ensure_ascii=False) + "\n" for document in documents)
    return folder
