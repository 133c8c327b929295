"""A backfill is followed until nobody is going to work on it any more."""

from typing import Any

import pytest

from background_sync.messages import Window
from background_sync.records.runs import Run
from background_sync_ops.backfilling import Backfill, BackfillSnapshot


def seen(**attributes: Any) -> BackfillSnapshot:
    return BackfillSnapshot(Run("#backfill#acme", 1, **attributes))


@pytest.mark.parametrize(
    ("snapshot", "finished"),
    [
        (BackfillSnapshot(None), False),
        (seen(status="running", tries=1, lease_until=9), False),
        (seen(status="failed", tries=1), False),
        (seen(status="failed", tries=3, lease_until=9), False),
        (seen(status="failed", tries=3), True),
        (seen(status="completed", tries=1), True),
    ],
)
def test_one_that_failed_is_followed_as_long_as_it_is_tried_again(
    snapshot: BackfillSnapshot, finished: bool
) -> None:
    assert snapshot.finished is finished


def test_what_is_compared_so_far_is_told_by_the_scan() -> None:
    assert BackfillSnapshot(None).compared == 0
    assert seen(scan={"verified": {"in_step": 5, "behind": 2, "renamed": 1}}).compared == 7
    assert seen(status="completed", verified=9).compared == 9


def test_the_error_of_one_that_came_right_is_not_told() -> None:
    assert seen(status="failed", error="no").error == "no"
    assert seen(status="completed", error="no").error is None


def test_before_it_is_begun_there_are_no_counts() -> None:
    document = Backfill("acme", 7, Window(1, 2, dry_run=True)).document(BackfillSnapshot(None))
    assert (document["workspace_id"], document["run_at"], document["dry_run"]) == ("acme", 7, True)
    assert document["status"] is document["verified"] is document["error"] is None
