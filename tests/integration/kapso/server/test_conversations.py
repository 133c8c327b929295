"""The list of conversations: its records, its filters and its errors."""

import pytest

from background_sync_ops.kapso import KapsoStore, Person
from tests.integration.kapso.server.world import CONVERSATIONS, HOUR, NOW, NUMBER, Client
from tests.integration.world import TestClock


def test_a_record_has_a_block_only_if_asked(store: KapsoStore, ann: Person, client: Client) -> None:
    message = store.message(NUMBER, ann, "inbound", NOW, text="Hi")
    [conversation] = store.conversations(NUMBER, ann)
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
    assert "kapso" not in client.get(CONVERSATIONS).data[0]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"last_active_since": "2026-01-01T00:00:00Z"}, True),
        ({"last_active_since": "2026-01-01T00:00:00.001Z"}, False),
        ({"last_active_until": "2026-01-01T00:00:00Z"}, True),
        ({"last_active_until": "2025-12-31T23:59:59.999Z"}, False),
        ({"last_active_since": "2026-01-01T07:00:00+07:00"}, True),
        # The platform's name of the filter. The proxy ignores it.
        ({"last_active_after": "2030-01-01T00:00:00Z"}, True),
    ],
)
def test_the_bounds_are_inclusive(
    store: KapsoStore, ann: Person, client: Client, query: dict[str, str], *, found: bool
) -> None:
    store.message(NUMBER, ann, "inbound", NOW)
    assert bool(client.get(CONVERSATIONS, **query).data) == found


def test_a_days_silence_ends_it(store: KapsoStore, ann: Person, client: Client, clock: TestClock) -> None:
    store.message(NUMBER, ann, "inbound", NOW)
    clock.time = NOW + 24 * HOUR
    assert client.get(CONVERSATIONS).data[0]["status"] == "ended"
    store.message(NUMBER, ann, "inbound", NOW + 24 * HOUR - 1)
    assert len(store.conversations(NUMBER, ann)) == 1
    store.message(NUMBER, ann, "inbound", NOW + 48 * HOUR)
    assert len(store.conversations(NUMBER, ann)) == 2


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 101},
        {"limit": "many"},
        {"last_active_since": "yesterday"},
        {"last_active_until": "2026-01-01T00:00:00"},
        {"after": "!"},
        {"after": "bnVsbA=="},
    ],
)
def test_an_invalid_query_is_refused(client: Client, query: dict[str, object]) -> None:
    response = client.get(CONVERSATIONS, **query)
    [name] = query
    error = {"message": f"{name} is invalid", "type": "OAuthException", "code": 400}
    assert (response.status, response.document) == (400, {"error": error})


def test_a_wrong_key_gets_401_in_the_shape_of_its_api(client: Client) -> None:
    error = {"message": "Invalid API key", "type": "OAuthException", "code": 401}
    response = client.with_key("wrong").get(CONVERSATIONS)
    assert (response.status, response.document) == (401, {"error": error})
    response = client.with_key("wrong").get("/platform/v1/webhook_deliveries")
    assert (response.status, response.document) == (401, {"error": "Invalid API key"})


@pytest.mark.parametrize("number", ["999", "222"])
@pytest.mark.parametrize(
    "path", ["/meta/whatsapp/v24.0/{}/conversations", "/platform/v1/whatsapp/phone_numbers/{}/webhooks"]
)
def test_a_foreign_number_gets_404(store: KapsoStore, client: Client, path: str, number: str) -> None:
    store.add_number("222", "another-key")
    assert client.get(path.format(number)).status == 404
