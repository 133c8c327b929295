"""Runs and sweeps as tables."""

from typing import Any

import pytest
from rich.console import RenderableType

from background_sync.rules.counts import TOTALLED
from background_sync_ops.cli import tables
from background_sync_ops.cli.verification import COMPARED, VERIFICATION, sentences, verification, verified
from tests.unit.cli.printing import rendered, words

NOW = 1_767_261_600_000  # 2026-01-01T10:00:00Z
HOSTILE = "[red]" + "\x1b[2J" + "k17d8x9q" * 8
LARGE = dict.fromkeys(TOTALLED, 123_456)
COMPARED_COUNTS = {"verified": 12, "in_step": 8, "repaired": 3, "created": 1}


def run(**changes: Any) -> dict[str, Any]:
    zero = dict.fromkeys(TOTALLED, 0)
    rest = {"workspace_id": "acme", "run_at": NOW, "status": "completed", "error": None, "duration_ms": 850}
    return {**zero, **rest, "webhook": None, "webhook_missing": None, "deferred_why": None, **changes}


def sweep(**changes: Any) -> dict[str, Any]:
    zero = dict.fromkeys(TOTALLED, 0)
    counts = {"dispatched": 3, "completed": 2, "failed": 1, "skipped": 0, "skipped_runs": 0}
    return {**zero, "run_at": NOW, **counts, "skipped_why": {}, **changes}


@pytest.mark.parametrize(
    "table",
    [
        tables.sweep_runs([run(workspace_id=HOSTILE, **LARGE)], 10),
        tables.run_history([run(workspace_id=HOSTILE, **LARGE)]),
        tables.workspace_history([run(**LARGE, read_units=None, write_units=None)]),
        tables.sweep_history([sweep(**LARGE)]),
        tables.sweep_facts(sweep(**LARGE | {"skipped_why": {HOSTILE: 1}}), NOW),
        verification([run(workspace_id=HOSTILE, **LARGE)], "Sweep", "Workspace"),
    ],
)
def test_tables_cut_no_number_and_neutralise_terminal_escapes(table: RenderableType) -> None:
    text = rendered(table)
    assert text.replace("\n", "").isprintable()
    assert "…" not in text


def test_every_count_is_shown_and_none_twice() -> None:
    shown = {*tables.COLUMNS.values(), *tables.OTHER_OUTCOMES, *VERIFICATION, "fresh"}
    assert shown == set(TOTALLED)
    assert not set(tables.OTHER_OUTCOMES) & set(VERIFICATION)
    assert set(COMPARED) < set(VERIFICATION)


LONG = "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: dynamodb:PutItem on resource: y"
REFUSED = "An error occurred ({}) on request (AB1) on table (x) when calling the PutItem operation: {}"


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        ("ClientError: " + REFUSED.format("AccessDenied", LONG), "AWS refused PutItem: AccessDenied"),
        ("PutError: " + REFUSED.format("Invalid", "too big"), "AWS refused PutItem: Invalid: too big"),
        ("KeyError: 'x'", "KeyError: 'x'"),
    ],
)
def test_an_error_of_aws_is_shortened_to_its_reason(error: str, shown: str) -> None:
    failed = run(status="failed", error=error)
    assert [*tables.run_errors([failed])] == [f"acme at 2026-01-01T10:00:00Z: {shown}"]
    assert words(rendered(tables.sweep_runs([failed], 10))).endswith(shown)


def test_a_failed_run_comes_first_and_shows_its_error() -> None:
    runs = [
        run(workspace_id="good", flagged=50, error="of an earlier attempt"),
        run(workspace_id="bad\n", status="failed", error="KeyError: 'x'\nmore"),
    ]
    text = rendered(tables.sweep_runs(runs, 10))
    assert text.splitlines()[1].startswith("bad")
    assert r"KeyError: 'x'\nmore" in text
    assert "earlier" not in text
    assert list(tables.run_errors(runs)) == [r"bad\n at 2026-01-01T10:00:00Z: KeyError: 'x'\nmore"]


def test_outcomes_without_a_column_are_shown_if_they_are_not_zero() -> None:
    text = words(rendered(tables.sweep_runs([run(in_cooldown=3, invalid=1, superseded=None)], 10)))
    assert "1 invalid, 3 in cooldown" in text
    assert "over the cap" not in text


def test_kapso_is_not_mentioned_if_nothing_was_compared() -> None:
    assert verified([run(), sweep()]) == []
    assert "erified" not in rendered(tables.sweep_runs([run()], 10))
    assert "Kapso" not in rendered(tables.sweep_facts(sweep(), NOW))


def test_a_sweep_shows_the_results_of_comparing_with_kapso() -> None:
    counts = {**COMPARED_COUNTS, "deferred": 2, "failed_deliveries": 4, "webhook_off": 5}
    text = words(rendered(tables.sweep_facts(sweep(**counts), NOW)))
    assert "Kapso 12 verified: 8 in step, 3 repaired, 1 created 2 deferred" in text
    assert "4 failed deliveries" in text
    assert "2 deferred, 5 without a working webhook" in words(
        rendered(verification([sweep(**counts)], "Sweep"))
    )
    assert list(sentences(sweep(deferred=1))) == ["0 verified", "1 deferred"]


def test_runs_with_problems_of_verification_come_first_and_say_them() -> None:
    runs = [
        run(workspace_id="well", **COMPARED_COUNTS, webhook="active"),
        run(workspace_id="off", verified=1, behind=1, webhook="off", webhook_off=1),
        run(workspace_id="none", webhook="none", webhook_off=1),
        run(workspace_id="partly", webhook="incomplete", webhook_missing="x.sent", webhook_off=1),
        run(workspace_id="late", deferred=1, deferred_why="budget_spent"),
        run(workspace_id="plain"),
    ]
    _, _, below = rendered(tables.sweep_runs(runs, 10)).partition("\n\n")
    assert [words(line) for line in below.splitlines()[1:]] == [
        "late 0 0 0 0 deferred: budget spent",
        "off 1 0 0 0 webhook off, 1 behind",
        "none 0 0 0 0 no webhook",
        "partly 0 0 0 0 webhook without x.sent",
        "well 12 8 3 1",
    ]
