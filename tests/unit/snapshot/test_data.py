"""tests/data/snapshot.zip, which other tests and CI sweep."""

import io
import zipfile
from collections import Counter, defaultdict

from background_sync.rules.contact import contact_from_record, judge
from background_sync.rules.policy import read_policy
from background_sync_ops.snapshot.documents import contact_record, workspace_record
from background_sync_ops.snapshot.export import open_snapshot
from background_sync_ops.snapshot.merge import merge_contacts
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
