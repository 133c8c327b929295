"""A sweep is compared with what was really missed."""

from decimal import Decimal
from typing import Any

import pytest

from background_sync.rules.contact import GRACE_MS
from background_sync.rules.policy import HOUR_MS
from background_sync_ops.story.results import SweepResult, sweep_result
from background_sync_ops.story.truth import Missed, SweepEffect, find_missed, stale_by_plain_rule

AT = 1_767_261_600_000
RUN = {"verified": 3, "in_step": 1, "repaired": 1, "created": 1, "flagged": None, "confirmed_quiet": 0}
MISSED = Missed(behind=frozenset({"behind"}), missing=frozenset({"new"}))
IN_KAPSO = {"behind": AT - HOUR_MS, "new": AT - HOUR_MS, "in step": AT - HOUR_MS}


def contact(at: int, **more: int) -> dict[str, Any]:
    return {name: Decimal(value) for name, value in {"last_activity_at": at, **more}.items()}


BEFORE = {"behind": contact(AT - 9 * HOUR_MS), "in step": contact(AT - HOUR_MS)}
REPAIRED = {
    "behind": contact(AT - HOUR_MS, repaired_at=AT),
    "new": contact(AT - HOUR_MS, repaired_at=AT),
    "in step": BEFORE["in step"],
}


def result(after: dict[str, dict[str, Any]], **run: Any) -> SweepResult:
    counts = {**RUN, "webhook": "active", **run}
    return sweep_result(counts, 3, SweepEffect(AT, BEFORE, after), MISSED, IN_KAPSO)


def test_contacts_with_an_older_activity_are_behind_and_unknown_ones_are_missing() -> None:
    in_crm = {"behind": AT - 9 * HOUR_MS, "in step": AT - HOUR_MS + 5, "quiet": AT - 99 * HOUR_MS}
    assert find_missed(IN_KAPSO, in_crm) == MISSED


def test_a_difference_within_the_grace_is_not_a_miss() -> None:
    assert find_missed({"a": AT}, {"a": AT - GRACE_MS}).all == frozenset()
    assert find_missed({"a": AT}, {"a": AT - GRACE_MS - 1}).behind == {"a"}


def test_a_sweep_is_ok_if_it_repaired_everything_and_changed_nothing_else() -> None:
    sweep = result(REPAIRED)
    assert sweep.ok
    assert (sweep.recall, sweep.precision, sweep.found) == (1.0, 1.0, 2)
    assert (sweep.left_behind, sweep.others_changed) == (0, 0)


@pytest.mark.parametrize(
    ("change", "run", "expected"),
    [
        ({"behind": BEFORE["behind"]}, {"repaired": 0}, {"recall": 0.5, "left_behind": 1}),
        ({"in step": contact(AT - HOUR_MS, flagged_at=AT)}, {}, {"precision": 2 / 3, "others_changed": 1}),
        ({"in step": contact(AT)}, {}, {"others_changed": 1}),
        ({"in step": None}, {}, {"others_changed": 1}),
        ({}, {"repaired": 2}, {"others_changed": 0}),
    ],
    ids=["left behind", "flagged", "another changed", "another disappeared", "counted wrongly"],
)
def test_a_sweep_that_repaired_or_changed_anything_else_is_not_ok(
    change: dict[str, Any], run: dict[str, Any], expected: dict[str, float]
) -> None:
    after = {name: record for name, record in {**REPAIRED, **change}.items() if record is not None}
    sweep = result(after, **run)
    assert not sweep.ok
    assert {name: getattr(sweep, name) for name in expected} == expected


def test_recall_and_precision_are_null_if_no_one_was_missed() -> None:
    counts = {**RUN, "repaired": 0, "created": 0, "webhook": None}
    no_one, in_kapso = Missed(frozenset(), frozenset()), {"in step": AT - HOUR_MS}
    sweep = sweep_result(counts, 2, SweepEffect(AT, BEFORE, BEFORE), no_one, in_kapso)
    assert sweep.ok
    assert sweep.recall is sweep.precision is None


def test_the_plain_rule_flags_every_open_contact_that_is_quiet() -> None:
    contacts: dict[str, dict[str, Any]] = {
        "quiet": contact(AT - 2 * HOUR_MS),
        "fresh": contact(AT - HOUR_MS // 2),
        "closed": {**contact(AT - 2 * HOUR_MS), "lead_status": "archived"},
        "invalid": {"last_activity_at": "yesterday"},
    }
    assert stale_by_plain_rule(contacts, AT) == {"quiet"}
