"""Messages and events of any size and shape are refused by name, and never quoted at length."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.messages import InvalidEvent, InvalidMessage, read_message, read_scheduled
from background_sync.rules.identity import MAX_WORKSPACE_ID_BYTES
from background_sync.sync.task import PARTITIONS

DYNAMODB_BYTES = 2048
"""DynamoDB's limit for a partition key."""
NOW = 1_767_225_600_000
GOOD: dict[str, Any] = {"version": 1, "kind": "run", "workspace_id": "w1", "run_at": NOW}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def refusal(read: Callable[[], object]) -> str:
    """The text of the refusal, empty if it was read; any other error is a failure of the test."""
    try:
        read()
    except (InvalidMessage, InvalidEvent) as error:
        return str(error)
    return ""


@pytest.mark.parametrize("bracket", ["[", '{"a":'])
def test_a_message_that_is_nested_too_deep_is_refused(bracket: str) -> None:
    with pytest.raises(InvalidMessage, match=r"nested too deep|not JSON"):
        read_message(bracket * 100_000, NOW)


def test_a_workspace_id_that_is_too_long_for_a_key_is_refused() -> None:
    with pytest.raises(InvalidMessage, match="workspace_id has 2039 bytes, at most 2038"):
        read_message(json.dumps({**GOOD, "workspace_id": "w" * 2039}), NOW)
    assert read_message(json.dumps({**GOOD, "workspace_id": "w" * 2038}), NOW).run_at == NOW


@pytest.mark.parametrize("partition", PARTITIONS.values())
def test_the_longest_workspace_id_fits_all_keys_of_its_records(partition: Callable[[str], str]) -> None:
    assert len(partition("w" * MAX_WORKSPACE_ID_BYTES)) <= DYNAMODB_BYTES


def test_a_workspace_id_with_half_a_character_is_refused() -> None:
    with pytest.raises(InvalidMessage, match=r"workspace_id.*not valid Unicode"):
        read_message(
            '{"version": 1, "kind": "run", "workspace_id": "w\\ud800", "run_at": 1767225600000}', NOW
        )


@given(st.sampled_from(sorted(GOOD)), anything)
def test_no_field_is_quoted_at_length(field: str, value: object) -> None:
    assert len(refusal(lambda: read_message(json.dumps({**GOOD, field: value}), NOW))) < 250


@pytest.mark.parametrize("event", [None, [], "run", 5, True])
def test_an_event_that_is_not_an_object_is_refused_by_name(event: object) -> None:
    with pytest.raises(InvalidEvent, match=r"the event is .*, expected an object"):
        read_scheduled(event, NOW)


@given(anything, st.sampled_from(["run_at", "time"]))
def test_whatever_an_event_holds_it_is_read_or_refused(value: object, name: str) -> None:
    for event in (value, {name: value}):
        assert len(refusal(partial(read_scheduled, event, NOW))) < 250
