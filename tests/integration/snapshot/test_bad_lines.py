import json

import pytest

from background_sync_ops.snapshot import Written, import_snapshot
from tests.integration.snapshot.importing import Importing, contact, note, workspace

HALF = "x" * 250_000


def test_bad_lines_are_reported_and_all_others_are_loaded(importing: Importing) -> None:
    lines = [
        json.dumps(contact("+62 1")),
        "not json",
        json.dumps(contact("+62 2", workspace_id="nowhere")),
        "",
        json.dumps(contact("n/a")),
        json.dumps(contact("+62 3", lastActivityAt="yesterday")),
        json.dumps(contact("+62 4", name="x" * 410_000)),
        json.dumps(contact("+62 5")),
    ]
    for table, text in (("workspaces", json.dumps(workspace())), ("contacts", "\n".join(lines))):
        (importing.folder / table).mkdir()
        (importing.folder / table / "documents.jsonl").write_text(text)
    report = import_snapshot(importing.folder, importing.target)
    assert [str(each) for each in report.bad_lines] == [
        "contacts/documents.jsonl:2: not JSON: Expecting value at column 1",
        "contacts/documents.jsonl:3: workspace_id names no workspace of the snapshot or the table",
        "contacts/documents.jsonl:5: neither a phone number nor a business_scoped_user_id",
        "contacts/documents.jsonl:6: lastActivityAt is text, expected milliseconds since 1970",
        "contacts/documents.jsonl:7: larger than 400 KB as a DynamoDB item (about 401 KB)",
    ]
    assert (report.bad, report.contacts) == (5, Written(created=2))
    assert set(importing.contacts()) == {"621", "625"}


@pytest.mark.parametrize("name", ["lastActivityAt", "flagged_at", "_creationTime"])
def test_a_number_that_boto3_does_not_write_costs_its_line_only(importing: Importing, name: str) -> None:
    wrong = contact("+62 2", "c2", **{name: 1e40})
    report = importing.load([contact("+62 1"), wrong, contact("+62 3", "c3")])
    attribute = {"flagged_at": name, "_creationTime": "created_at"}.get(name, "last_activity_at")
    [bad] = map(str, report.bad_lines)
    assert bad == f"contacts/documents.jsonl:2: {attribute} has a number of more digits than 38"
    assert set(importing.contacts()) == {"621", "623"}
    # The workspace exists by now, so that each contact is written by itself.
    assert importing.load([wrong]).bad == 1


def test_the_contacts_of_a_bad_workspace_are_not_loaded(importing: Importing) -> None:
    ids = ("w1", "#sweep", "w2")
    report = importing.load(
        [contact(workspace_id=each) for each in ids],
        [workspace("w1", settings=5), workspace("#sweep"), workspace("w2")],
    )
    assert [each.reason for each in report.bad_lines] == [
        "settings is a number, expected an object",
        "_id begins with #, which is reserved",
        *["workspace_id names no workspace of the snapshot or the table"] * 2,
    ]
    assert (
        set(importing.workspaces())
        == {each["workspace_id"] for each in importing.contacts().values()}
        == {"w2"}
    )


def test_a_second_workspace_with_the_same_id_is_a_bad_line(importing: Importing) -> None:
    report = importing.load([], [workspace(name="first"), workspace(name="second")])
    assert [str(each) for each in report.bad_lines] == [
        "workspaces/documents.jsonl:2: an earlier line has the same _id"
    ]
    assert importing.workspaces()["w1"]["name"] == "first"


def test_the_other_contacts_of_a_batch_that_dynamodb_rejects_are_loaded(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("values", "documents"):
        monkeypatch.setattr(f"background_sync_ops.snapshot.{module}.MAX_SIZE", 600_000)
    large = contact("+62 2", first=HALF, second=HALF)
    report = importing.load([contact("+62 1"), large, contact("+62 3")])
    assert [(each.line, each.reason) for each in report.bad_lines] == [
        (2, "DynamoDB rejected it: Item size has exceeded the maximum allowed size")
    ]
    assert report.contacts.created + report.contacts.unchanged == 2
    assert set(importing.contacts()) == {"621", "623"}


def test_two_documents_of_one_person_that_are_too_large_together(importing: Importing) -> None:
    first, second = contact(notes=[note(HALF, by="a")]), contact(document_id="c2", notes=[note(HALF, by="b")])
    report = importing.load([first, second])
    too_large = "larger than 400 KB as a DynamoDB item (about 489 KB)"
    assert [(each.line, each.reason) for each in report.bad_lines] == [
        (2, f"the same person as line 1, but merged with it: {too_large}")
    ]
    assert importing.contacts()["62811"]["notes"][0]["added_by"] == "a"


def test_a_document_that_is_too_large_together_with_the_stored_contact(importing: Importing) -> None:
    importing.load([contact(first=HALF)])
    report = importing.load([contact(second=HALF)])
    assert [each.reason for each in report.bad_lines] == [
        "larger than 400 KB as a DynamoDB item (about 489 KB)"
    ]
    assert "second" not in importing.contacts()["62811"]
