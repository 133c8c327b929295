"""Queue messages: what is sent is what is read, and an error names the invalid field."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.messages import (
    MAX_WINDOW_MS,
    InvalidEvent,
    InvalidMessage,
    Message,
    Scheduled,
    Window,
    read_message,
    read_scheduled,
)
from background_sync.queue import group_id
from background_sync.rules.times import EARLIEST_RUN_MS, latest_own
from background_sync.rules.values import LATEST_MS

NOW = 1_767_225_600_000
DAY_MS = 86_400_000
RUN = {"version": 1, "kind": "run", "workspace_id": "w1", "run_at": NOW}
BACKFILL = RUN | {"kind": "backfill", "since": NOW - DAY_MS, "until": NOW, "dry_run": False}
ids = st.text(min_size=1).filter(lambda text: not text.startswith("#"))


def body(valid: dict[str, Any], **changes: Any) -> str:
    """A valid body with `changes`; `...` leaves a field out."""
    return json.dumps({name: value for name, value in {**valid, **changes}.items() if value is not ...})


@given(st.sampled_from(["run", "audit"]), ids, st.integers(EARLIEST_RUN_MS, latest_own(NOW)))
def test_what_is_sent_is_what_is_read(kind: str, workspace_id: str, run_at: int) -> None:
    message = Message(kind, workspace_id, run_at)
    assert read_message(message.body(), NOW) == message
    assert message.body().isascii()


@given(st.integers(1, LATEST_MS - MAX_WINDOW_MS), st.integers(1, MAX_WINDOW_MS), st.booleans())
def test_a_backfills_window_is_read_as_it_was_sent(since: int, length_ms: int, dry_run: bool) -> None:
    message = Message("backfill", "w1", NOW, Window(since, since + length_ms, dry_run))
    assert read_message(message.body(), NOW) == message


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (Message("run", "w1", NOW), RUN),
        (Message("backfill", "w1", NOW, Window(NOW - DAY_MS, NOW, dry_run=False)), BACKFILL),
    ],
)
def test_a_body_has_the_agreed_schema(message: Message, expected: dict[str, Any]) -> None:
    assert json.loads(message.body()) == expected


def test_unknown_fields_are_ignored() -> None:
    assert read_message(body(RUN, trace="1-2-3"), NOW) == Message("run", "w1", NOW)


@pytest.mark.parametrize("kind", ["run", "audit"])
def test_only_a_backfill_has_a_window(kind: str) -> None:
    assert read_message(body(BACKFILL, kind=kind), NOW).window is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *((text, "not JSON") for text in ("", "{", "run", "\x00")),
        *((text, "not a JSON object") for text in ("[]", "null", "1", '"run"')),
    ],
)
def test_a_body_that_is_not_a_json_object_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidMessage, match=reason):
        read_message(text, NOW)


@pytest.mark.parametrize(
    ("valid", "field", "value"),
    [
        *((RUN, "version", value) for value in (..., None, 0, 2, "1")),
        *((RUN, "kind", value) for value in (..., None, "", "Run", "else", 1, ["run"])),
        *((RUN, "workspace_id", value) for value in (..., None, "", 1, ["w1"])),
        (RUN, "workspace_id", "#sweep"),  # One of sync's own records.
        *((RUN, "run_at", value) for value in (..., None, 0, -1, "1767225600000", 1.5, True)),
        *((RUN, "run_at", value) for value in (EARLIEST_RUN_MS - 1, latest_own(NOW) + 1, NOW // 1000)),
        *((kind, "run_at", NOW + DAY_MS) for kind in (BACKFILL, RUN | {"kind": "audit"})),
        *((BACKFILL, "since", value) for value in (..., None, 0, -1, 1.5, True, "2026-01-01")),
        *((BACKFILL, "until", value) for value in (..., None, 0, -1, 1.5, True, "2026-01-01")),
        *((BACKFILL, "dry_run", value) for value in (..., None, 0, 1, "true")),
    ],
)
def test_an_error_names_the_missing_or_invalid_field(valid: dict[str, Any], field: str, value: Any) -> None:
    with pytest.raises(InvalidMessage, match=field):
        read_message(body(valid, **{field: value}), NOW)


@pytest.mark.parametrize("since", [NOW, NOW + 1, NOW - 30 * DAY_MS - 1])
def test_a_window_that_is_empty_or_longer_than_30_days_is_refused(since: int) -> None:
    with pytest.raises(InvalidMessage, match="since must be before until, by 30 days at most"):
        read_message(body(BACKFILL, since=since), NOW)


@pytest.mark.parametrize("since", [NOW - 1, NOW - 30 * DAY_MS])
def test_a_window_from_a_millisecond_to_30_days_is_valid(since: int) -> None:
    window = read_message(body(BACKFILL, since=since), NOW).window
    assert window is not None
    assert window.until - window.since == NOW - since


T10 = 1_767_261_600_000


@pytest.mark.parametrize(
    ("event", "resumes"),
    [
        ({"source": "aws.events", "detail-type": "Scheduled Event", "time": "2026-01-01T10:00:00Z"}, False),
        ({"time": "2026-01-01T12:00:00+02:00"}, False),
        ({"time": "2026-01-01T10:00:00.000Z"}, False),
        ({"run_at": T10}, False),
        *(({"run_at": T10, "resume": resume}, resume is True) for resume in (True, False, None, "true")),
    ],
)
def test_an_event_names_its_time_and_that_of_the_dispatcher_itself_resumes(
    event: object, resumes: bool
) -> None:
    assert read_scheduled(event, T10) == Scheduled(T10, resume=resumes)


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([{}, {"time": None}, {"time": T10}, {"detail": {"run_at": T10}}], "neither run_at nor time"),
        ([{"time": time} for time in ("", "now", "2026-13-01T10:00:00Z", "2026-01-01T10:00:00")], "time is "),
        (
            [
                {"run_at": run_at, "time": "2026-01-01T10:00:00Z"}
                for run_at in (None, 0, -5, 1.5, str(T10), True, [T10], T10 // 1000, T10 + 300_001)
            ],
            "run_at is ",
        ),
        (
            [
                {"time": time}
                for time in ("2026-01-01T10:05:01Z", "2126-01-01T10:00:00Z", "2019-12-31T23:59:59Z")
            ],
            "expected a time in ms from 2020-01-01 to 5 minutes from now",
        ),
    ],
    ids=["no time", "an invalid time", "an invalid run_at", "in the future or before 2020"],
)
def test_an_event_without_a_valid_time_is_refused(events: list[Any], reason: str) -> None:
    for event in events:
        with pytest.raises(InvalidEvent, match=reason):
            read_scheduled(event, T10)


def test_a_sweep_of_a_clock_that_is_a_little_ahead_is_accepted() -> None:
    assert read_scheduled({"run_at": T10 + 300_000}, T10).run_at == T10 + 300_000


ACCEPTED_BY_SQS = re.compile(r"[!-~]{1,128}")  # letters, digits and punctuation of ASCII


@pytest.mark.parametrize(
    "workspace_id", ["w1", "j57d8w-0_x:y/z", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "x" * 128]
)
def test_a_workspace_id_that_sqs_accepts_is_used(workspace_id: str) -> None:
    assert group_id(workspace_id) == workspace_id


@pytest.mark.parametrize("workspace_id", ["two words", "日本", "w1\n", "x" * 129, "\x00", "\x7f"])
def test_any_other_workspace_id_is_hashed(workspace_id: str) -> None:
    assert group_id(workspace_id).startswith("hash-")
    assert group_id(workspace_id) == group_id(workspace_id)
    assert group_id(workspace_id) != group_id(workspace_id + "!")


@given(st.text(min_size=1, max_size=300))
def test_sqs_accepts_every_group_id(workspace_id: str) -> None:
    assert ACCEPTED_BY_SQS.fullmatch(group_id(workspace_id))
