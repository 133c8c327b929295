"""What an import holds in memory does not grow with the snapshot."""

import json
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from background_sync_ops.snapshot.documents import contact_record
from background_sync_ops.snapshot.reader import open_snapshot
from tests.unit.snapshot.making import NOW

LINES = 4000
ALLOWED_BYTES = 2 * 1024**2


@pytest.fixture
def large(tmp_path: Path) -> Path:
    with (
        zipfile.ZipFile(tmp_path / "large.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("contacts/documents.jsonl", "w") as file,
    ):
        for number in range(LINES):
            document = {"workspace_id": "w1", "phone": f"62{number:09d}", "lastActivityAt": NOW + 0.5}
            notes = [{"content": f"{number} {'x' * 1000}", "addedBy": "rina", "addedAt": NOW}] * 2
            file.write(json.dumps({**document, "notes": notes}).encode() + b"\n")
    return tmp_path / "large.zip"


def test_lines_and_records_are_made_one_at_a_time(large: Path) -> None:
    assert zipfile.ZipFile(large).infolist()[0].file_size > 3 * ALLOWED_BYTES
    tracemalloc.start()
    try:
        with open_snapshot(large, ("contacts",)) as snapshot:
            records = sum(1 for line in snapshot.lines("contacts") if contact_record(line.document or {}))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert records == LINES
    assert peak < ALLOWED_BYTES
