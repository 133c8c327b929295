"""The report of the demo, and when it says that something is wrong."""

from dataclasses import replace
from typing import Any

import pytest

from background_sync_ops.cli.demo import print_story
from background_sync_ops.story import Day, PlainRule, Story, SweepResult, WebhookSwitchOff
from tests.unit.cli.printing import printed, words

FOUND = SweepResult(
    requests=5,
    behind=16,
    missing=2,
    verified=280,
    in_step=262,
    repaired=16,
    created=2,
    flagged=0,
    confirmed_quiet=374,
    webhook="active",
    found=18,
    left_behind=0,
    others_changed=0,
    recall=1.0,
    precision=1.0,
)
NOTHING_MISSED = replace(
    FOUND, behind=0, missing=0, repaired=0, created=0, found=0, recall=None, precision=None, verified=9
)
STORY = Story(
    seed=1,
    loss=0.05,
    contacts=400,
    first_sweep=NOTHING_MISSED,
    day=Day(people=280, messages=829, arrived=782, lost=47, people_with_losses=43),
    sweep=FOUND,
    plain_rule=PlainRule(flagged=374, really_missed=16, not_in_crm=2),
    webhook_switch_off=WebhookSwitchOff(
        failed_deliveries=40,
        missed_messages=80,
        sweep_while_off=replace(FOUND, webhook="off"),
        delivered_after_resume=10,
        sweep_after_resume=NOTHING_MISSED,
    ),
)


def report(**changes: Any) -> str:
    return words(printed(lambda out: print_story(replace(STORY, **changes), out)))


@pytest.mark.parametrize(
    "changes",
    [
        {"sweep": replace(FOUND, left_behind=1, recall=0.9999)},
        {"webhook_switch_off": replace(STORY.webhook_switch_off, sweep_while_off=FOUND)},
        {"day": replace(STORY.day, lost=46)},
    ],
    ids=["a contact left behind", "a webhook not seen to be off", "a webhook not accounted for"],
)
def test_the_report_says_whether_something_is_wrong(changes: dict[str, Any]) -> None:
    assert STORY.ok
    assert "Everything that was missed was repaired, and no other contact was changed." in report()
    assert not replace(STORY, **changes).ok
    assert "Something is wrong" in report(**changes)


def test_recall_is_100_percent_only_if_everything_was_found() -> None:
    assert "Recall 99.9 %" in report(sweep=replace(FOUND, left_behind=1, recall=0.9999))
    assert "Recall no one was missed" in report(sweep=NOTHING_MISSED)
