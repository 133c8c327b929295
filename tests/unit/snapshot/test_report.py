import json

from background_sync_ops.snapshot.report import MAX_LISTED, Remark, Tally, Written

REMARK = Remark("contacts/documents.jsonl", 7, "no phone")


def test_a_remark_names_file_and_line() -> None:
    assert str(REMARK) == "contacts/documents.jsonl:7: no phone"


def test_the_status_tells_whether_a_line_was_bad() -> None:
    tally = Tally()
    tally.merge(REMARK)
    assert tally.report(0).exit_status == 0
    tally.refuse(REMARK)
    assert tally.report(0).exit_status == 1


def test_all_are_counted_and_the_first_are_listed() -> None:
    tally = Tally()
    for _ in range(MAX_LISTED + 5):
        tally.refuse(REMARK)
    report = tally.report(0)
    assert (report.bad, len(report.bad_lines)) == (MAX_LISTED + 5, MAX_LISTED)


def test_remarks_come_in_the_order_of_the_snapshot() -> None:
    tally = Tally()
    for file, line in (("w", 9), ("w", 2), ("c", 5), ("c", 1)):
        tally.refuse(Remark(file, line, ""))
    assert [(each.file, each.line) for each in tally.report(0).bad_lines] == [
        ("w", 2),
        ("w", 9),
        ("c", 1),
        ("c", 5),
    ]


def test_it_goes_into_json() -> None:
    tally = Tally()
    tally.count("contacts", "created", 3)
    tally.refuse(REMARK)
    document = json.loads(json.dumps(tally.report(2).to_json()))
    assert document["contacts"] == {"created": 3, "updated": 0, "unchanged": 0}
    assert document["tokens_stored"] == 2
    assert document["bad_lines"] == [{"file": REMARK.file, "line": 7, "reason": "no phone"}]


def test_each_table_is_counted_by_itself() -> None:
    tally = Tally()
    tally.count("workspaces", "updated")
    tally.count("contacts", "unchanged", 2)
    assert tally.report(0).workspaces == Written(updated=1)
    assert tally.report(0).contacts == Written(unchanged=2)
