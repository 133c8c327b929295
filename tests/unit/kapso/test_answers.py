"""Documents and cursors."""

import pytest

from background_sync.kapso.errors import InvalidPhoneId, InvalidResponse, KapsoError
from background_sync.kapso.parsing import validate_phone_id, next_cursor, read_document

CURSOR = "eyJ2YWx1ZXMiOltdfQ=="


@pytest.mark.parametrize(
    "paging", [{"cursors": {"after": CURSOR}}, {"cursors": {"after": CURSOR}, "next": "https://…"}]
)
def test_a_list_goes_on_at_its_cursor(paging: object) -> None:
    assert next_cursor({"paging": paging}, {"another"}) == CURSOR


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"paging": None},
        {"paging": {}},
        {"paging": {"cursors": None}},
        {"paging": {"cursors": {}}},
        {"paging": {"cursors": {"after": None}}},
        {"paging": {"cursors": {"after": ""}}},
        {"paging": {"cursors": {"after": CURSOR}, "next": None}},
    ],
)
def test_the_ways_in_which_it_ends(document: object) -> None:
    assert next_cursor(document, set()) is None


def test_a_cursor_that_was_there_before_ends_it_too() -> None:
    assert next_cursor({"paging": {"cursors": {"after": CURSOR}}}, {"first", CURSOR}) is None


@pytest.mark.parametrize(
    "paging",
    [5, [], {"cursors": "x"}, {"cursors": {"after": 5}}, {"cursors": {"after": {}}}]
    + [{"cursors": {"after": after}} for after in ("a b", "\ud800", "x" * 2049)],
)
def test_any_other_paging_is_nonsense(paging: object) -> None:
    with pytest.raises(InvalidResponse):
        next_cursor({"paging": paging}, set())


@pytest.mark.parametrize("content", [b"", b"<html>", b"\xff", b"{", b"[" * 200_000])
def test_what_is_no_json_is_nonsense_and_not_quoted(content: bytes) -> None:
    with pytest.raises(InvalidResponse, match=r"^Kapso's answer is no JSON$") as caught:
        read_document(content)
    assert caught.value.__context__ is None


def test_fields_that_are_not_asked_for_are_dropped_at_every_depth() -> None:
    content = b'{"data": [{"id": {"secret_key": "s", "id": 1}, "secret_key": "s"}], "secret_key": "s"}'
    assert read_document(content, only_fields={"data", "id"}) == {"data": [{"id": {"id": 1}}]}


@pytest.mark.parametrize("phone_id", ["", "12a", "12 ", "-1", "١٢", "1/../2", "1\n", "1" * 33])
def test_a_phone_id_must_be_digits(phone_id: str) -> None:
    with pytest.raises(InvalidPhoneId, match="is no row of digits") as caught:
        validate_phone_id(phone_id)
    assert repr(phone_id) in str(caught.value)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, KapsoError)
