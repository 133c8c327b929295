import json

from background_sync_ops.snapshot import Written, import_snapshot
from tests.integration.snapshot.importing import Importing, contact, workspace

LARGE = "x" * 405_000
"""Within the limit by DynamoDB's rules; the engine draws the line a little earlier, and refuses it itself."""


def test_each_is_reported_and_all_others_are_loaded(importing: Importing) -> None:
    lines = [
        json.dumps(contact("+62 1")),
        "not json",
        json.dumps(contact("+62 2", workspace_id="nowhere")),
        "",
        json.dumps(contact("n/a")),
        json.dumps(contact("+62 3", lastActivityAt="yesterday")),
        json.dumps(contact("+62 4", blob="x" * 410_000)),
        json.dumps(contact("+62 5")),
    ]
    folder = importing.folder
    for table, text in (("workspaces", json.dumps(workspace())), ("contacts", "\n".join(lines))):
        (folder / table).mkdir()
        (folder / table / "documents.jsonl").write_text(text)
    report = import_snapshot(folder, importing.target)
    assert [str(each) for each in report.bad_lines] == [
        "contacts/documents.jsonl:2: no JSON: Expecting value at column 1",
        "contacts/documents.jsonl:3: no workspace 'nowhere'",
        "contacts/documents.jsonl:5: no phone",
        "contacts/documents.jsonl:6: lastActivityAt is a text, not a time in ms",
        "contacts/documents.jsonl:7: over 400 KB as an item of DynamoDB (about 401 KB)",
    ]
    assert (report.bad, report.exit_status, report.contacts) == (5, 1, Written(created=2))
    assert set(importing.contacts()) == {"621", "625"}


def test_a_bad_workspace_and_its_contacts(importing: Importing) -> None:
    report = importing.load(
        [contact(), contact("+62 812", workspace_id="w2")], [workspace(settings=5), workspace("w2")]
    )
    assert [each.reason for each in report.bad_lines] == [
        "settings is a number, not an object",
        "no workspace 'w1'",
    ]
    assert set(importing.contacts()) == {"62812"}


def test_a_second_workspace_of_one_id(importing: Importing) -> None:
    report = importing.load([], [workspace(name="first"), workspace(name="second")])
    assert [str(each) for each in report.bad_lines] == [
        "workspaces/documents.jsonl:2: a second document with the same _id"
    ]
    assert importing.workspaces()["w1"]["name"] == "first"


def test_a_reserved_workspace_id_reaches_no_table(importing: Importing) -> None:
    report = importing.load([contact(workspace_id="#sweep")], [workspace("#sweep")])
    assert report.bad == 2
    assert not importing.workspaces()
    assert not importing.contacts()


def test_one_contact_that_dynamodb_refuses_costs_its_batch_nothing(importing: Importing) -> None:
    report = importing.load([contact("+62 1"), contact("+62 2", blob=LARGE), contact("+62 3")])
    assert [(each.line, each.reason) for each in report.bad_lines] == [
        (2, "Item size has exceeded the maximum allowed size")
    ]
    assert report.contacts.created + report.contacts.unchanged == 2
    assert set(importing.contacts()) == {"621", "623"}


def test_two_documents_that_are_too_large_together(importing: Importing) -> None:
    half = "x" * 250_000
    notes = [[{"content": half, "addedBy": name, "addedAt": 5}] for name in ("a", "b")]
    report = importing.load([contact(notes=notes[0]), contact(document_id="c2", notes=notes[1])])
    assert [(each.line, each.reason) for each in report.bad_lines] == [
        (2, "with line 1, the same person: over 400 KB as an item of DynamoDB (about 489 KB)")
    ]
    assert importing.contacts()["62811"]["notes"][0]["added_by"] == "a"


def test_a_document_that_is_too_large_with_what_is_there(importing: Importing) -> None:
    half = "x" * 250_000
    importing.load([contact(first=half)])
    report = importing.load([contact(second=half)])
    assert [each.reason for each in report.bad_lines] == ["over 400 KB as an item of DynamoDB (about 489 KB)"]
    assert "second" not in importing.contacts()["62811"]


def test_a_contact_whose_stored_notes_are_no_list(importing: Importing) -> None:
    importing.load([contact()])
    importing.set_contact(notes="hello")
    report = importing.load([contact(notes=[{"content": "a", "addedBy": "b", "addedAt": 5}])])
    assert [each.reason for each in report.bad_lines] == [
        "the notes of the contact that is there are no list"
    ]
    assert importing.contacts()["62811"]["notes"] == "hello"
