"""A time is a number of ms; 0 and null count as absent, all else is no time."""

from decimal import Decimal

import pytest

from background_sync.rules.values import InvalidRecord, read_text, read_time


@pytest.mark.parametrize("absent", [{}, {"at": None}, {"at": 0}, {"at": Decimal(0)}, {"at": 0.0}])
def test_0_and_null_count_as_absent(absent: dict[str, object]) -> None:
    assert read_time(absent, "at") is None


@pytest.mark.parametrize("value", [5, Decimal(5), 5.0, Decimal("5.9")])
def test_a_number_is_a_time_in_whole_ms(value: object) -> None:
    found = read_time({"at": value}, "at")
    assert (found, type(found)) == (5, int)


@pytest.mark.parametrize("value", [True, False, "5", "", b"5", [5], {"at": 5}, {5}, -1, Decimal("-0.5")])
def test_anything_else_is_no_time(value: object) -> None:
    with pytest.raises(InvalidRecord, match="at is not a time"):
        read_time({"at": value}, "at")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("Infinity")])
def test_what_is_no_finite_number_is_no_time(value: object) -> None:
    with pytest.raises(InvalidRecord):
        read_time({"at": value}, "at")


@pytest.mark.parametrize("present", [{"status": "new"}, {"status": ""}])
def test_a_text_is_a_text(present: dict[str, object]) -> None:
    assert read_text(present, "status") == present["status"]


@pytest.mark.parametrize("absent", [{}, {"status": None}])
def test_a_null_text_is_absent(absent: dict[str, object]) -> None:
    assert read_text(absent, "status") is None


@pytest.mark.parametrize("value", [0, False, ["new"], b"new"])
def test_anything_else_is_no_text(value: object) -> None:
    with pytest.raises(InvalidRecord, match="status is not text"):
        read_text({"status": value}, "status")
