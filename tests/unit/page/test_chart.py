"""The strip of the last sweeps, the lanes below it, and the table."""

import re
from typing import Any

import pytest

from background_sync.rules.policy import HOUR_MS
from background_sync.status.page.chart import Amounts, chart, missed
from background_sync.status.page.html import Html
from background_sync.status.page.words import NONE
from tests.unit.page.test_html import Reader

NOW = 1_767_225_600_000
SHARES, TOTALS = Amounts(public_totals=False), Amounts(public_totals=True)
FOUND = ("contacts_checked", "stale_found", "flagged", "repaired", "created", "behind", "missing", "verified")
NOTHING = dict.fromkeys((*FOUND, "confirmed_quiet"), 0)


def sweep(hours_ago: float = 0, **values: Any) -> dict[str, Any]:
    found = {
        "contacts_checked": 200,
        "stale_found": 50,
        "flagged": 10,
        "repaired": 1,
        "created": 1,
        "verified": 9,
    }
    runs = {"dispatched": 4, "completed": 4, "failed": 0, "deferred": 0, "finished": True}
    return {"run_at": NOW - int(hours_ago * HOUR_MS), **NOTHING, **found, **runs, **values}


def drawn(*sweeps: dict[str, Any], amounts: Amounts = SHARES, now: int = NOW) -> Html:
    return chart(sweeps, amounts, now, HOUR_MS)


def titles(html: Html) -> list[str]:
    """What the ticks say, the oldest first."""
    return re.findall(r"<g><title>(.*?)</title>", html)


def ticks(html: Html, kind: str) -> int:
    strip = html.partition("</svg><div")[0].partition('role="img"')[2]
    return sum(path.count("M") for path in re.findall(rf'd="([^"]*)" class="{kind}"', strip))


def test_without_public_totals_the_chart_has_only_shares() -> None:
    text = Reader(drawn(sweep(contacts_checked=98_765, stale_found=12_345, dispatched=4_321))).text
    assert not [number for number in ("98", "345", "321") if number in text]
    found = "1 % repaired; 0 % not repaired; 5 % flagged; 25 % quiet"
    assert titles(drawn(sweep())) == [f"1 Jan 00:00: passed; {found}"]
    found = "2 repaired; 0 not repaired; 10 flagged; 50 quiet"
    assert titles(drawn(sweep(), amounts=TOTALS)) == [f"1 Jan 00:00: passed; {found}"]


@pytest.mark.parametrize(
    ("changed", "kind", "words"),
    [
        ({}, "passed", "passed"),
        ({"completed": 0, "failed": 4}, "failed", "100 % of the runs failed"),
        ({"completed": 3, "failed": 1}, "failed", "25 % of the runs failed"),
        ({"deferred": 4}, "deferred", "100 % of the runs deferred"),
        ({"completed": 2, "finished": False}, "open", "not finished"),
    ],
)
def test_each_outcome_has_its_own_tick_and_words(changed: dict[str, Any], kind: str, words: str) -> None:
    html = drawn(sweep(**changed))
    assert titles(html)[0].startswith(f"1 Jan 00:00: {words}; ")
    assert ticks(html, kind) == 1
    assert (ticks(html, "passed") == 1) == (kind == "passed" or "25 %" in words)


def test_the_height_of_failed_runs_is_their_share_and_one_of_many_is_visible() -> None:
    assert 'd="M111 0h8v40h-8z" class="failed"' in drawn(sweep(completed=0, failed=4))
    assert 'd="M111 37h8v3h-8z" class="failed"' in drawn(sweep(dispatched=2000, completed=1999, failed=1))


def test_the_chart_and_the_table_show_the_newest_48_sweeps() -> None:
    html = drawn(*(sweep(number) for number in range(60)))
    assert (len(titles(html)), html.count("<tr>")) == (48, 49)
    assert html.index("30 Dec 01:00:") < html.index("1 Jan 00:00:")


def test_an_interval_without_a_sweep_has_a_tick_of_its_own() -> None:
    html = drawn(sweep(0), sweep(3), sweep(4))
    assert [each.partition(";")[0] for each in titles(html)] == [
        "31 Dec 20:00: passed",
        "31 Dec 21:00: passed",
        "31 Dec 22:00: missing",
        "31 Dec 23:00: missing",
        "1 Jan 00:00: passed",
    ]
    assert "2 missing" in Reader(html).text
    assert "missing" not in drawn(sweep(0), sweep(1), sweep(1.4))


def test_sweeps_that_are_overdue_are_missing_and_one_in_time_is_not() -> None:
    assert ticks(drawn(sweep(), now=NOW + HOUR_MS), "missing") == 0
    assert ticks(drawn(sweep(), now=NOW + 4 * HOUR_MS), "missing") == 3
    assert ticks(drawn(sweep(), now=NOW + 10**6 * HOUR_MS), "missing") == 48


def test_the_axis_names_the_times_at_which_its_quarters_begin() -> None:
    axis = Reader(drawn(*(sweep(number) for number in range(48))).partition('class="axis"')[2]).text
    assert re.search(r"30 Dec 01:00.*30 Dec 13:00.*31 Dec 01:00.*31 Dec 13:00.*now", axis)


def test_the_chart_says_that_there_is_no_sweep_yet() -> None:
    assert "No sweep yet" in drawn()


@pytest.mark.parametrize("amounts", [SHARES, TOTALS])
def test_what_a_sweep_found_is_not_known_if_all_its_runs_failed(amounts: Amounts) -> None:
    [title] = titles(drawn(sweep(completed=0, failed=4, **NOTHING), amounts=amounts))
    assert title.endswith(f"{NONE} repaired; {NONE} not repaired; {NONE} flagged; {NONE} quiet")


def test_what_webhooks_missed_is_not_known_if_kapso_could_not_be_asked() -> None:
    [title] = titles(drawn(sweep(deferred=4, verified=0)))
    assert f"{NONE} repaired; {NONE} not repaired; 5 % flagged" in title


@pytest.mark.parametrize(
    ("sweeps", "words"),
    [
        ([NOTHING], "Nothing was compared with Kapso"),
        ([{**NOTHING, "verified": 3}], "No sweep found anything"),
        (
            [{**NOTHING, "created": 1}, NOTHING],
            "In 1 of 2 sweeps, webhooks had missed something; all of it was rep",
        ),
        ([{**NOTHING, "behind": 1}, {**NOTHING, "repaired": 2}], "In 2 of 2 .* some of it was only reported"),
    ],
)
def test_the_chart_says_what_webhooks_missed(sweeps: list[dict[str, int]], words: str) -> None:
    assert re.match(words, missed(sweeps))


@pytest.mark.parametrize(
    ("amounts", "highest", "top"),
    [(SHARES, 0, 0.01), (SHARES, 0.41, 0.6), (SHARES, 1.0, 1.0), (TOTALS, 0, 2), (TOTALS, 123_456, 200_000)],
)
def test_a_scale_ends_at_a_round_number(amounts: Amounts, highest: float, top: float) -> None:
    assert amounts.top([0, highest]) == top


@pytest.mark.parametrize("number", [10**40, -(10**40), 1e40, 0.5])
@pytest.mark.parametrize("amounts", [SHARES, TOTALS])
def test_any_stored_number_is_drawn(amounts: Amounts, number: float) -> None:
    for name in ("run_at", "dispatched", "completed", "failed", "deferred", *FOUND):
        assert "</svg>" in drawn({**sweep(), name: number}, amounts=amounts)
