"""What a comparison counts, and whom it confirms as merely quiet."""

from dataclasses import asdict, fields

import pytest

from background_sync.rules.contact import Confirmation
from background_sync.rules.counts import TOTALLED, Verified, higher_priority

COMPARED = ("in_step", "behind", "missing", "repaired", "created", "ahead", "unknown")
BESIDE = ("renamed", "unreadable")


def test_verified_is_the_sum_of_what_people_came_to() -> None:
    everything = Verified(**{name: 10**place for place, name in enumerate((*COMPARED, *BESIDE))})
    assert everything.verified == 1_111_111
    assert everything.counts() == {"verified": 1_111_111, **asdict(everything)}


def test_every_count_is_totalled_by_a_sweep() -> None:
    assert {"verified", "deferred", *(each.name for each in fields(Verified))} <= set(TOTALLED)


def test_one_more_is_one_more_of_that_alone() -> None:
    assert Verified().plus("behind").plus("behind", 2) == Verified(behind=3)


def test_a_person_moves_from_one_count_to_another() -> None:
    assert Verified().moved(None, "in_step").moved("in_step", "repaired") == Verified(repaired=1)


@pytest.mark.parametrize(
    ("one", "other", "counts"),
    [
        (None, "in_step", "in_step"),
        ("in_step", "repaired", "repaired"),
        ("repaired", "in_step", "repaired"),
        ("created", "ahead", "created"),
        ("unknown", "behind", "behind"),
    ],
)
def test_what_was_done_counts_before_what_was_found(one: str | None, other: str, counts: str) -> None:
    assert higher_priority(one, other) == counts


@pytest.mark.parametrize(
    ("activity_at", "behind", "quiet"), [(100, False, True), (99, False, False), (100, True, False)]
)
def test_quiet_is_who_was_compared_and_not_behind(activity_at: int, behind: bool, quiet: bool) -> None:
    assert Confirmation(verified_from=100).is_quiet(activity_at, behind=behind) is quiet
