"""The bar chart of the last sweeps."""

from typing import Any

import pytest

from background_sync.rules.policy import HOUR_MS
from background_sync.status.page.chart import Amounts, chart
from background_sync.status.page.words import NONE
from tests.unit.page.test_html import Reader

NOW = 1_767_225_600_000
SHARES, TOTALS = Amounts(public_totals=False), Amounts(public_totals=True)


def sweep(hours_ago: int = 0, **values: Any) -> dict[str, Any]:
    found = {"contacts_checked": 200, "stale_found": 50, "flagged": 10, "repaired": 1, "created": 1}
    runs = {"dispatched": 4, "completed": 4, "failed": 0, "deferred": 0, "finished": True}
    return {"run_at": NOW - hours_ago * HOUR_MS, **found, **runs, **values}


def test_without_public_totals_the_chart_has_only_shares() -> None:
    text = Reader(chart([sweep(contacts_checked=98_765, stale_found=12_345, dispatched=4_321)], SHARES)).text
    assert not [number for number in ("98", "345", "321") if number in text]
    assert "1 Jan 00:00: 25 % stale, 5 % flagged, 1 % repaired<" in chart([sweep()], SHARES)
    assert "1 Jan 00:00: 50 stale, 10 flagged, 2 repaired<" in chart([sweep()], TOTALS)


def test_failed_runs_are_shown_and_explained_only_if_there_are_some() -> None:
    drawn = chart([sweep(failed=1, finished=False)], SHARES)
    assert "; 25 % of the runs failed; not finished<" in drawn
    assert "Some runs failed" in drawn
    assert "ailed" not in chart([sweep()], SHARES).replace("Failed runs", "")


def test_the_chart_and_the_table_show_the_newest_48_sweeps() -> None:
    drawn = chart([sweep(number) for number in range(60)], SHARES)
    assert (drawn.count('class="slot"'), drawn.count("<tr>")) == (48, 49)
    assert drawn.index("30 Dec 01:00:") < drawn.index("1 Jan 00:00:")


def test_the_chart_says_that_there_is_no_sweep_yet() -> None:
    assert "No sweep yet" in chart([], SHARES)


@pytest.mark.parametrize("amounts", [SHARES, TOTALS])
def test_what_a_sweep_found_is_not_known_if_all_its_runs_failed(amounts: Amounts) -> None:
    nothing = {"contacts_checked": 0, "stale_found": 0, "flagged": 0, "repaired": 0, "created": 0}
    text = Reader(chart([sweep(completed=0, failed=4, **nothing)], amounts)).text
    assert f"{NONE} stale, {NONE} flagged, {NONE} repaired; " in text
    assert "0 % stale" not in text


@pytest.mark.parametrize(
    ("amounts", "highest", "top"),
    [(SHARES, 0, 0.01), (SHARES, 0.41, 0.6), (SHARES, 1.0, 1.0), (TOTALS, 0, 2), (TOTALS, 123_456, 200_000)],
)
def test_a_scale_ends_at_a_round_number(amounts: Amounts, highest: float, top: float) -> None:
    assert amounts.top([0, highest]) == top


def test_the_smallest_amount_is_visible() -> None:
    drawn = chart([sweep(contacts_checked=10**6, stale_found=1, flagged=0)], SHARES)
    assert 'class="stale" x="111" y="136.5" width="8" height="1.5"' in drawn


@pytest.mark.parametrize("number", [10**40, -(10**40), 1e40, 0.5])
@pytest.mark.parametrize("amounts", [SHARES, TOTALS])
def test_any_stored_number_is_drawn(amounts: Amounts, number: float) -> None:
    names = ("run_at", "contacts_checked", "stale_found", "flagged", "repaired", "failed", "dispatched")
    for name in names:
        assert "</svg>" in chart([{**sweep(), name: number}], amounts)
