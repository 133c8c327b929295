"""What the intake reads from a webhook's body, of each kind and version."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.intake.events import Event, Reading, read_events
from background_sync.rules.policy import DAY_MS

NOW = 1_767_225_600_000
AT = NOW - 60_000
RECEIVED, SENT = "whatsapp.message.received", "whatsapp.message.sent"
NUMBER, PHONE, BSUID = "110987654321", "628123", "ID.134912"
SARI = Event(message_id="wamid.1", at=AT, phone=PHONE, business_scoped_user_id=BSUID, profile_name="Sari")


def v2(direction: str = "inbound", **message: Any) -> dict[str, Any]:
    return {
        "message": {
            "id": "wamid.1",
            "timestamp": str(AT // 1000),
            "type": "text",
            "text": {"body": "hello"},
            **message,
            "kapso": {"direction": direction, "origin": "cloud_api", **message.get("kapso", {})},
        },
        "conversation": {
            "phone_number": f"+{PHONE}",
            "business_scoped_user_id": BSUID,
            "kapso": {"contact_name": "Sari"},
        },
        "phone_number_id": NUMBER,
    }


def v1(direction: str = "inbound", **message: Any) -> dict[str, Any]:
    return {
        "message": {
            "id": "wamid.1",
            "message_type": "text",
            "content": "hello",
            "direction": direction,
            "created_at": "2025-12-31T23:59:00Z",
            "contact_name": "Sari",
            **message,
        },
        "conversation": {"phone_number": PHONE, "business_scoped_user_id": BSUID},
        "whatsapp_config": {"phone_number_id": NUMBER},
    }


def meta(field: str = "messages", number: str = NUMBER, **value: Any) -> dict[str, Any]:
    value = {"metadata": {"phone_number_id": number}, **value}
    return {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": field, "value": value}]}]}


def message(**fields: Any) -> dict[str, Any]:
    return {"id": "wamid.1", "timestamp": str(AT // 1000), "type": "text", **fields}


def read(document: Any, name: str | None = RECEIVED) -> Reading:
    return read_events(json.dumps(document).encode(), name, NUMBER, NOW)


FROM = {"from": PHONE, "from_user_id": BSUID}
CONTACTS = [{"wa_id": PHONE, "user_id": BSUID, "profile": {"name": "Sari"}}]
NAMELESS = Event(message_id="wamid.1", at=AT, phone=PHONE, business_scoped_user_id=BSUID)


@pytest.mark.parametrize(
    ("document", "name", "expected"),
    [
        (v2(), RECEIVED, SARI),
        (v2("outbound"), SENT, SARI),
        (v2("outbound", kapso={"origin": "business_app"}), SENT, SARI),
        (v1(), RECEIVED, SARI),
        (v1("outbound"), SENT, SARI),
        (v1(created_at=None), RECEIVED, replace(SARI, at=NOW)),
        (meta(messages=[message(**FROM)], contacts=CONTACTS), None, SARI),
        (meta(messages=[message(**FROM)]), None, NAMELESS),
        (meta("smb_message_echoes", message_echoes=[message(to=PHONE, to_user_id=BSUID)]), None, NAMELESS),
        (
            meta(statuses=[message(status="sent", recipient_id=PHONE, recipient_user_id=BSUID)]),
            None,
            NAMELESS,
        ),
    ],
)
def test_a_message_in_or_out_is_activity(document: Any, name: str, expected: Event) -> None:
    assert read(document, name) == Reading((expected,), 0)


def test_a_batch_is_its_single_bodies() -> None:
    batch = {"type": RECEIVED, "batch": True, "data": [v2(), v2(id="wamid.2"), v1(id="wamid.3")]}
    assert [each.message_id for each in read(batch).events] == ["wamid.1", "wamid.2", "wamid.3"]


@pytest.mark.parametrize(
    ("document", "name"),
    [
        (v2(), "whatsapp.message.delivered"),
        (v2(), "whatsapp.conversation.ended"),
        (v2(), "a name of tomorrow"),
        (v2(), None),
        (v2(kapso={"origin": "history_sync"}), RECEIVED),
        (v1(origin="history_sync"), RECEIVED),
        (v2(type="system", system={"type": "customer_identity_changed"}), RECEIVED),
        (v2(timestamp=str((NOW + 2 * DAY_MS) // 1000)), RECEIVED),
        (v2(timestamp="yesterday"), RECEIVED),
        (v2(id=None), RECEIVED),
        ({**v2(), "phone_number_id": "1"}, RECEIVED),
        (meta(number="1", messages=[message(**FROM)]), None),
        (meta("history", history=[{"threads": [{"messages": [message(**FROM)]}]}]), None),
        (meta(statuses=[message(status="delivered", recipient_id=PHONE)]), None),
        (meta("account_update"), None),
        ({}, RECEIVED),
        ([], RECEIVED),
        ("text", RECEIVED),
    ],
)
def test_everything_else_is_ignored_and_counted(document: Any, name: str) -> None:
    assert read(document, name) == Reading((), 1)


def test_one_bad_record_takes_no_other_with_it() -> None:
    batch = {"batch": True, "data": [v2(), None, v2(id=7), v2(id="wamid.2")]}
    reading = read(batch)
    assert ([each.message_id for each in reading.events], reading.ignored) == (["wamid.1", "wamid.2"], 2)


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        (
            {"type": "user_changed_number", "wa_id": "62999", "user_id": "ID.2", "previous_user_id": BSUID},
            {"phone": "62999", "business_scoped_user_id": "ID.2"},
        ),
        (
            {"type": "user_changed_user_id", "user_id": "ID.2", "previous_user_id": BSUID},
            {"business_scoped_user_id": "ID.2"},
        ),
        (
            {"type": "user_changed_number", "wa_id": "62999"},
            {"phone": "62999", "business_scoped_user_id": None},
        ),
    ],
)
def test_a_change_of_identity_says_who_the_person_was(system: Any, expected: Any) -> None:
    changed = {"type": "system", "system": system}
    moved_already = v2(**FROM, **changed)
    moved_already["conversation"] |= {"phone_number": "62999", "business_scoped_user_id": "ID.2"}
    raw = meta(messages=[message(**FROM, **changed)])
    for document, name in ((v2(**changed), RECEIVED), (moved_already, RECEIVED), (raw, None)):
        [event] = read(document, name).events
        assert event.is_change
        assert (event.previous_phone, event.previous_user_id) == (PHONE, BSUID)
        assert {field: getattr(event, field) for field in expected} == expected


NAMES = "message conversation data batch entry changes value field messages id timestamp kapso system from"
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES.split()), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(json_values)
def test_no_body_raises(document: Any) -> None:
    for name in (RECEIVED, None):
        assert isinstance(read(document, name), Reading)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"batch": true, "data": 1}'])
def test_a_body_that_is_no_document_is_ignored(body: bytes) -> None:
    assert read_events(body, RECEIVED, NUMBER, NOW) == Reading((), 1)
