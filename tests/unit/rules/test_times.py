"""A time is a number of milliseconds; 0 and null count as missing."""

from decimal import Decimal

import pytest

from background_sync.rules.values import InvalidRecord, read_text, read_time


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
