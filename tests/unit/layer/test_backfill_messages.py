"""A backfill's message: a window of the past, of 30 days at most."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.messages import MAX_WINDOW_MS, InvalidMessage, Message, Window, read_message
from background_sync.rules.values import LATEST_MS

NOW = 1_767_225_600_000
DAY_MS = 86_400_000
GOOD = {
    "version": 1,
    "kind": "backfill",
    "workspace_id": "w1",
    "run_at": NOW,
    "since": NOW - DAY_MS,
    "until": NOW,
    "dry_run": False,
}


def body(**changes: Any) -> str:
    """A good body but for `changes`; `...` leaves a field out."""
    return json.dumps({name: value for name, value in {**GOOD, **changes}.items() if value is not ...})


@given(st.integers(1, LATEST_MS - MAX_WINDOW_MS), st.integers(1, MAX_WINDOW_MS), st.booleans())
def test_what_is_sent_is_what_is_read(since: int, length_ms: int, dry_run: bool) -> None:
    message = Message("backfill", "w1", NOW, Window(since, since + length_ms, dry_run))
    assert read_message(message.body()) == message


def test_the_body_has_the_schema_that_is_agreed() -> None:
    message = Message("backfill", "w1", NOW, Window(NOW - DAY_MS, NOW, dry_run=False))
    assert json.loads(message.body()) == GOOD


@pytest.mark.parametrize("kind", ["run", "audit"])
def test_nothing_else_has_a_window(kind: str) -> None:
    assert read_message(body(kind=kind)).window is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("since", value) for value in (..., None, 0, -1, 1.5, True, "2026-01-01")),
        *(("until", value) for value in (..., None, 0, -1, 1.5, True, "2026-01-01")),
        *(("dry_run", value) for value in (..., None, 0, 1, "true")),
    ],
)
def test_a_field_that_is_missing_or_wrong_is_named(field: str, value: Any) -> None:
    with pytest.raises(InvalidMessage, match=field):
        read_message(body(**{field: value}))


@pytest.mark.parametrize("since", [NOW, NOW + 1, NOW - 30 * DAY_MS - 1])
def test_a_window_that_is_empty_or_too_long_is_refused(since: int) -> None:
    with pytest.raises(InvalidMessage, match="since must be before until, by 30 days at most"):
        read_message(body(since=since))


@pytest.mark.parametrize("since", [NOW - 1, NOW - 30 * DAY_MS])
def test_both_bounds_are_allowed(since: int) -> None:
    window = read_message(body(since=since)).window
    assert window is not None
    assert window.until - window.since == NOW - since
