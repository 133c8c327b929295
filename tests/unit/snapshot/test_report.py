from background_sync_ops.snapshot.report import MAX_LISTED, ImportReport, Remark


def test_all_bad_lines_are_counted_and_the_first_are_listed() -> None:
    report = ImportReport()
    for line in range(MAX_LISTED + 5):
        report.add_bad(Remark("contacts/documents.jsonl", line, "not JSON"))
    assert (report.bad, len(report.bad_lines)) == (MAX_LISTED + 5, MAX_LISTED)


def test_remarks_are_in_the_order_of_the_snapshot() -> None:
    report = ImportReport()
    for file, line in (("w", 9), ("w", 2), ("c", 5), ("c", 1)):
        report.add_bad(Remark(file, line, ""))
    report.sort()
    assert [(each.file, each.line) for each in report.bad_lines] == [("w", 2), ("w", 9), ("c", 1), ("c", 5)]
