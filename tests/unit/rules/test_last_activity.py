"""Last activity is `last_activity_at`, else `updated_at`, else `created_at`."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.rules.contact import (
    TIME_ATTRIBUTES,
    activity_index_value,
    contact_from_index,
    contact_from_record,
    impossible_times,
    last_activity,
    readable_activity,
)
from background_sync.rules.policy import DAY_MS
from background_sync.rules.times import is_activity_time
from background_sync.rules.values import InvalidRecord

NOW = 1_767_225_600_000
ANY_NUMBER = st.integers(-(10**16), 10**16) | st.integers(NOW - DAY_MS, NOW + 2 * DAY_MS)
T1, T2, T3 = NOW - 3, NOW - 2, NOW - 1
ALL = {"last_activity_at": T1, "updated_at": T2, "created_at": T3}


@pytest.mark.parametrize("absent", [0, None, NOW // 1000, NOW * 1000, NOW + DAY_MS + 1, -1, Decimal("1E+40")])
def test_updated_at_and_created_at_are_used_if_it_is_missing(absent: object) -> None:
    assert last_activity({**ALL, "last_activity_at": absent}, NOW) == T2
    assert last_activity({**ALL, "last_activity_at": absent, "updated_at": absent}, NOW) == T3


def test_a_record_without_any_of_the_times_is_invalid() -> None:
    with pytest.raises(InvalidRecord, match="no readable last_activity_at, updated_at, created_at"):
        last_activity({"last_contact_at": 5, "updated_at": 0}, NOW)


def test_an_invalid_time_is_not_replaced_by_the_next_and_does_no_harm_if_it_is_not_used() -> None:
    with pytest.raises(InvalidRecord, match="last_activity_at"):
        last_activity({**ALL, "last_activity_at": "yesterday"}, NOW)
    assert last_activity({**ALL, "updated_at": "yesterday"}, NOW) == T1


@pytest.mark.parametrize(("record", "value"), [(ALL, T1), ({}, 0), ({**ALL, "last_activity_at": "x"}, 0)])
def test_the_index_attribute_is_always_a_number(record: dict[str, object], value: int) -> None:
    assert activity_index_value(record, NOW) == value


@pytest.mark.parametrize("at", [0, 5, NOW // 1000, NOW * 1000, NOW + DAY_MS + 1])
def test_an_index_entry_at_0_or_at_a_time_that_cannot_be_is_invalid(at: int) -> None:
    with pytest.raises(InvalidRecord, match="no readable time"):
        contact_from_index("628", {"activity_at": at}, NOW)


def test_only_times_that_a_readable_one_stands_in_for_are_reported() -> None:
    assert impossible_times({**ALL, "created_at": 5}, NOW) == []
    assert impossible_times({"last_activity_at": NOW * 2, "updated_at": None, "created_at": T3}, NOW) == [
        "last_activity_at"
    ]


def test_an_index_entry_is_read_by_activity_at_and_a_record_by_its_times() -> None:
    record = {"activity_at": T3, "last_activity_at": T1, "lead_status": "new", "flagged_at": 7}
    assert contact_from_index("628", record, NOW).activity_at == T3
    stored = contact_from_record("628", record, NOW)
    assert (stored.activity_at, stored.lead_status, stored.flagged_at) == (T1, "new", 7)


@given(st.dictionaries(st.sampled_from(TIME_ATTRIBUTES), ANY_NUMBER))
def test_a_time_that_cannot_be_true_is_as_good_as_none(record: dict[str, int]) -> None:
    true = {name: at for name, at in record.items() if is_activity_time(at, NOW)}
    assert readable_activity(record, NOW) == readable_activity(true, NOW)
    assert (activity_index_value(record, NOW) == 0) is (not true)
