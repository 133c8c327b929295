"""A backfill is followed until nothing works on it any more."""

from typing import Any

import pytest

from background_sync.messages import Window
from background_sync.records.runs import Run
from background_sync_ops.backfilling import Backfill, BackfillSnapshot

NOT_BEGUN = BackfillSnapshot(None)


def snapshot(**attributes: Any) -> BackfillSnapshot:
    return BackfillSnapshot(Run("#backfill#acme", 1, **attributes))


@pytest.mark.parametrize(
    ("seen", "finished"),
    [
        (NOT_BEGUN, False),
        (snapshot(status="running", tries=1, lease_until=9), False),
        (snapshot(status="failed", tries=1), False),
        (snapshot(status="failed", tries=3, lease_until=9), False),
        (snapshot(status="failed", tries=3), True),
        (snapshot(status="completed", tries=1), True),
    ],
)
def test_a_backfill_ends_completed_or_failed_at_last(seen: BackfillSnapshot, finished: bool) -> None:
    assert seen.finished is finished


@pytest.mark.parametrize(
    ("seen", "compared"),
    [
        (NOT_BEGUN, 0),
        (snapshot(scan={"verified": {"in_step": 5, "behind": 2, "renamed": 1}}), 7),
        (snapshot(status="completed", verified=9), 9),
    ],
)
def test_progress_counts_the_people_compared_so_far(seen: BackfillSnapshot, compared: int) -> None:
    assert seen.compared == compared


def test_a_completed_backfill_does_not_show_the_error_of_an_earlier_attempt() -> None:
    assert snapshot(status="failed", error="no").error == "no"
    assert snapshot(status="completed", error="no").error is None


def test_a_backfill_that_has_not_begun_has_no_counts() -> None:
    document = Backfill("acme", 7, Window(1, 2, dry_run=True)).document(NOT_BEGUN)
    assert (document["workspace_id"], document["run_at"], document["dry_run"]) == ("acme", 7, True)
    assert document["status"] is document["verified"] is document["error"] is None
