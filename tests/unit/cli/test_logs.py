"""Log entries as `background-sync logs` shows them."""

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from background_sync_ops.cli.logs import entry_text, print_log
from background_sync_ops.logs import LogEntry, LogSelection, filter_pattern
from tests.unit.cli.printing import printed, words

AT = 1_767_261_600_000  # 2026-01-01T10:00:00Z
PLATFORM_FIELDS: dict[str, Any] = {
    "location": "_complete:332",
    "service": "background-sync",
    "cold_start": True,
    "function_name": "background-sync-reconciler",
    "function_memory_size": "1024",
    "function_arn": "arn:aws:lambda:…",
    "function_request_id": "e0ff3f42-23ea-4c8a-bb4d-7441ebf3287d",
    "xray_trace_id": "1-6b057c4b-0c53623632f14af183f2dcf3",
}
HOSTILE_FIELDS: dict[str, Any] = {
    "[red]x[/red]\x1b[2J": "\x1b]0;x\x07" + "y" * 500,
    "reason": "one\ntwo \u202eeerht",
}
TRACEBACK = 'Traceback (most recent call last):\n  File "x.py", line 1, in f\nValueError: no number\n'
EXCEPTION_FIELDS: dict[str, Any] = {"exception": TRACEBACK, "exception_name": "ValueError", "stack_trace": {}}


def entry(message: str = "done", level: str = "INFO", **fields: Any) -> LogEntry:
    return LogEntry(AT, level, message, "acme", fields)


def log(*entries: LogEntry, level: str | None = None, more: bool = False, workspace: str = "acme") -> str:
    return printed(lambda out: print_log(out, LogSelection(workspace, AT, level), entries, more=more))


def test_terminal_escapes_and_markup_in_an_entry_are_printed_as_text() -> None:
    hostile = entry("m" * 400 + "\x9b31m", "\x1b[2JODD", **HOSTILE_FIELDS)
    text = log(hostile, workspace="w\x1b[2J" * 30)
    assert text.replace("\n", "").isprintable()
    assert r"\x1b[2J" in text
    assert "[red]x[/red]" in text


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"run_at": AT, "kind": "run", "verified": 0}, "run_at=2026-01-01T10:00:00Z kind=run verified=0"),
        ({"run_at": "soon", "lease_until": 10**30}, f"run_at=soon lease_until={10**30} ms"),
        ({"counts": {"contacts_checked": 80, "invalid": 0}}, "contacts_checked=80"),
        ({"reason": "unauthorized", **PLATFORM_FIELDS}, "reason=unauthorized"),
        ({"reason": "two words"}, 'reason="two words"'),
        ({"reason": ""}, 'reason=""'),
        ({"reason": 'a="b"'}, r'reason="a=\"b\""'),
        ({"reason": ["a", 1]}, 'reason=["a", 1]'),
        ({"reason": True, "error": None}, "reason=true"),
        (EXCEPTION_FIELDS, 'exception="ValueError: no number"'),
    ],
)
def test_the_fields_of_an_entry_follow_its_message(fields: dict[str, Any], shown: str) -> None:
    assert entry_text(entry(**fields)) == f"done {shown}"


def test_a_log_without_entries_says_the_next_step() -> None:
    assert words(log()) == (
        "The log has no entries of acme since 2026-01-01T10:00:00Z. "
        "Look further back with --since; `background-sync sweep` makes a new entry."
    )
    assert "or leave out --level" in words(log(level="error"))


WELL_FORMED = re.compile(r'\{ \$\.workspace_id = "((?:[^"\\]|\\["\\])*)" \}')


def matches(pattern: str, workspace_id: str) -> bool:
    """As CloudWatch does: a backslash escapes the next character, and an asterisk matches any text."""
    found = WELL_FORMED.fullmatch(pattern)
    assert found is not None, pattern
    first, *others = (re.sub(r"\\(.)", r"\1", part) for part in found[1].split("*"))
    rest = workspace_id.removeprefix(first)
    if not others or not workspace_id.startswith(first):
        return workspace_id == first
    for part in others[:-1]:
        _, met, rest = rest.partition(part) if part else ("", "*", rest)
        if not met:
            return False
    return rest.endswith(others[-1])


@pytest.mark.parametrize(
    ("workspace_id", "pattern"),
    [
        ("acme", '{ $.workspace_id = "acme" }'),
        ("demo-harbor coffee", '{ $.workspace_id = "demo-harbor coffee" }'),
        ('a" || $.x = "', r'{ $.workspace_id = "a\" || $.x = \"" }'),
        ("back\\slash\\", r'{ $.workspace_id = "back\\slash\\" }'),
        ("two\nlines\x00", '{ $.workspace_id = "two*lines*" }'),
        ("李小龙", '{ $.workspace_id = "李小龙" }'),
    ],
)
def test_an_id_is_escaped_and_quoted(workspace_id: str, pattern: str) -> None:
    assert filter_pattern(workspace_id) == pattern


@given(st.text() | st.text(alphabet='"\\*{}$ a\n', min_size=900, max_size=2048))
@example('"' * 2048)
@example("a" * 2048)
def test_the_pattern_of_any_id_is_well_formed_and_matches_the_id(workspace_id: str) -> None:
    pattern = filter_pattern(workspace_id)
    assert matches(pattern, workspace_id)
    assert len(pattern) <= 1024
    assert pattern.count("\n") == 0


@given(st.text(alphabet=st.characters(exclude_categories=["C", "Z"], exclude_characters="*"), max_size=400))
def test_the_pattern_does_not_match_another_id(workspace_id: str) -> None:
    assert not matches(filter_pattern(workspace_id), workspace_id + "x")
    assert not matches(filter_pattern(workspace_id + '"'), workspace_id)
