"""The equations between the counts of a run."""

from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.records.runs import Outcomes
from background_sync.rules.contact import Confirmation
from background_sync.rules.counts import TOTALLED, Flagging, Survey, Verified, higher_priority, run_counts

few = st.integers(0, 500)
surveys = st.builds(Survey, fresh=few, closed_leads=few, invalid=few, in_cooldown=few, due=few)
OUTCOMES = ["flagged", "reported", "in_cooldown", "lost_race", "unwritable", "invalid"]
outcomes_of_some = st.lists(st.sampled_from(OUTCOMES), max_size=80)


@given(surveys, outcomes_of_some)
def test_the_counts_of_a_run_add_up(survey: Survey, outcomes: list[str]) -> None:
    flagging = Flagging()
    for outcome in outcomes[: survey.due]:
        flagging = flagging.after(outcome, stale=True)
    counts = run_counts(survey, flagging)
    checked = ("fresh", "closed_leads", "invalid", "stale_found")
    stale = ("flagged", "in_cooldown", "over_cap", "lost_race", "unwritable")
    assert counts["contacts_checked"] == sum(counts[name] for name in checked)
    assert counts["stale_found"] == sum(counts[name] for name in stale)
    assert min(counts.values()) >= 0
    met = survey.fresh + survey.closed_leads + survey.invalid + survey.in_cooldown + survey.due
    assert counts["contacts_checked"] == met
    assert flagging.tried == len(outcomes[: survey.due])
    assert counts["over_cap"] == survey.due - len(outcomes[: survey.due])


@given(surveys, outcomes_of_some, outcomes_of_some)
def test_reports_of_fresh_ones_count_apart(survey: Survey, stale: list[str], not_stale: list[str]) -> None:
    flagging = Flagging()
    for outcome in stale[: survey.due]:
        flagging = flagging.after(outcome, stale=True)
    alone = run_counts(survey, flagging)
    for outcome in not_stale:
        flagging = flagging.after(outcome, stale=False)
    both = run_counts(survey, flagging)
    reported = both.pop("reported") - alone.pop("reported")
    assert both == alone
    assert reported == not_stale.count("reported")
    flags = [each for each in stale[: survey.due] + not_stale if each in ("flagged", "reported")]
    assert flagging.flags == len(flags)


def test_a_sweep_totals_every_count_of_a_run() -> None:
    counts = {*run_counts(Survey(), Flagging()), *Verified().counts(), "deferred"}
    assert counts <= set(TOTALLED)


def test_every_count_is_stored_and_explained_in_the_runbook() -> None:
    runbook = (Path(__file__).parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")
    assert set(TOTALLED) <= set(vars(Outcomes))
    assert [
        name for name in TOTALLED if f"`{name}`" not in runbook.partition("What the counts mean")[2]
    ] == []


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
