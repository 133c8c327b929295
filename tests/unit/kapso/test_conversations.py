"""Reading a page of conversations."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.kapso.conversations import PAGE_SIZE, Conversation, ConversationPage, read_page
from background_sync.kapso.errors import InvalidResponse
from background_sync.kapso.parsing import read_document
from background_sync.rules.policy import DAY_MS
from tests.unit.kapso.records import MOMENT, PHONE_ID, conversation

NOW = MOMENT + DAY_MS
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.text("0123456789-:TZ.+ ")
ANY_JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


def page(*records: Any, **rest: Any) -> ConversationPage:
    return read_page({"data": list(records), **rest}, PHONE_ID, set(), NOW)


def read(**fields: Any) -> Conversation:
    [found] = page(conversation(**fields)).conversations
    return found


def test_a_documented_record_is_read() -> None:
    assert read() == Conversation(
        id="123e4567-e89b-12d3-a456-426614174000",
        phone="15551234567",
        business_scoped_user_id=None,
        last_active_at=MOMENT + 60_000,
        activities=(MOMENT, MOMENT - 300_000, MOMENT),
        created_at=None,
        profile_name="John Doe",
    )


@pytest.mark.parametrize(
    ("times", "activity"),
    [
        *(
            ({newest: "2024-01-15T17:30:00.5+02:00"}, MOMENT + 3_600_500)
            for newest in ("last_inbound_at", "last_outbound_at", "last_message_timestamp")
        ),
        (
            {"last_inbound_at": "2024-01-15T09:40:00-05:00", "last_message_timestamp": "1705329000"},
            MOMENT + 600_000,
        ),
        ({"last_inbound_at": None, "last_message_timestamp": ""}, MOMENT - 300_000),
    ],
)
def test_activity_is_the_newest_of_three_times_in_any_notation(times: dict[str, Any], activity: int) -> None:
    assert read(**times).activity_before(MOMENT + DAY_MS) == activity


def test_without_any_time_there_is_no_activity() -> None:
    assert read(kapso={"last_inbound_at": None}).activities == ()


@pytest.mark.parametrize(
    ("written", "digits"),
    [("+1 (555) 123-4567", "15551234567"), ("", None), (None, None), ("US.13491208655302", None)],
)
def test_a_phone_is_reduced_to_its_digits(written: str | None, digits: str | None) -> None:
    found = read(phone_number=written, business_scoped_user_id="US.1349")
    assert (found.phone, found.business_scoped_user_id) == (digits, "US.1349")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (None, None),
        ("", None),
        (" \t", None),
        ("Zoë 👩‍🚀", "Zoë 👩‍🚀"),
        ("a\ud800", "a?"),
        ("x" * 501, "x" * 500),
    ],
)
def test_a_profile_name_is_read(written: str | None, name: str | None) -> None:
    assert read(contact_name=written).profile_name == name


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"last_active_at": None}, "last_active_at is missing"),
        ({"last_active_at": "2024-01-15T14:30:00"}, "last_active_at has no time zone"),
        ({"last_inbound_at": {}}, "last_inbound_at is not a time"),
        ({"phone_number": 15551234567}, "phone_number is not text"),
        ({"phone_number": "1" * 33}, "phone_number is not a phone number"),
        ({"business_scoped_user_id": "US. 1"}, "business_scoped_user_id is not an id"),
        ({"contact_name": ["John"]}, "contact_name is not text"),
        ({"phone_number_id": 5}, "phone_number_id is not text"),
        ({"kapso": "yes"}, "kapso is not an object"),
        ({"kapso": None}, "kapso is not an object"),
        ({"kapso": {}}, "kapso has no times"),
    ],
)
def test_an_invalid_record_is_named_and_the_others_are_read(fields: dict[str, Any], reason: str) -> None:
    found = page(conversation(id="a"), conversation(id="b", **fields), conversation(id="c"))
    assert [each.id for each in found.conversations] == ["a", "c"]
    assert [each.reason for each in found.unreadable] == [f"conversation b: {reason}"]


@pytest.mark.parametrize("record", [None, 5, "text", [], {}, conversation(id=None), conversation(id="a b")])
def test_a_record_without_a_valid_id_is_invalid(record: object) -> None:
    found = page(record, conversation())
    assert (len(found.conversations), len(found.unreadable)) == (1, 1)


@given(st.sampled_from(sorted(conversation())), ANY_JSON)
def test_any_value_in_a_field_costs_at_most_its_record(name: str, value: object) -> None:
    if name == "phone_number_id" and isinstance(value, str):
        value = [value]
    records = [conversation(id="a"), conversation() | {name: value}, conversation(id="c")]
    document = read_document(json.dumps({"data": records}).encode())
    found = read_page(document, PHONE_ID, set(), NOW)
    assert len(found.conversations) + len(found.unreadable) == 3
    assert {"a", "c"} <= {each.id for each in found.conversations}


@given(st.sampled_from(sorted(conversation()["kapso"])), ANY_JSON)
def test_any_value_in_the_kapso_block_costs_at_most_its_record(name: str, value: object) -> None:
    found = page(conversation(**{name: value}), conversation())
    assert (len(found.conversations), len(found.unreadable)) in {(2, 0), (1, 1)}


def test_an_integer_that_python_refuses_to_read_costs_its_record() -> None:
    record = json.dumps(conversation(phone_number=1)).replace(": 1,", f": {'9' * 5000},")
    document = read_document(f'{{"data": [{record}, {json.dumps(conversation())}]}}'.encode())
    found = read_page(document, PHONE_ID, set(), NOW)
    assert (len(found.conversations), len(found.unreadable)) == (1, 1)


def test_a_record_of_another_number_makes_the_page_invalid() -> None:
    with pytest.raises(InvalidResponse, match=f"about number {PHONE_ID} has data of another number"):
        page(conversation(), conversation(phone_number_id="999"))


def without_times(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "kapso"}


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ([without_times(conversation())], "none of 1 conversations has a kapso block"),
        (
            [without_times(conversation(id="a")), conversation(id="b", kapso={})],
            "none of 2 conversations has",
        ),
        (
            [conversation(id="a", last_active_at=None), conversation(id="b", last_inbound_at={})],
            "can be read",
        ),
    ],
)
def test_a_page_that_shows_nobodys_activity_is_refused(records: list[Any], reason: str) -> None:
    """Read as it stands, it would say that everybody is quiet."""
    with pytest.raises(InvalidResponse, match=reason):
        page(*records)


@pytest.mark.parametrize(
    ("fields", "phone", "bsuid", "last_active_at"),
    [
        ({"last_inbound_at": {}}, "15551234567", None, MOMENT + 60_000),
        ({"last_active_at": "?"}, "15551234567", None, None),
        ({"phone_number": 5, "business_scoped_user_id": "US.1"}, None, "US.1", MOMENT + 60_000),
        ({"phone_number": 5, "last_active_at": "?"}, None, None, None),
    ],
)
def test_an_unreadable_record_keeps_what_it_says_about_its_person(
    fields: dict[str, Any], phone: str | None, bsuid: str | None, last_active_at: int | None
) -> None:
    [found] = page(conversation(**fields)).unreadable
    assert (found.phone, found.business_scoped_user_id) == (phone, bsuid)
    assert found.last_active_at == last_active_at


@pytest.mark.parametrize("size", [1, PAGE_SIZE - 1])
def test_a_repeated_cursor_ends_the_list_after_a_page_that_is_not_full(size: int) -> None:
    records = [conversation(id=str(number)) for number in range(size)]
    found = read_page({"data": records, "paging": {"cursors": {"after": "c1"}}}, PHONE_ID, {"c1"}, NOW)
    assert (len(found.conversations), found.next_cursor) == (size, None)


def test_a_full_page_that_repeats_a_cursor_is_refused() -> None:
    records = [conversation(id=str(number)) for number in range(PAGE_SIZE)]
    with pytest.raises(InvalidResponse, match="a full page in Kapso's answer repeats a cursor"):
        read_page({"data": records, "paging": {"cursors": {"after": "c1"}}}, PHONE_ID, {"c1"}, NOW)


@given(ANY_JSON)
def test_a_document_that_is_not_a_page_is_refused(document: object) -> None:
    try:
        found = read_page(document, PHONE_ID, set(), NOW)
    except InvalidResponse:
        return
    assert isinstance(document, dict)
    assert found.records == len(document["data"])


def test_younger_activity_does_not_hide_older_activity() -> None:
    found = read(last_inbound_at="2024-01-15T14:00:00Z", last_outbound_at="2024-01-15T15:00:00Z")
    assert found.activity_before(MOMENT - 1) == MOMENT - 1_800_000
    assert read().activity_before(MOMENT - DAY_MS) == MOMENT, "all of it is younger"


@pytest.mark.parametrize("wrong", ["2099-01-01T00:00:00Z", "1970-01-21T10:53:45Z", 99_999_999_999])
def test_a_time_that_cannot_be_true_costs_no_other_time(wrong: object) -> None:
    found = read(last_inbound_at=wrong, last_active_at=wrong, created_at=wrong)
    assert found.activities == (MOMENT - 300_000, MOMENT)
    assert (found.last_active_at, found.created_at) == (None, None)


def test_a_conversation_whose_times_all_cannot_be_true_is_unreadable() -> None:
    far = "2099-01-01T00:00:00Z"
    found = page(conversation(last_inbound_at=far, last_outbound_at=far, last_message_timestamp=far))
    assert (found.conversations, len(found.unreadable)) == ((), 1)
