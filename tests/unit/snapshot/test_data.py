"""tests/data/snapshot.zip, which other tests and CI sweep over."""

import io
import zipfile
from collections import Counter
from pathlib import Path

from background_sync.rules.contact import Verdict, contact_from_record, judge
from background_sync.rules.policy import read_policy
from background_sync_ops.snapshot.documents import contact_record, workspace_record
from background_sync_ops.snapshot.merge import merge_contacts
from background_sync_ops.snapshot.reader import open_snapshot
from background_sync_ops.snapshot.values import Record
from tests.data.make_snapshot import ARCHIVE, packed

AT = 1_767_614_400_000
"""2026-01-05T12:00:00Z, which its times are made for."""


def contents(archive: io.BytesIO | Path) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as file:
        return {name: file.read(name) for name in file.namelist()}


def test_it_is_what_its_folder_holds() -> None:
    assert contents(ARCHIVE) == contents(io.BytesIO(packed()))


def test_swept_by_hand() -> None:
    with open_snapshot(ARCHIVE, ("workspaces", "contacts")) as snapshot:
        records = [workspace_record(line.document or {})[0] for line in snapshot.lines("workspaces")]
        workspaces = {each["slug"]: each for each in records}
        people: dict[tuple[str, str], Record] = {}
        for line in snapshot.lines("contacts"):
            record = contact_record(line.document or {})
            key = (record["workspace_id"], record["contact_id"])
            people[key] = merge_contacts(people[key], record) if key in people else record
    assert counts(workspaces["lisboa-tours"], people) == {"FRESH": 3, "CLOSED": 2, "COOLING": 1, "DUE": 9}
    assert counts(workspaces["nordic-bikes"], people) == {"FRESH": 1, "CLOSED": 1, "COOLING": 1, "DUE": 4}
    assert counts(workspaces["padaria-central"], people) == {"CLOSED": 1, "DUE": 1}


def counts(workspace: Record, people: dict[tuple[str, str], Record]) -> Counter[str]:
    policy, unusable = read_policy(workspace.get("settings"))
    assert not unusable
    found: Counter[str] = Counter()
    for (workspace_id, contact_id), record in people.items():
        if workspace_id == workspace["workspace_id"]:
            judged: Verdict = judge(contact_from_record(contact_id, record), AT, policy)
            found[judged.name] += 1
    return found
