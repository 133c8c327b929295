"""The page of the demo's numbers."""

import io
from dataclasses import replace
from typing import Any

from background_sync_ops.cli.demo import print_story
from background_sync_ops.cli.output import console
from background_sync_ops.story import Day, Found, Outage, PlainRule, Story

WELL = Found(
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
    others_touched=0,
    recall=1.0,
    precision=1.0,
)
NOTHING = replace(
    WELL, behind=0, missing=0, repaired=0, created=0, found=0, recall=None, precision=None, verified=9
)
DARK = replace(WELL, webhook="off")
STORY = Story(
    seed=1,
    loss=0.05,
    contacts=400,
    before=NOTHING,
    day=Day(people=280, messages=829, arrived=782, lost=47, people_hit=43),
    sweep=WELL,
    plain_rule=PlainRule(flagged=374, really_missed=16, invisible=2),
    outage=Outage(refused=40, unheard=80, sweep=DARK, heard_again=10, later=NOTHING),
)


def page(**changes: Any) -> str:
    out = io.StringIO()
    narrow = console()
    narrow.file, narrow.width = out, 80
    print_story(replace(STORY, **changes), narrow)
    assert max(map(len, out.getvalue().splitlines())) <= 80
    return " ".join(out.getvalue().split())


def test_it_tells_the_story() -> None:
    text = page()
    assert "782 arrived, 47 lost" in text
    assert "18 people: 16 behind, 2 not in the CRM at all" in text
    assert "25 others lost one webhook, but a later one arrived" in text
    assert "16 repaired, 2 created" in text
    assert "Recall 100 %" in text
    assert "374 contacts; only 16 of them had been missed" in text
    assert "the 2 people who are not in the CRM" in text
    assert "webhook off" in text
    assert "Everything that was missed was repaired, and no other contact was changed." in text


def test_what_is_not_well_is_not_called_so() -> None:
    text = page(sweep=replace(WELL, left_behind=1, recall=0.9999))
    assert not replace(STORY, sweep=replace(WELL, left_behind=1)).well
    assert "Recall 99.9 %" in text
    assert "Something is wrong" in text


def test_a_webhook_that_was_not_seen_to_be_off_is_not_well() -> None:
    assert STORY.well
    assert not replace(STORY, outage=replace(STORY.outage, sweep=WELL)).well


def test_a_webhook_that_is_not_accounted_for_is_not_well() -> None:
    assert not replace(STORY, day=replace(STORY.day, lost=46)).well


def test_where_nobody_was_missed_there_is_no_share_to_tell() -> None:
    text = page(sweep=NOTHING, day=replace(STORY.day, people_hit=0))
    assert "Recall no one was missed" in text
    assert "a later one arrived" not in text
