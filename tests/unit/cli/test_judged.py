"""Contacts as the rules judge them at one moment."""

from decimal import Decimal
from typing import Any

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS, Policy
from background_sync_ops.contacts import Judge

NOW = 1_767_261_600_000


def judged(policy: Policy | None = None, **record: Any) -> dict[str, Any]:
    return Judge(NOW, policy or Policy()).document({"contact_id": "628", **record})


def at(age_ms: int) -> Decimal:
    return Decimal(NOW - age_ms)


@pytest.mark.parametrize(
    ("record", "verdict", "stale"),
    [
        ({"last_activity_at": at(HOUR_MS)}, "fresh", False),
        ({"last_activity_at": at(HOUR_MS + 1)}, "due", True),
        ({"last_activity_at": at(2 * HOUR_MS), "flagged_at": at(HOUR_MS)}, "cooling", True),
        ({"last_activity_at": at(2 * HOUR_MS), "flagged_at": at(DAY_MS)}, "due", True),
        ({"last_activity_at": at(2 * HOUR_MS), "lead_status": "converted"}, "closed", False),
        ({"last_activity_at": "yesterday"}, "unreadable", False),
        ({}, "unreadable", False),
    ],
)
def test_it_is_judged_by_the_rules(record: dict[str, Any], verdict: str, stale: bool) -> None:
    document = judged(**record)
    assert (document["verdict"], document["stale"]) == (verdict, stale)


def test_the_workspaces_own_policy_counts() -> None:
    patient = Policy(stale_threshold_ms=DAY_MS)
    assert not judged(patient, last_activity_at=at(2 * HOUR_MS))["stale"]


def test_the_last_activity_is_that_of_the_rules() -> None:
    assert judged(updated_at=at(5), created_at=at(9))["last_activity"] == NOW - 5
    assert judged(last_activity_at=Decimal(0), created_at=at(9))["last_activity"] == NOW - 9
    assert judged()["last_activity"] is None


def test_a_cooldown_that_is_on_has_an_end() -> None:
    assert judged(flagged_at=at(HOUR_MS))["cooldown_until"] == NOW - HOUR_MS + DAY_MS


@pytest.mark.parametrize("flagged_at", [None, Decimal(0), at(DAY_MS), "yesterday", Decimal(-1), True])
def test_a_cooldown_that_is_over_or_never_was_has_none(flagged_at: object) -> None:
    assert judged(flagged_at=flagged_at)["cooldown_until"] is None


def test_why_it_is_unreadable_is_told() -> None:
    assert "last_activity_at is not a time" in judged(last_activity_at="x")["unreadable_because"]
    assert judged(last_activity_at=at(1))["unreadable_because"] is None
