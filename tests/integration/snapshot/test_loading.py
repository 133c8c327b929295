import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from background_sync.rules.contact import activity_index_value
from background_sync_ops.demo import import_demo
from background_sync_ops.snapshot import (
    ImportProgress,
    SnapshotError,
    Written,
    import_snapshot,
    write_snapshot,
)
from tests.data.make_snapshot import ARCHIVE, SOURCE
from tests.integration.snapshot.importing import NOW, Importing, contact, workspace

MANY = [contact(f"+62 {number}", f"c{number}", name=f"N{number}") for number in range(1000, 1260)]


def test_all_documents_are_loaded_and_contacts_of_new_workspaces_in_batches(importing: Importing) -> None:
    report = importing.load(MANY, [workspace("w1"), workspace("w2")])
    assert (report.workspaces, report.contacts) == (Written(created=2), Written(created=260))
    assert (report.bad, report.merged) == (0, 0)
    assert set(importing.workspaces()) == {"w1", "w2"}
    assert {each["name"] for each in importing.contacts().values()} == {each["name"] for each in MANY}
    assert importing.writes == {"PutItem": 2, "BatchWriteItem": 11}


def test_a_second_import_writes_nothing(importing: Importing) -> None:
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


def test_an_export_of_an_older_convex_is_read_by_its_schema(importing: Importing) -> None:
    shape = '{"_id": string, "lastActivityAt"?: int64, "seats"?: int64 | string}'
    folder = write_snapshot(
        importing.folder / "older",
        {"workspaces": [workspace()], "contacts": [contact(lastActivityAt=str(NOW), seats="5", name="7")]},
    )
    schema = [json.dumps(each) for each in (shape, {"c1": {"seats": "int64"}})]
    (folder / "contacts" / "generated_schema.jsonl").write_text("\n".join(schema))
    assert import_snapshot(folder, importing.target).bad_lines == []
    found = importing.contacts()["62811"]
    assert (found["last_activity_at"], found["seats"], found["name"]) == (NOW, 5, "7")


def test_the_index_has_every_contact(importing: Importing) -> None:
    importing.load([contact(), contact("+62 812", "c2", lastActivityAt=0), contact("+62 813", "c3")])
    found = importing.target.dynamodb.query(
        TableName=importing.target.contacts_table,
        IndexName="by_activity",
        KeyConditionExpression="workspace_id = :w",
        ExpressionAttributeValues={":w": {"S": "w1"}},
    )["Items"]
    assert {each["contact_id"]["S"] for each in found} == {"62811", "62812", "62813"}


def test_a_contact_of_a_workspace_that_is_only_in_the_table_is_loaded(importing: Importing) -> None:
    importing.load()
    report = importing.load([contact()], [])
    assert report.contacts == Written(created=1)
    assert importing.writes == {"PutItem": 1}


def test_progress_grows_to_all_bytes(importing: Importing) -> None:
    steps: list[ImportProgress] = []
    importing.load(MANY, progress=steps.append)
    assert [each.table for each in steps] == ["workspaces"] * 2 + ["contacts"] * 4
    assert [each.bytes_done for each in steps] == sorted(each.bytes_done for each in steps)
    assert steps[-1].bytes_done == steps[-1].bytes_total
    assert 0 < steps[-3].bytes_done < steps[-1].bytes_total


@pytest.mark.parametrize("path", [ARCHIVE, SOURCE])
def test_the_snapshot_in_tests_data_is_loaded(importing: Importing, path: Path) -> None:
    report = import_snapshot(path, importing.target)
    assert report.bad_lines == []
    assert (report.workspaces, report.contacts) == (Written(created=3), Written(created=24))
    assert [(each.line, each.reason) for each in report.merged_lines] == [(11, "the same person as line 10")]
    assert sorted(importing.tokens().values()) == ["test-token-lisboa", "test-token-nordic"]
    assert all(
        each["activity_at"] == activity_index_value(each, NOW) for each in importing.contacts().values()
    )


def test_the_demo_is_loaded(importing: Importing) -> None:
    report = import_demo(NOW, importing.target)
    assert (report.bad, report.merged) == (0, 0)
    assert (report.workspaces.created, report.tokens_stored) == (5, 4)
    assert report.contacts.created == len(importing.contacts()) > 300


def test_nothing_of_a_damaged_zip_is_loaded(importing: Importing) -> None:
    path = importing.folder / "snapshot.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("workspaces/documents.jsonl", '{"_id":"w1"}\n')
        archive.writestr("contacts/documents.jsonl", '{"workspace_id":"w1","phone":"1"}\n' * 200)
    path.write_bytes(path.read_bytes().replace(b'"phone":"1"', b'"phone":"2"', 100))
    with pytest.raises(SnapshotError, match=r"contacts/documents\.jsonl is damaged: Bad CRC-32"):
        import_snapshot(path, importing.target)
    assert not importing.writes


def test_an_error_of_aws_ends_the_import(importing: Importing) -> None:
    dynamodb: Any = importing.target.dynamodb
    dynamodb.delete_table(TableName=importing.target.contacts_table)
    with pytest.raises(dynamodb.exceptions.ResourceNotFoundException):
        importing.load([contact()])


def test_times_in_seconds_are_converted_with_one_remark_for_the_file(importing: Importing) -> None:
    seconds = [contact(f"+62 {number}", f"c{number}", lastActivityAt=NOW // 1000) for number in range(3)]
    report = importing.load([*seconds, contact("+62 9", "c9")])
    assert report.in_seconds == {"contacts/documents.jsonl": 3}
    assert {each["last_activity_at"] for each in importing.contacts().values()} == {NOW}
    assert report.bad == 0
