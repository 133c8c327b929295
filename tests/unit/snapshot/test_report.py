from background_sync_ops.snapshot.report import MAX_LISTED, Remark, Tally


def test_all_bad_lines_are_counted_and_the_first_are_listed() -> None:
    tally = Tally()
    for line in range(MAX_LISTED + 5):
        tally.add_bad(Remark("contacts/documents.jsonl", line, "not JSON"))
    report = tally.report(0)
    assert (report.bad, len(report.bad_lines)) == (MAX_LISTED + 5, MAX_LISTED)


def test_remarks_are_in_the_order_of_the_snapshot() -> None:
    tally = Tally()
    lines = [("w", 2), ("w", 9), ("c", 1), ("c", 5)]
    for file, line in (lines[1], lines[0], lines[3], lines[2]):
        tally.add_bad(Remark(file, line, ""))
    assert [(each.file, each.line) for each in tally.report(0).bad_lines] == lines
