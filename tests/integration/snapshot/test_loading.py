import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from background_sync.rules.contact import activity_index_value
from background_sync_ops.demo import import_demo
from background_sync_ops.snapshot import SnapshotError, Written, import_snapshot
from tests.data.make_snapshot import ARCHIVE, SOURCE
from tests.integration.snapshot.importing import NOW, Importing, contact, workspace

MANY = [contact(f"+62 {number}", f"c{number}", name=f"N{number}") for number in range(1000, 1260)]


def test_everything_is_loaded_and_reported(importing: Importing) -> None:
    report = importing.load(MANY, [workspace("w1"), workspace("w2")])
    assert (report.workspaces, report.contacts) == (Written(created=2), Written(created=260))
    assert (report.bad, report.merged, report.exit_status) == (0, 0, 0)
    assert set(importing.workspaces()) == {"w1", "w2"}
    assert {each["name"] for each in importing.contacts().values()} == {each["name"] for each in MANY}


def test_importing_twice_writes_nothing_at_all(importing: Importing) -> None:
    documents = [
        *MANY[:120],
        contact("+62 1000", "c-again", name="Same as the first", lastActivityAt=NOW + 1.5),
    ]
    spaces = [workspace(meta_access_token="secret", settings={"maxSyncNotes": 3.0}, created_at=NOW - 0.5)]
    importing.load(documents, spaces)
    assert importing.writes
    before = importing.workspaces(), importing.contacts()
    report = importing.load(documents, spaces)
    assert not importing.writes
    assert (importing.workspaces(), importing.contacts()) == before
    assert (report.workspaces, report.contacts) == (Written(unchanged=1), Written(unchanged=120))
    assert (report.merged, report.tokens_stored) == (1, 0)


def test_what_is_stored(importing: Importing) -> None:
    notes = [{"content": "Olá", "addedBy": "rina", "addedAt": NOW + 0.5}]
    importing.load([contact(notes=notes, name="", score=0.1, custom={"a": [1.0, None]}, kapso_name=None)])
    assert importing.contacts()["62811"] == {
        "convex_id": "c1",
        "workspace_id": "w1",
        "contact_id": "62811",
        "phone": "+62 811",
        "name": "",
        "notes": [{"content": "Olá", "added_by": "rina", "added_at": NOW}],
        "last_activity_at": NOW,
        "created_at": NOW,
        "activity_at": NOW,
        "score": Decimal("0.1"),
        "custom": {"a": [1, None]},
    }


def test_a_run_finds_every_contact_in_the_index(importing: Importing) -> None:
    importing.load([contact(), contact("+62 812", "c2", lastActivityAt=0), contact("+62 813", "c3")])
    found = importing.target.dynamodb.query(
        TableName=importing.target.contacts_table,
        IndexName="by_activity",
        KeyConditionExpression="workspace_id = :w",
        ExpressionAttributeValues={":w": {"S": "w1"}},
    )["Items"]
    assert {each["contact_id"]["S"] for each in found} == {"62811", "62812", "62813"}


def test_a_contact_of_a_workspace_that_is_only_in_the_table(importing: Importing) -> None:
    importing.load()
    report = importing.load([contact()], [])
    assert report.contacts == Written(created=1)
    assert importing.writes == {"PutItem": 1}


def test_contacts_of_a_new_workspace_are_written_in_batches(importing: Importing) -> None:
    importing.load(MANY)
    assert importing.writes == {"PutItem": 1, "BatchWriteItem": 11}


def test_progress_ends_with_all_bytes(importing: Importing) -> None:
    told = importing.progress_of(MANY)
    assert [each.table for each in told] == ["workspaces"] * 2 + ["contacts"] * 4
    assert [each.bytes_done for each in told] == sorted(each.bytes_done for each in told)
    assert told[-1].bytes_done == told[-1].bytes_total
    assert 0 < told[-3].bytes_done < told[-1].bytes_total


@pytest.mark.parametrize("path", [ARCHIVE, SOURCE])
def test_the_snapshot_of_the_tests(importing: Importing, path: Path) -> None:
    report = import_snapshot(path, importing.target)
    assert (report.exit_status, report.bad_lines) == (0, ())
    assert (report.workspaces, report.contacts) == (Written(created=3), Written(created=24))
    assert [(each.line, each.reason) for each in report.merged_lines] == [(11, "the same person as line 10")]
    assert sorted(importing.tokens().values()) == ["test-token-lisboa", "test-token-nordic"]
    assert all(each["activity_at"] == activity_index_value(each) for each in importing.contacts().values())


def test_the_demo(importing: Importing) -> None:
    report = import_demo(NOW, importing.target)
    assert (report.exit_status, report.merged) == (0, 0)
    assert (report.workspaces.created, report.tokens_stored) == (4, 3)
    assert report.contacts.created == len(importing.contacts()) > 300


def test_nothing_is_loaded_of_a_damaged_zip(importing: Importing) -> None:
    path = importing.folder / "snapshot.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("workspaces/documents.jsonl", '{"_id":"w1"}\n')
        archive.writestr("contacts/documents.jsonl", '{"workspace_id":"w1","phone":"1"}\n' * 200)
    path.write_bytes(path.read_bytes().replace(b'"phone":"1"', b'"phone":"2"', 100))
    with pytest.raises(SnapshotError, match=r"contacts/documents\.jsonl is broken: Bad CRC-32"):
        import_snapshot(path, importing.target)
    assert not importing.writes


def test_a_wrong_path_writes_nothing(importing: Importing) -> None:
    with pytest.raises(SnapshotError, match="no such file or folder"):
        import_snapshot(importing.folder / "nowhere", importing.target)
    assert not importing.writes


def test_missing_permissions_are_no_bad_lines(importing: Importing) -> None:
    gone: Any = importing.target.dynamodb
    gone.delete_table(TableName=importing.target.contacts_table)
    with pytest.raises(gone.exceptions.ResourceNotFoundException):
        importing.load([contact()])
