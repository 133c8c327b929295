"""Which times are believed, and what a workspace remembers when its times are in the future."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from background_sync.rules.scan import begin_scan, first_scan
from background_sync.rules.times import (
    EARLIEST_ACTIVITY_MS,
    EARLIEST_RUN_MS,
    future_times,
    is_activity_time,
    is_run_time,
    own_time,
    remembered_time,
)
from background_sync.rules.values import InvalidRecord, read_text, read_time
from background_sync.rules.workspace import Workspace, read_workspace
from background_sync.status.page.words import NO_TIME, day_and_hour, time_tag

NOW = 1_767_225_600_000
ACTIVE = {"workspace_id": "w1", "kapso_phone_id": "110", "kapso_token_parameter": "/t/a"}
BOUNDED = [False, True, True, True, False]
MEMORY = ("watermark", "verified_from", "settled_from", "settled_until")


@pytest.mark.parametrize("at", [NOW // 1000, NOW * 1000, 0, -1])
def test_no_run_and_no_activity_has_a_time_in_another_unit(at: int) -> None:
    assert not is_run_time(at, NOW)
    assert not is_activity_time(at, NOW)


def test_a_run_lies_between_2020_and_five_minutes_from_now() -> None:
    earliest, latest = EARLIEST_RUN_MS, NOW + 5 * MINUTE_MS
    assert [is_run_time(at, NOW) for at in (earliest - 1, earliest, NOW, latest, latest + 1)] == BOUNDED


def test_activity_lies_between_2000_and_a_day_from_now() -> None:
    earliest, latest = EARLIEST_ACTIVITY_MS, NOW + DAY_MS
    assert [is_activity_time(at, NOW) for at in (earliest - 1, earliest, NOW, latest, latest + 1)] == BOUNDED


@given(st.integers(1, 10**15))
def test_a_time_of_syncs_own_is_either_read_or_in_the_future(at: int) -> None:
    is_listed = bool(future_times({"at": at}, ["at"], NOW))
    assert own_time({"at": at}, "at", NOW) == (None if is_listed else at)
    assert is_listed == (at > NOW + 5 * MINUTE_MS)


@pytest.mark.parametrize("value", ["x", -1, True])
def test_an_invalid_time_of_syncs_own_is_refused_or_forgotten_but_not_in_the_future(value: object) -> None:
    assert remembered_time({"at": value}, "at", NOW) is None
    assert future_times({"at": value}, ["at"], NOW) == []
    with pytest.raises(InvalidRecord):
        own_time({"at": value}, "at", NOW)


def workspace(**memory: object) -> Workspace:
    return read_workspace({**ACTIVE, **memory}, NOW)


@pytest.mark.parametrize("at", [NOW + HOUR_MS, NOW + 36_500 * DAY_MS, 10**40])
def test_with_a_watermark_in_the_future_the_scan_begins_like_the_first(at: int) -> None:
    found = workspace(**dict.fromkeys(MEMORY, at))
    assert (found.watermark, found.verified_from, found.settled) == (None, None, None)
    assert begin_scan(found, NOW) == first_scan("110", DAY_MS, NOW)


def test_a_pending_scan_that_began_in_the_future_is_forgotten() -> None:
    pending = {"phone_id": "110", "since": NOW - HOUR_MS, "started_at": NOW - MINUTE_MS, "pages": 0}
    assert workspace(pending_scan=pending).pending_scan is not None
    assert workspace(pending_scan=pending | {"started_at": NOW + HOUR_MS}).pending_scan is None


@pytest.mark.parametrize("at", [10**40, -(10**40), 1e40, -1e40, 253_402_300_800_000])
def test_a_page_shows_a_number_that_no_calendar_has(at: int) -> None:
    assert NO_TIME in time_tag(at)
    assert day_and_hour(at) == NO_TIME


def test_a_negative_time_within_the_calendar_is_shown() -> None:
    assert "1969" in time_tag(-1)


@pytest.mark.parametrize("missing", [{}, {"at": None}, {"at": 0}, {"at": Decimal(0)}, {"at": 0.0}])
def test_0_and_null_count_as_missing(missing: dict[str, object]) -> None:
    assert read_time(missing, "at") is None


@pytest.mark.parametrize("value", [5, Decimal(5), 5.0, Decimal("5.9")])
def test_a_number_is_a_time_in_whole_milliseconds(value: object) -> None:
    found = read_time({"at": value}, "at")
    assert (found, type(found)) == (5, int)


@pytest.mark.parametrize(
    "value",
    [
        *(True, False, "5", "", b"5", [5], {"at": 5}, {5}, -1, Decimal("-0.5")),
        *(float("nan"), float("inf"), Decimal("NaN"), Decimal("Infinity")),
    ],
)
def test_any_other_value_is_not_a_time(value: object) -> None:
    with pytest.raises(InvalidRecord, match="at is not a time"):
        read_time({"at": value}, "at")


@pytest.mark.parametrize(
    ("record", "text"), [({"at": "new"}, "new"), ({"at": ""}, ""), ({}, None), ({"at": None}, None)]
)
def test_a_text_is_read_as_it_is_and_a_null_is_missing(record: dict[str, object], text: str | None) -> None:
    assert read_text(record, "at") == text


@pytest.mark.parametrize("value", [0, False, ["new"], b"new"])
def test_any_other_value_is_not_a_text(value: object) -> None:
    with pytest.raises(InvalidRecord, match="status is not text"):
        read_text({"status": value}, "status")
