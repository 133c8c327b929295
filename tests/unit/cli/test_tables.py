"""Runs and sweeps as tables: they fit 80 columns whatever stands in them, and lose nothing."""

import io
from typing import Any

import pytest
from rich.console import Console, RenderableType

from background_sync.rules.counts import TOTALLED
from background_sync_ops.cli import tables
from background_sync_ops.cli.output import console
from background_sync_ops.cli.verification import verification

NOW = 1_767_261_600_000
BIG = 123_456
HOSTILE = "[red]" + "\x1b[2J" + "k17d8x9q" * 8


def run(**changes: Any) -> dict[str, Any]:
    zero = dict.fromkeys(TOTALLED, 0)
    rest = {"workspace_id": "acme", "run_at": NOW, "status": "completed", "error": None, "duration_ms": 850}
    rest |= {"webhook": None, "deferred_why": None}
    return {**zero, **rest, **changes}


def sweep(**changes: Any) -> dict[str, Any]:
    zero = dict.fromkeys(TOTALLED, 0)
    counts = {
        "dispatched": 3,
        "completed": 2,
        "failed": 1,
        "skipped": 0,
        "skipped_why": {},
        "skipped_runs": 0,
    }
    return {**zero, "run_at": NOW, **counts, **changes}


def printed(renderable: RenderableType) -> str:
    out = io.StringIO()
    narrow = console()
    narrow.file, narrow.width = out, 80
    narrow.print(renderable)
    return out.getvalue()


LARGE = dict.fromkeys(TOTALLED, BIG)


@pytest.mark.parametrize(
    "table",
    [
        tables.sweep_runs([run(workspace_id=HOSTILE, **LARGE)], 10),
        tables.run_history([run(workspace_id=HOSTILE, **LARGE)]),
        tables.workspace_history([run(**LARGE, read_units=None, write_units=None)]),
        tables.sweep_history([sweep(**LARGE | {"dispatched": BIG, "completed": BIG})]),
        tables.sweep_facts(sweep(**LARGE | {"skipped_why": {"no_phone": BIG, "no_token": BIG}}), NOW),
        verification([run(workspace_id=HOSTILE, **LARGE)], "Sweep", "Workspace"),
        verification([sweep(**LARGE)], "Sweep"),
    ],
)
def test_it_fits_80_columns_and_cuts_no_number(table: RenderableType) -> None:
    text = printed(table)
    assert max(map(len, text.splitlines())) <= 80
    assert text.count(str(BIG)) >= 3
    assert "…" not in text
    assert "\x1b" not in text


def test_a_long_error_fits_80_columns() -> None:
    text = printed(tables.sweep_runs([run(status="failed", error=HOSTILE * 9)], 10))
    assert max(map(len, text.splitlines())) <= 80


def test_a_long_workspace_id_is_folded_and_not_cut() -> None:
    name = "workspace-" + "0123456789" * 6
    for table in (
        tables.sweep_runs([run(workspace_id=name)], 10),
        tables.run_history([run(workspace_id=name)]),
    ):
        header, *lines = printed(table).splitlines()
        start, end = header.index("Workspace"), header.index("Status")
        assert "".join(line[start:end].strip() for line in lines) == name


def test_outcomes_without_a_column_are_told_where_they_are_not_zero() -> None:
    text = printed(tables.sweep_runs([run(in_cooldown=3, invalid=1, superseded=None)], 10))
    assert "1 invalid, 3 in cooldown" in " ".join(text.split())
    assert "over the cap" not in text


def test_a_failed_run_shows_its_error_and_comes_first() -> None:
    runs = [
        run(workspace_id="good", flagged=50),
        run(workspace_id="bad", status="failed", error="KeyError: x"),
    ]
    lines = printed(tables.sweep_runs(runs, 10)).splitlines()
    assert lines[1].startswith("bad")
    assert lines[1].rstrip().endswith("KeyError: x")


def test_the_error_of_a_run_that_came_right_is_not_shown() -> None:
    assert "old" not in printed(tables.sweep_runs([run(error="old")], 10))


def test_more_runs_than_fit_are_counted() -> None:
    text = printed(tables.sweep_runs([run(workspace_id=f"w{number}") for number in range(12)], 10))
    assert "and 2 more" in text


def test_counts_that_are_not_there_yet_are_dashes() -> None:
    open_run = run(status="running", contacts_checked=None, stale_found=None, flagged=None, duration_ms=None)
    assert printed(tables.run_history([open_run])).splitlines()[1].split()[-4:] == ["-", "-", "-", "-"]


def test_a_sweep_says_what_came_of_it() -> None:
    text = printed(tables.sweep_facts(sweep(skipped=2, skipped_why={"no_phone": 2}), NOW + 300_000))
    assert "2026-01-01T10:00:00Z (5 min ago)" in text
    assert "3 dispatched, 2 skipped (2 no phone)" in text
    assert "2 completed, 1 failed" in text


def test_only_failed_runs_have_an_error_line() -> None:
    runs = [run(), run(workspace_id="a\nb", status="failed", error="KeyError: 'x'\nmore")]
    assert list(tables.run_errors(runs)) == [r"a\nb at 2026-01-01T10:00:00Z: KeyError: 'x'\nmore"]


def test_units_that_nobody_counted_are_called_unknown() -> None:
    assert (
        printed(tables.workspace_history([run(read_units=None, write_units=None)])).split()[-1] == "unknown"
    )
    assert printed(tables.workspace_history([run(read_units=4, write_units=12.5)])).split()[-1] == "4/12.5"


def test_states_have_colour_on_a_terminal() -> None:
    out = io.StringIO()
    Console(file=out, force_terminal=True, width=80, color_system="standard").print(
        tables.run_history([run()])
    )
    assert "\x1b[32mcompleted" in out.getvalue()
