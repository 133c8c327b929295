"""Counts as metrics."""

import json
from typing import Any

import pytest

from background_sync import telemetry
from background_sync.telemetry import emit


def emitted(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_a_run_is_one_document_with_its_counts_and_its_workspace_as_a_property(
    capsys: pytest.CaptureFixture[str],
) -> None:
    emit({"stale_found": 3}, "w1", run_duration=40)
    document = emitted(capsys)
    assert (document["StaleFound"], document["RunDuration"]) == ([3.0], [40.0])
    [directive] = document["_aws"]["CloudWatchMetrics"]
    assert (document["workspace_id"], directive["Dimensions"]) == ("w1", [["service"]])


def test_a_document_contains_nothing_of_the_last_one(capsys: pytest.CaptureFixture[str]) -> None:
    emit({"flagged": 1}, "w1")
    capsys.readouterr()
    emit({"workspaces_dispatched": 2})
    assert not {"Flagged", "workspace_id"} & emitted(capsys).keys()


def test_a_metric_that_cannot_be_written_raises_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry.metrics, "flush_metrics", lambda: 1 / 0)
    telemetry.emit({"flagged": 1})
    telemetry.metrics.clear_metrics()
