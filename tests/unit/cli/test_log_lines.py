"""What a log line says, and which lines are asked for."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from background_sync_ops.logs import (
    LogEntry,
    LogSelection,
    cloudwatch_pages,
    file_pages,
    newest_entries,
    read_entry,
)
from background_sync_ops.stack.clients import session

AT = 1_767_261_600_000  # 2026-01-01T10:00:00Z


def line(second: int = 0, workspace_id: object = "acme", **more: object) -> str:
    timestamp = f"2026-01-01 10:00:{second:02d},000+0000"
    return json.dumps(
        {
            "level": "INFO",
            "message": str(second),
            "timestamp": timestamp,
            "workspace_id": workspace_id,
            **more,
        }
    )


def messages(*pages: list[str], limit: int = 100, **selection: Any) -> list[str]:
    found = newest_entries(pages, LogSelection("acme", **{"since": 0, **selection}), limit)
    return [entry.message for entry in found]


def test_a_line_is_read_with_all_its_keys() -> None:
    assert read_entry(line(1, kind="run", counts={"flagged": 2})) == LogEntry(
        at=AT + 1000,
        level="INFO",
        message="1",
        workspace_id="acme",
        fields={"kind": "run", "counts": {"flagged": 2}},
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Traceback (most recent call last):",
        '  File "app.py", line 1, in handler',
        "2026-01-01T10:00:00.000+00:00 0-1-2 Task timed out after 120.00 seconds",
        "START RequestId: 0-1-2 Version: $LATEST",
        '{"level": "INFO", "mess',
        "[" * 100_000,
        "7",
        "null",
        '["acme"]',
        line(_aws={"Timestamp": 1, "CloudWatchMetrics": []}),
        line(workspace_id=None),
        line(workspace_id=["acme"]),
        line(timestamp="yesterday"),
        line(timestamp="2026-01-01 10:00:00,000"),
        line(timestamp=AT),
        '{"workspace_id": "acme", "level": "INFO", "message": "without a time"}',
    ],
)
def test_what_is_no_entry_of_a_workspace_is_passed_over(text: str) -> None:
    assert read_entry(text) is None
    assert messages([line(1), text, line(2)]) == ["1", "2"]


@given(st.text())
def test_no_text_stops_the_reading(text: str) -> None:
    assert messages([text, line(1)]) == ["1"]


def test_the_time_zone_of_a_line_counts() -> None:
    entry = read_entry(line(timestamp="2026-01-01 12:00:00,000+0200"))
    assert entry is not None
    assert entry.at == AT


def test_lines_of_other_workspaces_are_not_taken() -> None:
    others = [line(1, other) for other in ("acme2", "ACME", "acm", "acme ", "*", "")]
    assert messages([*others, line(2)]) == ["2"]


@given(asked=st.text(), other=st.text())
def test_a_line_is_taken_for_its_own_workspace_only(asked: str, other: str) -> None:
    page = [line(1, other), line(2, asked)]
    found = newest_entries([page], LogSelection(asked, 0), 9)
    assert {entry.workspace_id for entry in found} == {asked}


def test_they_begin_at_the_time_that_is_asked_for() -> None:
    assert messages([line(1), line(2), line(3)], since=AT + 2000) == ["2", "3"]


@pytest.mark.parametrize(
    ("level", "found"),
    [
        (None, ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "odd"]),
        ("debug", ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]),
        ("warning", ["WARNING", "ERROR", "CRITICAL"]),
        ("critical", ["CRITICAL"]),
    ],
)
def test_a_level_takes_those_above_it_too(level: str | None, found: list[str]) -> None:
    names = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "odd")
    assert messages([line(level=name, message=name) for name in names], level=level) == found


def test_the_newest_are_kept_and_are_last() -> None:
    assert messages([line(3), line(1), line(2)], limit=2) == ["2", "3"]


def test_entries_of_the_same_time_stay_in_their_order() -> None:
    same = [line(1, message=name) for name in "abc"]
    assert messages(same) == ["a", "b", "c"]
    assert messages(same, limit=2) == ["b", "c"]


def test_older_pages_are_read_until_there_are_enough() -> None:
    pages = iter([[line(5), line(6)], [], [line(3), line(4)], [line(1), line(2)]])
    found = newest_entries(pages, LogSelection("acme", 0), 3)
    assert [entry.message for entry in found] == ["4", "5", "6"]
    assert list(pages) == [[line(1), line(2)]]


def test_times_are_by_the_stacks_clock() -> None:
    selection = LogSelection("acme", AT + 3000)
    found = newest_entries([[line(1), line(2)]], selection, 9, offset_ms=1000)
    assert [entry.at for entry in found] == [AT + 3000]


def test_a_file_may_hold_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "ReconcilerFunction.log"
    path.write_bytes(b"\xff\xfe\n" + line(1).encode() + b"\n" + line(2).encode())
    assert [entry.message for entry in newest_entries(file_pages(path), LogSelection("acme", 0), 9)] == [
        "1",
        "2",
    ]


def test_cloudwatch_is_asked_for_the_newest_pages_first_and_for_no_more_than_are_needed() -> None:
    client = session().client("logs")
    asked = {
        "logGroupName": "a-group",
        "filterPattern": '{ $.workspace_id = "acme" }',
        "startTime": AT,
        "startFromHead": False,
    }
    with Stubber(client) as answers:
        answers.add_response("filter_log_events", {"events": [], "nextToken": "1"}, asked)
        newer = {"events": [{"message": line(3)}, {"message": line(2)}], "nextToken": "2"}
        answers.add_response("filter_log_events", newer, {**asked, "nextToken": "1"})
        found = newest_entries(cloudwatch_pages(client, "a-group", "acme", AT), LogSelection("acme", AT), 2)
        answers.assert_no_pending_responses()
    assert [entry.message for entry in found] == ["2", "3"]


def test_cloudwatch_is_not_asked_for_times_that_it_does_not_sort() -> None:
    client = session().client("logs")
    asked = {
        "logGroupName": "a-group",
        "filterPattern": '{ $.workspace_id = "acme" }',
        "startTime": 1_704_067_200_000,
        "startFromHead": False,
    }
    with Stubber(client) as answers:
        answers.add_response("filter_log_events", {"events": []}, asked)
        assert (
            newest_entries(cloudwatch_pages(client, "a-group", "acme", 0), LogSelection("acme", 0), 2) == []
        )
