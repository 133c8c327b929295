"""`background-sync cost`: lines, prices, the original, and what real runs recorded."""

import json
from typing import Any

import pytest

from background_sync_ops.cli.app import run
from background_sync_ops.cost import (
    Workload,
    bill,
    modelled_run,
    original,
    prices,
    recorded,
    sensitivity,
    total,
)
from background_sync_ops.errors import CommandError
from background_sync_ops.workload import Units

HOUR_MS = 3_600_000
WORK = Workload(workspaces=1000, contacts=1_000_000)
RUN = {"status": "completed", "read_units": 10, "write_units": 30, "duration_ms": 200}
FAILED = {"status": "failed", "read_units": 90, "write_units": 90, "duration_ms": 900}
UNMETERED = {**RUN, "read_units": None, "write_units": None}
SWEEPS = [
    {"run_at": at * HOUR_MS // 2, "finished": at < 9, "dispatched": 7, "contacts_checked": 70}
    for at in (9, 8, 7)
]


def dollars(work: Workload, service: str, what: str) -> float:
    return total(line for line in bill(work) if (line.service, line.what) == (service, what))


def test_the_command_prints_every_line_with_its_price_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--workspaces", "1000", "--contacts", "1000000", "--size", "2KB", "--stale", "10%"]
    assert run(["cost", *arguments, "--verify", "0%", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["background_sync"]["dollars"] == pytest.approx(total(bill(WORK)))
    assert shown["original"]["dollars"] == pytest.approx(total(original(WORK)))
    assert {line["service"] for line in shown["background_sync"]["lines"]} == {
        *("DynamoDB", "Lambda", "SQS", "CloudWatch", "API Gateway", "KMS", "SSM", "EventBridge")
    }
    assert all(line["price"] in prices()["dollars"] for line in shown["background_sync"]["lines"])


def test_the_command_says_what_matters_most_and_of_when_the_prices_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["cost", "--contacts", "100000000"]) == 0
    text = capsys.readouterr().out
    assert "What matters most: contacts. Doubled, the total changes by +" in text
    assert f"Prices of {prices()['region']}, {prices()['as_of']}" in text


def test_a_line_is_its_quantity_times_its_price() -> None:
    units = modelled_run(WORK).units.write * 1000 * 730
    assert dollars(WORK, "DynamoDB", "writes, runs") == pytest.approx(units * 0.625 / 1e6)


def test_surveys_cost_the_same_for_larger_contacts_and_the_original_costs_more() -> None:
    large = Workload(workspaces=1000, contacts=1_000_000, size=20_480)
    assert dollars(large, "DynamoDB", "reads, daily audits") > 9 * dollars(
        WORK, "DynamoDB", "reads, daily audits"
    )
    idle = Workload(workspaces=1, contacts=1000, stale=0)
    assert modelled_run(idle).units.read == pytest.approx(1 + 11.5)
    [reads, *_] = original(idle)
    assert reads.quantity * 1e6 / 730 == 250


def test_flags_are_limited_by_the_cooldown_and_by_the_cap() -> None:
    assert Workload(workspaces=1, contacts=240, stale=0.1).flags == 1
    assert Workload(workspaces=1, contacts=10**6, stale=0.1).flags == 50


def test_a_share_is_not_doubled_beyond_all() -> None:
    assert sensitivity(Workload(workspaces=10, contacts=1000, stale=1, verify=1))["stale"] == 0


def test_units_and_sizes_are_those_that_completed_runs_and_finished_sweeps_recorded() -> None:
    work, run = recorded([RUN, FAILED, UNMETERED, {**RUN, "read_units": 20}], SWEEPS, WORK)
    assert (run.units, run.duration_ms) == (Units(15, 30), 200)
    assert (work.workspaces, work.contacts, work.sweeps_an_hour) == (7, 70, 2)
    [reads] = [line for line in bill(work, run) if line.what == "reads, runs"]
    assert reads.quantity * 1e6 == pytest.approx(15 * 7 * 2 * 730)


@pytest.mark.parametrize("runs", [[], [UNMETERED], [FAILED]])
def test_runs_without_units_are_no_runs_to_count_on(runs: list[dict[str, Any]]) -> None:
    with pytest.raises(CommandError, match="recorded its units"):
        recorded(runs, SWEEPS, WORK)
