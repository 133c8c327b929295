"""Where a scan begins and continues, and what its record keeps."""

from dataclasses import replace

import pytest

from background_sync.rules.contact import Confirmation
from background_sync.rules.counts import Verified
from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from background_sync.rules.reception import LOST
from background_sync.rules.scan import Scan, Verification, begin_scan, confirmation, following_scan
from background_sync.rules.workspace import Workspace, read_workspace

NOW = 1_767_225_600_000
SCAN = Scan(
    "110", NOW - HOUR_MS, NOW, verified=Verified(in_step=2), counted={"621": "in_step", "622": "in_step"}
)


def workspace(**memory: object) -> Workspace:
    return read_workspace(
        {"workspace_id": "w1", "kapso_phone_id": "110", "kapso_token_parameter": "/t/a", **memory}, NOW
    )


def test_a_completed_scan_does_not_keep_whom_it_counted() -> None:
    saved = Verification(SCAN, NOW).document()
    assert saved["scan"]["counted"] == {}
    assert Verification.read(saved).scan == replace(SCAN, counted={})


def test_an_unfinished_scan_keeps_whom_it_counted() -> None:
    assert Scan.read(SCAN.document()) == SCAN


def test_a_scan_follows_the_watermark_with_an_overlap() -> None:
    begun = begin_scan(workspace(watermark=NOW - HOUR_MS), NOW)
    assert begun.since == NOW - HOUR_MS - 5 * MINUTE_MS


def test_a_pending_scan_goes_before_the_watermark() -> None:
    pending = Verification(replace(SCAN, after="cursor", pages=3), NOW, deferred="unavailable").pending
    begun = begin_scan(workspace(watermark=NOW - DAY_MS, pending_scan=pending), NOW + HOUR_MS)
    assert begun == Scan("110", NOW - HOUR_MS, NOW, after="cursor", pages=3, deferred_since=NOW)


def test_a_scan_that_follows_in_the_same_run_leaves_no_gap_and_counts_nobody_twice() -> None:
    following = following_scan(Verification(SCAN, NOW + MINUTE_MS), NOW + MINUTE_MS)
    assert following.since <= SCAN.started_at
    assert following.covers_from == SCAN.since
    assert (following.verified, following.counted) == (SCAN.verified, SCAN.counted)


@pytest.mark.parametrize("reception", sorted(LOST))
def test_while_kapso_does_not_hear_meta_nobody_is_quiet_and_comparing_begins_anew(reception: str) -> None:
    ended = Verification(SCAN, NOW + MINUTE_MS, reception=reception)
    known = workspace(watermark=NOW, verified_from=NOW - DAY_MS)
    assert confirmation(known, ended) == Confirmation(NOW + MINUTE_MS)
    assert ended.counts()["reception_lost"] == 1


@pytest.mark.parametrize("reception", [None, "heard", "unknown"])
def test_a_reception_that_is_not_known_to_be_lost_changes_nothing(reception: str | None) -> None:
    ended = Verification(SCAN, NOW, reception=reception)
    known = workspace(watermark=NOW, verified_from=NOW - DAY_MS)
    assert confirmation(known, ended) == Confirmation(NOW - DAY_MS)
    assert ended.counts()["reception_lost"] == 0


def test_only_a_completed_scan_confirms_that_contacts_are_quiet() -> None:
    ended = Verification(SCAN, NOW)
    assert confirmation(workspace(), ended) == Confirmation(SCAN.since)
    assert confirmation(workspace(), replace(ended, deferred="unavailable")) is None
    assert confirmation(workspace(), None) is None


@pytest.mark.parametrize(
    ("changed", "others", "moved"), [(10, 0, 1), (10, 10, 1), (9, 0, 0), (10, 11, 0), (0, 0, 0)]
)
def test_a_number_has_moved_if_ten_and_most_have_new_ids(changed: int, others: int, moved: int) -> None:
    verified = Verified(in_step=changed + others, identity_changed=changed)
    scan = Scan("110", NOW, NOW, verified=verified)
    assert Verification(scan, NOW).counts()["number_moved"] == moved
