from background_sync_ops.snapshot import Written
from tests.integration.snapshot.importing import NOW, Importing, contact

OTHERS = [contact(f"+62 {number}", f"o{number}") for number in range(1000, 1100)]
"""As many as one batch holds."""


def note(content: str, at: int = NOW) -> dict[str, object]:
    return {"content": content, "addedBy": "rina", "addedAt": at}


OLD = contact("+62 811", "a", name="Old", city="Lisbon", notes=[note("a", 5)], lastActivityAt=NOW - 9)
NEW = contact("+62-811", "b", name="New", notes=[note("b", 6)])


def check(importing: Importing) -> None:
    found = importing.contacts()["62811"]
    assert (found["name"], found["city"], found["last_activity_at"]) == ("New", "Lisbon", NOW)
    assert [each["content"] for each in found["notes"]] == ["a", "b"]


def test_side_by_side(importing: Importing) -> None:
    report = importing.load([OLD, NEW])
    assert (report.contacts, report.merged) == (Written(created=1), 1)
    assert [(each.line, each.reason) for each in report.merged_lines] == [(2, "the same person as line 1")]
    check(importing)


def test_the_newer_one_first(importing: Importing) -> None:
    importing.load([NEW, OLD])
    check(importing)


def test_far_apart(importing: Importing) -> None:
    for documents in ([OLD, *OTHERS, NEW], [NEW, *OTHERS, OLD]):
        report = importing.load(documents)
        assert report.merged == 1
        check(importing)


def test_far_apart_it_is_reported_by_line_and_document(importing: Importing) -> None:
    report = importing.load([OLD, *OTHERS, NEW])
    assert [(each.line, each.reason) for each in report.merged_lines] == [
        (102, "the same person as document a")
    ]
    assert report.contacts == Written(created=101)


def test_far_apart_and_again(importing: Importing) -> None:
    documents = [OLD, *OTHERS, NEW]
    importing.load(documents)
    report = importing.load(documents)
    assert not importing.writes
    assert (report.contacts, report.merged) == (Written(unchanged=101), 1)


def test_in_two_workspaces_they_are_two(importing: Importing) -> None:
    spaces = [{"_id": "w1"}, {"_id": "w2"}]
    report = importing.load([OLD, {**NEW, "workspace_id": "w2"}], spaces)
    assert (report.contacts, report.merged) == (Written(created=2), 0)


def test_the_same_document_in_the_next_snapshot_is_no_duplicate(importing: Importing) -> None:
    importing.load([OLD])
    report = importing.load([{**OLD, "name": "Newer", "lastActivityAt": NOW}])
    assert (report.contacts, report.merged) == (Written(updated=1), 0)
