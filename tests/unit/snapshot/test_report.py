from background_sync_ops.snapshot.report import MAX_LISTED, ImportReport, Reason, Remark


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


def test_remarks_that_differ_in_positions_only_have_one_reason() -> None:
    report = ImportReport()
    for line in range(1, 6):
        report.add_bad(Remark("c", line, f"notes[{line}].content is missing"))
        report.add_remark(Remark("c", line, f"x{line} is NaN: not stored"))
    assert report.bad_reasons == {"c: notes[N].content is missing": Reason(5, [1, 2, 3])}
    assert [each.count for each in report.remark_reasons.values()] == [1] * 5


def test_the_reasons_do_not_grow_with_the_snapshot() -> None:
    report = ImportReport()
    for line in range(MAX_LISTED + 5):
        report.add_remark(Remark("c", line, f"x{line} is NaN"))
    assert len(report.remark_reasons) == MAX_LISTED + 1
    assert report.remark_reasons["other reasons"].count == 5


def test_every_remark_is_passed_on() -> None:
    passed: list[Remark] = []
    report = ImportReport(on_remark=passed.append)
    remarks = [Remark("c", line, "x") for line in range(MAX_LISTED + 4)]
    adds = (report.add_merged, report.add_seconds, report.add_remark, *[report.add_bad] * (MAX_LISTED + 1))
    for add, remark in zip(adds, remarks, strict=True):
        add(remark)
    assert passed == remarks
