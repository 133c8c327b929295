"""Which lines of a log are entries of a workspace, and which of them are read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber
from hypothesis import example, given
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
CLOUDWATCH_SORTS_SINCE = 1_704_067_200_000  # 2024-01-01T00:00:00Z


def line(second: int = 0, workspace_id: object = "acme", **more: object) -> str:
    timestamp = f"2026-01-01 10:00:{second:02d},000+0000"
    entry = {"level": "INFO", "message": str(second), "timestamp": timestamp, "workspace_id": workspace_id}
    return json.dumps({**entry, **more})


def messages(*pages: list[str], limit: int = 100, **selection: Any) -> list[str]:
    found = newest_entries(pages, LogSelection("acme", **{"since": 0, **selection}), limit)
    return [entry.message for entry in found]


def test_an_entry_has_all_keys_of_its_line() -> None:
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
        "2026-01-01T10:00:00.000+00:00 0-1-2 Task timed out after 120.00 seconds",
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
def test_a_line_that_is_not_an_entry_of_a_workspace_is_skipped(text: str) -> None:
    assert messages([line(1), text, line(2)]) == ["1", "2"]


@given(st.text())
def test_any_text_in_a_log_is_survived(text: str) -> None:
    assert messages([text, line(1)]) == ["1"]


def test_the_time_of_an_entry_respects_its_time_zone() -> None:
    entry = read_entry(line(timestamp="2026-01-01 12:00:00,000+0200"))
    assert entry is not None
    assert entry.at == AT


@given(asked=st.text(), other=st.text())
@example("acme", "ACME")
@example("acme", "acme2")
@example("*", "acme")
def test_only_entries_of_the_workspace_are_selected(asked: str, other: str) -> None:
    found = newest_entries([[line(1, other), line(2, asked)]], LogSelection(asked, 0), 9)
    assert {entry.workspace_id for entry in found} == {asked}


def test_entries_before_the_start_are_not_selected() -> None:
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
def test_a_level_selects_itself_and_the_levels_above(level: str | None, found: list[str]) -> None:
    names = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "odd")
    assert messages([line(level=name, message=name) for name in names], level=level) == found


def test_the_newest_entries_are_kept_and_the_newest_is_last() -> None:
    assert messages([line(3), line(1), line(2)], limit=2) == ["2", "3"]


def test_entries_of_the_same_time_keep_their_order() -> None:
    same = [line(1, message=name) for name in "abc"]
    assert messages(same) == ["a", "b", "c"]
    assert messages(same, limit=2) == ["b", "c"]


def test_older_pages_are_read_only_until_there_are_enough_entries() -> None:
    pages = iter([[line(5), line(6)], [], [line(3), line(4)], [line(1), line(2)]])
    found = newest_entries(pages, LogSelection("acme", 0), 3)
    assert [entry.message for entry in found] == ["4", "5", "6"]
    assert list(pages) == [[line(1), line(2)]]


def test_times_are_by_the_stacks_clock() -> None:
    found = newest_entries([[line(1), line(2)]], LogSelection("acme", AT + 3000), 9, offset_ms=1000)
    assert [entry.at for entry in found] == [AT + 3000]


def test_a_file_with_bytes_that_are_not_utf_8_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ReconcilerFunction.log"
    path.write_bytes(b"\xff\xfe\n" + line(1).encode() + b"\n" + line(2).encode())
    found = newest_entries(file_pages(path), LogSelection("acme", 0), 9)
    assert [entry.message for entry in found] == ["1", "2"]


@pytest.fixture
def cloudwatch() -> Iterator[Stubber]:
    client = session().client("logs")
    with Stubber(client) as answers:
        yield answers
        answers.assert_no_pending_responses()


def request(since: int, **more: str) -> dict[str, Any]:
    pattern = '{ $.workspace_id = "acme" }'
    options = {"logGroupName": "a-group", "filterPattern": pattern, "startTime": since}
    return {**options, "startFromHead": False, **more}


def from_cloudwatch(stub: Stubber, since: int) -> list[str]:
    client: Any = stub.client
    pages = cloudwatch_pages(client, "a-group", "acme", since)
    return [entry.message for entry in newest_entries(pages, LogSelection("acme", since), 2)]


def test_cloudwatch_is_asked_for_the_newest_pages_first_and_for_no_more_than_needed(
    cloudwatch: Stubber,
) -> None:
    empty = {"events": [], "nextToken": "1"}
    newer = {"events": [{"message": line(3)}, {"message": line(2)}], "nextToken": "2"}
    cloudwatch.add_response("filter_log_events", empty, request(AT))
    cloudwatch.add_response("filter_log_events", newer, request(AT, nextToken="1"))
    assert from_cloudwatch(cloudwatch, AT) == ["2", "3"]


def test_cloudwatch_is_not_asked_for_times_that_it_cannot_sort(cloudwatch: Stubber) -> None:
    cloudwatch.add_response("filter_log_events", {"events": []}, request(CLOUDWATCH_SORTS_SINCE))
    assert from_cloudwatch(cloudwatch, 0) == []
