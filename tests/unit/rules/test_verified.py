"""The counts of a verification, and which contacts it confirms as quiet."""

from dataclasses import asdict

import pytest

from background_sync.rules.contact import Confirmation
from background_sync.rules.counts import Verified, higher_priority

COMPARED = ("in_step", "behind", "missing", "repaired", "created", "deleted", "ahead", "unknown")
BESIDE = ("renamed", "unreadable")


def test_verified_is_the_sum_of_the_outcomes() -> None:
    everything = Verified(**{name: 10**place for place, name in enumerate((*COMPARED, *BESIDE))})
    assert everything.verified == 11_111_111
    assert everything.counts() == {"verified": 11_111_111, **asdict(everything)}


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
def test_a_repair_takes_precedence_over_a_finding(one: str | None, other: str, counts: str) -> None:
    assert higher_priority(one, other) == counts


@pytest.mark.parametrize(
    ("activity_at", "behind", "quiet"), [(100, False, True), (99, False, False), (100, True, False)]
)
def test_a_compared_contact_that_is_not_behind_is_quiet(activity_at: int, behind: bool, quiet: bool) -> None:
    assert Confirmation(verified_from=100).is_quiet(activity_at, behind=behind) is quiet
