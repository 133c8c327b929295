"""Two documents of one person."""

import pytest

from background_sync_ops.snapshot import Written
from tests.integration.snapshot.importing import NOW, Document, Importing, contact, note, workspace

# As many as one batch holds.
OTHERS = [contact(f"+62 {number}", f"o{number}") for number in range(1000, 1100)]
OLD = contact("+62 811", "a", name="Old", city="Lisbon", notes=[note("a", 5)], lastActivityAt=NOW - 9)
NEW = contact("+62-811", "b", name="New", notes=[note("b", 6)])


@pytest.mark.parametrize("between", [[], OTHERS], ids=["in one batch", "in two batches"])
@pytest.mark.parametrize(
    ("first", "last"),
    [(OLD, NEW), (NEW, OLD), ({**OLD, "phone": "+55 11 98765-4321"}, {**NEW, "phone": "+55 11 8765-4321"})],
    ids=["older first", "newer first", "two spellings of a number"],
)
def test_they_are_merged_in_any_order_and_a_second_import_writes_nothing(
    importing: Importing, between: list[Document], first: Document, last: Document
) -> None:
    documents = [first, *between, last]
    assert importing.load(documents).merged == 1
    [found] = [each for each in importing.contacts().values() if each.get("name") == "New"]
    assert found["contact_id"] in ("62811", "5511987654321")
    assert (found["city"], found["last_activity_at"]) == ("Lisbon", NOW)
    assert [each["content"] for each in found["notes"]] == ["a", "b"]
    report = importing.load(documents)
    assert not importing.writes
    assert (report.contacts, report.merged) == (Written(unchanged=len(between) + 1), 1)


def test_the_report_names_the_other_line_or_document(importing: Importing) -> None:
    report = importing.load([OLD, NEW, *OTHERS[2:], {**OLD, "_id": "c"}])
    assert [(each.line, each.reason) for each in report.merged_lines] == [
        (2, "the same person as line 1"),
        (101, "the same person as document b"),
    ]
    assert report.contacts == Written(created=99)


def test_in_two_workspaces_they_are_two_contacts(importing: Importing) -> None:
    report = importing.load([OLD, {**NEW, "workspace_id": "w2"}], [workspace("w1"), workspace("w2")])
    assert (report.contacts, report.merged) == (Written(created=2), 0)


def test_the_same_document_in_the_next_snapshot_is_an_update(importing: Importing) -> None:
    importing.load([OLD])
    report = importing.load([{**OLD, "name": "Newer", "lastActivityAt": NOW}])
    assert (report.contacts, report.merged) == (Written(updated=1), 0)
