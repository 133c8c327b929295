"""What was missed is known from what was said and heard, and a sweep is held against it."""

from decimal import Decimal
from typing import Any

import pytest

from background_sync.rules.contact import GRACE_MS
from background_sync.rules.policy import HOUR_MS
from background_sync_ops.story.numbers import Found, found
from background_sync_ops.story.truth import Effect, Missed, missed, plainly_stale

AT = 1_767_261_600_000
RUN = {"verified": 3, "in_step": 1, "repaired": 1, "created": 1, "flagged": None, "confirmed_quiet": 0}
PLANTED = Missed(frozenset({"late"}), frozenset({"new"}))
SAID = {"late": AT - HOUR_MS, "new": AT - HOUR_MS, "well": AT - HOUR_MS}


def contact(at: int, **more: int) -> dict[str, Any]:
    return {name: Decimal(value) for name, value in {"last_activity_at": at, **more}.items()}


BEFORE = {"late": contact(AT - 9 * HOUR_MS), "well": contact(AT - HOUR_MS)}
MENDED = {
    "late": contact(AT - HOUR_MS, repaired_at=AT),
    "new": contact(AT - HOUR_MS, repaired_at=AT),
    "well": BEFORE["well"],
}


def judged(after: dict[str, dict[str, Any]], **run: Any) -> Found:
    counts = {**RUN, "webhook": "active", **run}
    return found(counts, 3, Effect(AT, BEFORE, after), PLANTED, SAID)


def test_whose_newest_message_was_not_heard_is_behind_and_who_was_never_heard_is_missing() -> None:
    heard = {"late": AT - 9 * HOUR_MS, "well": AT - HOUR_MS + 5, "quiet": AT - 99 * HOUR_MS}
    assert missed(SAID, heard) == PLANTED


def test_a_difference_within_the_grace_is_no_miss() -> None:
    assert missed({"a": AT}, {"a": AT - GRACE_MS}).everybody == frozenset()
    assert missed({"a": AT}, {"a": AT - GRACE_MS - 1}).behind == {"a"}


def test_all_mended_and_nobody_else_touched_is_well() -> None:
    numbers = judged(MENDED)
    assert numbers.well
    assert (numbers.recall, numbers.precision, numbers.found) == (1.0, 1.0, 2)
    assert (numbers.left_behind, numbers.others_touched) == (0, 0)


def test_somebody_left_behind_is_not_well() -> None:
    numbers = judged({**MENDED, "late": BEFORE["late"]}, repaired=0)
    assert not numbers.well
    assert (numbers.recall, numbers.left_behind) == (0.5, 1)


def test_somebody_flagged_who_was_not_missed_is_not_well() -> None:
    numbers = judged({**MENDED, "well": contact(AT - HOUR_MS, flagged_at=AT)})
    assert not numbers.well
    assert (numbers.precision, numbers.others_touched) == (2 / 3, 1)


def test_somebody_touched_without_a_stamp_or_gone_is_not_well() -> None:
    for after in ({**MENDED, "well": contact(AT)}, {"late": MENDED["late"], "new": MENDED["new"]}):
        assert judged(after).others_touched == 1
        assert not judged(after).well


def test_what_the_run_counted_must_be_what_was_missed() -> None:
    assert not judged(MENDED, repaired=2).well


def test_the_plain_rule_takes_everybody_who_is_quiet_and_open() -> None:
    contacts: dict[str, dict[str, Any]] = {
        "quiet": contact(AT - 2 * HOUR_MS),
        "fresh": contact(AT - HOUR_MS // 2),
        "closed": {**contact(AT - 2 * HOUR_MS), "lead_status": "archived"},
        "unreadable": {"last_activity_at": "yesterday"},
    }
    assert plainly_stale(contacts, AT) == {"quiet"}


@pytest.mark.parametrize("after", [BEFORE])
def test_where_nobody_was_missed_there_is_no_share(after: dict[str, dict[str, Any]]) -> None:
    nobody = Missed(frozenset(), frozenset())
    counts = {**RUN, "repaired": 0, "created": 0, "webhook": None}
    numbers = found(counts, 2, Effect(AT, BEFORE, after), nobody, {"well": AT - HOUR_MS})
    assert numbers.well
    assert numbers.recall is numbers.precision is None
