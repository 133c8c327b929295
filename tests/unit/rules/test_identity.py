"""A person is the digits of the phone."""

import pytest

from background_sync.rules.identity import digits


@pytest.mark.parametrize(
    "phone", ["+62 823-9250", "628239250", "(62) 823.92.50", " 62\t8239250\n", "wa:+628239250"]
)
def test_however_a_phone_is_written_it_is_one_person(phone: str) -> None:
    assert digits(phone) == "628239250"


@pytest.mark.parametrize("phone", ["", "unknown", "+", "٠١٢"])
def test_without_digits_there_is_nobody(phone: str) -> None:
    assert digits(phone) == ""
