"""A queue message: what travels is what arrives, and what is wrong is named."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.messages import InvalidMessage, Message, read_message
from background_sync.rules.values import LATEST_MS

GOOD = {"version": 1, "kind": "run", "workspace_id": "w1", "run_at": 1_767_225_600_000}
ids = st.text(min_size=1).filter(lambda text: not text.startswith("#"))


def body(**changes: Any) -> str:
    """A good body but for `changes`; `...` leaves a field out."""
    return json.dumps({name: value for name, value in {**GOOD, **changes}.items() if value is not ...})


@given(st.sampled_from(["run", "audit"]), ids, st.integers(1, LATEST_MS))
def test_what_is_sent_is_what_is_read(kind: str, workspace_id: str, run_at: int) -> None:
    message = Message(kind, workspace_id, run_at)
    assert read_message(message.body()) == message
    assert message.body().isascii()


def test_the_body_has_the_schema_that_is_agreed() -> None:
    assert json.loads(Message("run", "w1", 1_767_225_600_000).body()) == GOOD


def test_fields_of_a_later_version_of_the_sender_are_no_fault() -> None:
    assert read_message(body(trace="1-2-3")) == Message("run", "w1", 1_767_225_600_000)


@pytest.mark.parametrize("text", ["", "{", "run", "\x00"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidMessage, match="not JSON"):
        read_message(text)


@pytest.mark.parametrize("text", ["[]", "null", "1", '"run"'])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(InvalidMessage, match="not a JSON object"):
        read_message(text)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("version", value) for value in (..., None, 0, 2, "1")),
        *(("kind", value) for value in (..., None, "", "Run", "else", 1, ["run"])),
        *(("workspace_id", value) for value in (..., None, "", 1, ["w1"])),
        *(("run_at", value) for value in (..., None, 0, -1, "1767225600000", 1.5, True)),
    ],
)
def test_a_field_that_is_missing_or_wrong_is_named(field: str, value: Any) -> None:
    with pytest.raises(InvalidMessage, match=field):
        read_message(body(**{field: value}))


def test_a_workspace_must_not_be_one_of_our_own_records() -> None:
    with pytest.raises(InvalidMessage, match="workspace_id"):
        read_message(body(workspace_id="#sweep"))
