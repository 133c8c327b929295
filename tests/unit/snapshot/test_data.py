"""tests/data/snapshot.zip, which other tests and CI sweep."""

import io
import zipfile
from collections import Counter, defaultdict

from background_sync.rules.contact import contact_from_record, judge
from background_sync.rules.policy import read_policy
from background_sync_ops.snapshot.documents import contact_record, workspace_record
from background_sync_ops.snapshot.export import open_snapshot
from background_sync_ops.snapshot.merge import merge_contacts
from background_sync_ops.snapshot.report import MAX_LISTED, ImportReport, Reason, Remark
from background_sync_ops.snapshot.values import Record
from tests.data.make_snapshot import ARCHIVE, packed

# 2026-01-05T12:00:00Z: the data is made for a sweep at this time.
AT = 1_767_614_400_000


def test_the_archive_is_packed_from_the_folder() -> None:
    with zipfile.ZipFile(ARCHIVE) as found, zipfile.ZipFile(io.BytesIO(packed())) as expected:
        assert found.namelist() == expected.namelist()
        for name in found.namelist():
            assert found.read(name) == expected.read(name), name


def test_a_sweep_finds_these_verdicts() -> None:
    with open_snapshot(ARCHIVE) as snapshot:
        workspaces = [
            workspace_record(line.require_document()).record for line in snapshot.lines("workspaces")
        ]
        people: dict[tuple[str, str], Record] = {}
        for line in snapshot.lines("contacts"):
            record = contact_record(line.require_document(), AT).record
            key = (record["workspace_id"], record["contact_id"])
            people[key] = merge_contacts(people[key], record, AT) if key in people else record
    by_id = {each["workspace_id"]: each for each in workspaces}
    verdicts: dict[str, Counter[str]] = defaultdict(Counter)
    for (workspace_id, contact_id), record in people.items():
        policy, invalid = read_policy(by_id[workspace_id].get("settings"))
        assert not invalid
        verdict = judge(contact_from_record(contact_id, record, AT), AT, policy)
        verdicts[by_id[workspace_id]["slug"]][verdict.name] += 1
    assert verdicts == {
        "lisboa-tours": {"FRESH": 3, "CLOSED": 2, "COOLING": 1, "DUE": 9},
        "nordic-bikes": {"FRESH": 1, "CLOSED": 1, "COOLING": 1, "DUE": 4},
        "padaria-central": {"CLOSED": 1, "DUE": 1},
    }


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
