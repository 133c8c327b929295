"""Conversations changed since: what is in an answer."""

import pytest

from background_sync_ops.kapso import KapsoServer, KapsoStore, Person, Quirks
from tests.integration.kapso.server.world import CONVERSATIONS, HOUR, KEY, NOW, NUMBER, Client, Clock


@pytest.mark.usefixtures("kapso")
def test_a_conversation_is_shown_as_kapso_shows_it(store: KapsoStore, ann: Person, client: Client) -> None:
    message = store.message(NUMBER, ann, "inbound", NOW, text="Hi")
    [conversation] = store.conversations(NUMBER)
    assert client.get(CONVERSATIONS, fields="kapso(default)").data == [
        {
            "id": conversation.id,
            "phone_number": "6282392508490",
            "business_scoped_user_id": None,
            "parent_business_scoped_user_id": None,
            "username": None,
            "status": "active",
            "last_active_at": "2026-01-01T00:00:00.000000Z",
            "created_at": "2026-01-01T00:00:00.000000Z",
            "updated_at": "2026-01-01T00:00:00.000000Z",
            "metadata": {},
            "phone_number_id": NUMBER,
            "whatsapp_config_id": store.number(NUMBER).config_id,
            "kapso": {
                "contact_name": "Ann",
                "messages_count": 1,
                "last_message_id": message.id,
                "last_message_type": "text",
                "last_message_timestamp": "2026-01-01T00:00:00.000000Z",
                "last_message_text": "Hi",
                "last_inbound_at": "2026-01-01T00:00:00.000000Z",
                "last_outbound_at": None,
            },
        }
    ]


def test_somebody_without_a_phone(store: KapsoStore, client: Client) -> None:
    bo = store.add_person(business_scoped_user_id="US.1", username="@bo")
    store.message(NUMBER, bo, "inbound", NOW)
    [shown] = client.get(CONVERSATIONS).data
    assert shown["phone_number"] is None
    assert (shown["business_scoped_user_id"], shown["username"]) == ("US.1", "@bo")


@pytest.mark.parametrize("fields", [None, "kapso()", "id"])
def test_without_the_default_fields_there_is_no_kapso_block(
    store: KapsoStore, ann: Person, client: Client, fields: str | None
) -> None:
    store.message(NUMBER, ann, "inbound", NOW)
    [shown] = client.get(CONVERSATIONS, **({} if fields is None else {"fields": fields})).data
    assert "kapso" not in shown


def test_some_fields_of_the_block(store: KapsoStore, ann: Person, client: Client) -> None:
    store.message(NUMBER, ann, "inbound", NOW)
    [shown] = client.get(CONVERSATIONS, fields="kapso(contact_name, messages_count)").data
    assert shown["kapso"] == {"contact_name": "Ann", "messages_count": 1}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"last_active_since": "2026-01-01T00:00:00Z"}, True),
        ({"last_active_since": "2026-01-01T00:00:00.000001Z"}, False),
        ({"last_active_until": "2026-01-01T00:00:00Z"}, True),
        ({"last_active_until": "2025-12-31T23:59:59.999999Z"}, False),
        ({"last_active_since": "2026-01-01T07:00:00+07:00"}, True),
        ({"last_active_after": "2030-01-01T00:00:00Z"}, True),  # the platform's name: ignored
        ({"phone_number": "+62 823 9250 8490"}, True),
        ({"phone_number": "628"}, False),
        ({"status": "active"}, True),
        ({"status": "ended"}, False),
        ({"unassigned": "true"}, True),
    ],
)
def test_filters(
    store: KapsoStore, ann: Person, client: Client, query: dict[str, str], *, found: bool
) -> None:
    store.message(NUMBER, ann, "inbound", NOW)
    assert bool(client.get(CONVERSATIONS, **query).data) == found


def test_it_has_ended_after_a_day_of_silence(
    store: KapsoStore, ann: Person, client: Client, clock: Clock
) -> None:
    store.message(NUMBER, ann, "inbound", NOW)
    clock.time = NOW + 24 * HOUR
    [shown] = client.get(CONVERSATIONS).data
    assert (shown["status"], shown["last_active_at"]) == ("ended", "2026-01-01T00:00:00.000000Z")


def test_a_new_name_is_seen_by_looking_only(store: KapsoStore, ann: Person, client: Client) -> None:
    store.message(NUMBER, ann, "inbound", NOW)
    store.rename(ann, "Anna")
    [shown] = client.get(CONVERSATIONS, fields="kapso(default)").data
    assert shown["kapso"]["contact_name"] == "Anna"
    assert shown["last_active_at"] == "2026-01-01T00:00:00.000000Z"


def test_other_numbers_are_not_shown(store: KapsoStore, ann: Person, client: Client) -> None:
    store.add_number("2", KEY)
    store.message("2", ann, "inbound", NOW)
    assert client.get(CONVERSATIONS).data == []


@pytest.mark.parametrize(
    ("query", "status", "named"),
    [
        ({"limit": 0}, 400, "limit"),
        ({"limit": 101}, 400, "limit"),
        ({"limit": "many"}, 400, "limit"),
        ({"last_active_since": "yesterday"}, 400, "last_active_since"),
        ({"status": "open"}, 400, "status"),
        ({"after": "nonsense"}, 400, "after"),
        ({"after": "bnVsbA=="}, 400, "after"),
        ({"assigned_user_id": "u", "unassigned": "true"}, 422, "cannot be combined"),
        ({"assigned_user_id": "u"}, 422, "not a project member"),
    ],
)
def test_bad_queries(client: Client, query: dict[str, object], status: int, named: str) -> None:
    answer = client.get(CONVERSATIONS, **query)
    assert answer.status == status
    assert named in answer.document["error"]["message"]


@pytest.mark.parametrize("key", ["wrong", None])
def test_a_wrong_key(client: Client, key: str | None) -> None:
    assert client.using(key).get(CONVERSATIONS).status == 401


@pytest.mark.parametrize("number", ["999", "222"])
def test_a_number_that_is_not_the_keys(store: KapsoStore, client: Client, number: str) -> None:
    store.add_number("222", "another-key")
    assert client.get(f"/meta/whatsapp/v24.0/{number}/conversations").status == 404


def test_two_shapes_of_errors(kapso: KapsoServer, client: Client) -> None:
    error = {"message": "Invalid API key", "type": "OAuthException", "code": 401}
    assert client.using("wrong").get(CONVERSATIONS).document == {"error": error}
    kapso.quirks = Quirks(error_text=True)
    assert client.using("wrong").get(CONVERSATIONS).document == {"error": "Invalid API key"}
