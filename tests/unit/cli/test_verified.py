"""What comparing with Kapso came to: shown where there was any, and nothing of it where there was none."""

import pytest

from background_sync.rules.counts import TOTALLED
from background_sync_ops.cli import tables
from background_sync_ops.cli.verification import COMPARED, VERIFICATION, sentences, verification, verified
from tests.unit.cli.test_tables import NOW, printed, run, sweep

COUNTS = {"verified": 12, "in_step": 8, "repaired": 3, "created": 1}


def words(text: str) -> str:
    return " ".join(text.split())


def test_where_nobody_verifies_nothing_of_it_is_shown() -> None:
    assert verified([run(), sweep()]) == []
    assert "erified" not in printed(tables.sweep_runs([run()], 10))
    assert "Kapso" not in printed(tables.sweep_facts(sweep(), NOW))


def test_a_workspace_that_verified_nobody_is_shown_by_its_webhook() -> None:
    assert verified([run(webhook="active")]) != []


def test_a_sweep_tells_what_became_of_whom_it_compared() -> None:
    text = words(printed(tables.sweep_facts(sweep(**COUNTS, deferred=2, failed_deliveries=4), NOW)))
    assert "Kapso 12 verified: 8 in step, 3 repaired, 1 created 2 deferred, 4 failed deliveries" in text


def test_nobody_verified_is_told_too_where_all_was_deferred() -> None:
    assert list(sentences(sweep(deferred=1))) == ["0 verified", "1 deferred"]


def test_the_runs_of_a_sweep_have_a_table_of_it_with_deferred_and_dark_ones_first() -> None:
    runs = [
        run(workspace_id="well", **COUNTS, webhook="active"),
        run(workspace_id="dark", verified=1, in_step=1, webhook="off", webhook_off=1),
        run(workspace_id="late", deferred=1, deferred_why="budget_spent"),
        run(workspace_id="plain"),
    ]
    _, _, below = printed(tables.sweep_runs(runs, 10)).partition("\n\n")
    header, *lines = below.splitlines()
    assert header.split() == ["Workspace", "Verified", "In", "step", "Repaired", "Created", "Remarks"]
    assert [words(line) for line in lines] == [
        "late 0 0 0 0 deferred: budget spent",
        "dark 1 1 0 0 webhook off",
        "well 12 8 3 1",
    ]


@pytest.mark.parametrize(("webhook", "remark"), [("off", "webhook off"), ("none", "no webhook")])
def test_a_run_says_what_is_wrong_with_its_webhooks(webhook: str, remark: str) -> None:
    text = printed(verification([run(webhook=webhook, webhook_off=1, behind=2)], "Workspace"))
    assert f"{remark}, 2 behind" in words(text)


def test_a_sweep_says_how_many_are() -> None:
    text = printed(verification([sweep(**COUNTS, webhook_off=5, deferred=1)], "Sweep"))
    assert "1 deferred, 5 with webhooks off" in words(text)


def test_no_count_is_told_twice_and_none_is_forgotten() -> None:
    shown = {*tables.COLUMNS.values(), *tables.OTHER_OUTCOMES, *VERIFICATION, "fresh"}
    assert shown == set(TOTALLED)
    assert not set(tables.OTHER_OUTCOMES) & set(VERIFICATION)
    assert set(COMPARED) < set(VERIFICATION)
