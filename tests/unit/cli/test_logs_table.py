"""A workspace's log entries as a table."""

import io
from typing import Any

import pytest

from background_sync_ops.cli.logs import entry_text, print_log
from background_sync_ops.cli.output import console
from background_sync_ops.logs import LogEntry, LogSelection

AT = 1_767_261_600_000  # 2026-01-01T10:00:00Z
PLATFORM: dict[str, Any] = {
    "location": "_complete:332",
    "service": "background-sync",
    "cold_start": True,
    "function_name": "background-sync-reconciler",
    "function_memory_size": "1024",
    "function_arn": "arn:aws:lambda:…",
    "function_request_id": "e0ff3f42-23ea-4c8a-bb4d-7441ebf3287d",
    "xray_trace_id": "1-6b057c4b-0c53623632f14af183f2dcf3",
}
HOSTILE: dict[str, Any] = {
    "[red]x[/red]\x1b[2J": "\x1b]0;x\x07" + "y" * 500,
    "reason": "one\ntwo \u202eeerht",
}
TRACEBACK = 'Traceback (most recent call last):\n  File "x.py", line 1, in f\nValueError: no number\n'


def entry(message: str = "the run is completed", level: str = "INFO", **fields: Any) -> LogEntry:
    return LogEntry(AT, level, message, "acme", fields)


def printed(*entries: LogEntry, level: str | None = None, more: bool = False, workspace: str = "acme") -> str:
    out = io.StringIO()
    narrow = console()
    narrow.file, narrow.width = out, 80
    print_log(narrow, LogSelection(workspace, AT, level), entries, more=more)
    return out.getvalue()


def test_a_short_entry_is_one_line() -> None:
    text = printed(entry("another delivery is at it", attempts=2))
    assert (
        text.splitlines()[1].rstrip() == "2026-01-01T10:00:00Z  INFO   another delivery is at it attempts=2"
    )


def test_it_fits_80_columns_and_steers_nothing_whatever_stands_in_it() -> None:
    text = printed(entry("m" * 400 + "\x9b31m", "\x1b[2JODD", **HOSTILE), workspace="w\x1b[2J" * 30)
    assert max(map(len, text.splitlines())) <= 80
    assert text.replace("\n", "").isprintable()
    assert r"\x1b[2J" in text
    assert "[red]x[/red]" in text


def test_what_says_something_follows_the_message() -> None:
    said = entry_text(entry(run_at=AT, kind="run", verified=0, **PLATFORM))
    assert said == "the run is completed run_at=2026-01-01T10:00:00Z kind=run verified=0"


def test_of_counts_those_that_are_not_zero_are_told() -> None:
    counts = {"contacts_checked": 80, "invalid": 0, "flagged": 10}
    assert entry_text(entry(counts=counts)) == "the run is completed contacts_checked=80 flagged=10"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("unauthorized", "unauthorized"),
        ("two words", '"two words"'),
        ("", '""'),
        ('a="b"', r'"a=\"b\""'),
        (["a", 1], '["a", 1]'),
        (True, "true"),
        (1.5, "1.5"),
    ],
)
def test_where_a_value_ends_can_be_seen(value: object, said: str) -> None:
    assert entry_text(entry(reason=value)) == f"the run is completed reason={said}"


def test_nothing_is_not_told() -> None:
    assert entry_text(entry(error=None)) == "the run is completed"


def test_a_time_that_is_none_does_not_stop_it() -> None:
    assert entry_text(entry(run_at="soon", lease_until=10**30)).endswith(
        f"run_at=soon lease_until={10**30} ms"
    )


def test_of_a_traceback_the_error_is_told() -> None:
    said = entry_text(
        entry("the attempt failed", exception=TRACEBACK, exception_name="ValueError", stack_trace={})
    )
    assert said == 'the attempt failed exception="ValueError: no number"'


def test_what_is_shown_is_said_and_what_is_not_too() -> None:
    assert "1 entry of acme since 2026-01-01T10:00:00Z." in printed(entry())
    assert "2 entries of acme at level error and above since" in printed(entry(), entry(), level="error")
    assert "left out" not in printed(entry())
    assert "Older entries are left out. Show more with --limit." in printed(entry(), more=True)


def test_where_there_is_nothing_the_next_step_is_told() -> None:
    text = " ".join(printed().split())
    assert text == (
        "The log has no entries of acme since 2026-01-01T10:00:00Z. "
        "Look further back with --since; `background-sync sweep` makes a new entry."
    )
    assert "or leave out --level" in " ".join(printed(level="error").split())
