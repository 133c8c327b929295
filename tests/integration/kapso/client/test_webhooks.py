"""A number's webhooks, without their secrets, and its failed deliveries."""

import json
from typing import Any

import pytest

from background_sync.kapso.client import KapsoClient
from background_sync.kapso.errors import InvalidPhoneId, InvalidResponse, NumberUnknown
from background_sync.kapso.webhooks import Webhook, activate_webhook, count_failed_deliveries, list_webhooks
from background_sync.rules.policy import DAY_MS, HOUR_MS
from tests.integration.kapso.client.server import Reply, Server
from tests.unit.kapso.records import MOMENT, PHONE_ID

SECRET = "whsec_5f2c"
PATH = f"/platform/v1/whatsapp/phone_numbers/{PHONE_ID}/webhooks"
WEBHOOK_ID = "7c1d9a34-0000-4000-8000-000000000001"


def webhook(**fields: Any) -> dict[str, Any]:
    return {
        "id": WEBHOOK_ID,
        "url": "https://crm.example/hooks",
        "active": True,
        "kind": "kapso",
        "events": ["whatsapp.message.received"],
        "phone_number_id": PHONE_ID,
        "secret_key": SECRET,
        "headers": {"Authorization": SECRET},
        **fields,
    }


def listed(*webhooks: Any) -> Reply:
    return Reply(document={"data": list(webhooks), "secret_key": SECRET})


def test_they_are_listed(server: Server, client: KapsoClient) -> None:
    server.answers = [listed(webhook(), webhook(id="2", active=False, events=None, kind=None, url=None))]
    assert list_webhooks(client, PHONE_ID) == (
        Webhook(WEBHOOK_ID, "https://crm.example/hooks", True, "kapso", ("whatsapp.message.received",)),
        Webhook("2", None, False, None, ()),
    )
    [asked] = server.asked
    assert (asked.method, asked.path) == ("GET", PATH)


def test_there_may_be_none(server: Server, client: KapsoClient) -> None:
    server.answers = [listed()]
    assert list_webhooks(client, PHONE_ID) == ()


def test_their_secrets_are_dropped_before_anything_sees_them(
    server: Server, client: KapsoClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []
    loads = json.loads

    def spied(*args: Any, **kwargs: Any) -> object:
        seen.append(loads(*args, **kwargs))
        return seen[-1]

    monkeypatch.setattr(json, "loads", spied)
    server.answers = [listed(webhook(kind={"secret_key": SECRET, "id": {"secret_key": SECRET}}))]
    with pytest.raises(InvalidResponse):
        list_webhooks(client, PHONE_ID)
    assert len(seen) == 1
    assert SECRET not in repr(seen)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"active": None}, "active is neither true nor false"),
        ({"active": "yes"}, "active is neither true nor false"),
        ({"id": None}, "it has no id"),
        ({"url": [SECRET]}, "url is no text"),
        ({"events": SECRET}, "events is no list of texts"),
        ({"events": [{"secret_key": SECRET}]}, "events is no list of texts"),
    ],
)
def test_one_that_cannot_be_read_leaves_all_in_doubt(
    server: Server, client: KapsoClient, fields: dict[str, Any], reason: str
) -> None:
    server.answers = [listed(webhook(), webhook(**fields))]
    with pytest.raises(
        InvalidResponse, match=f"a webhook of number {PHONE_ID} in Kapso's answer: {reason}"
    ) as caught:
        list_webhooks(client, PHONE_ID)
    assert SECRET not in str(caught.value)


def test_a_webhook_of_another_number_is_nonsense(server: Server, client: KapsoClient) -> None:
    server.answers = [listed(webhook(phone_number_id="999"))]
    with pytest.raises(InvalidResponse, match="another number"):
        list_webhooks(client, PHONE_ID)


def test_what_they_say_does_nothing_to_a_terminal(server: Server, client: KapsoClient) -> None:
    server.answers = [listed(webhook(url="https://a\x1b[2Jb", events=["x\r\ny"]))]
    [found] = list_webhooks(client, PHONE_ID)
    assert (found.url, found.events) == ("https://a[2Jb", ("xy",))


def test_one_is_switched_on_with_active_alone(server: Server, client: KapsoClient) -> None:
    server.answers = [Reply(document={"data": webhook()})]
    activate_webhook(client, PHONE_ID, WEBHOOK_ID)
    [asked] = server.asked
    assert (asked.method, asked.path) == ("PATCH", f"{PATH}/{WEBHOOK_ID}")
    assert json.loads(asked.body) == {"whatsapp_webhook": {"active": True}}
    assert asked.headers["Content-Type"] == "application/json"


def test_an_empty_answer_will_do(server: Server, client: KapsoClient) -> None:
    server.answers = [Reply(204)]
    activate_webhook(client, PHONE_ID, WEBHOOK_ID)


def test_an_unknown_one_is_not_switched_on(server: Server, client: KapsoClient) -> None:
    server.answers = [Reply(404, {"error": "Webhook not found"})]
    with pytest.raises(NumberUnknown, match="Webhook not found"):
        activate_webhook(client, PHONE_ID, WEBHOOK_ID)


@pytest.mark.parametrize("webhook_id", ["", "..", "a/b", "a?b", "a b", "x" * 65])
def test_an_id_that_is_none_is_not_sent(server: Server, client: KapsoClient, webhook_id: str) -> None:
    with pytest.raises(ValueError, match="is no id"):
        activate_webhook(client, PHONE_ID, webhook_id)
    assert server.asked == []


def failed(minutes_ago: float | None, **fields: Any) -> dict[str, Any]:
    created = None if minutes_ago is None else str((MOMENT - minutes_ago * 60_000) / 1000)
    return {"id": "1", "created_at": created, "phone_number_id": PHONE_ID, **fields}


def log(*deliveries: Any, after: str | None = None) -> Reply:
    return Reply(document={"data": list(deliveries), "paging": {"cursors": {"after": after}, "next": "…"}})


def count(client: KapsoClient, since_ms: int = MOMENT - HOUR_MS, **options: Any) -> int:
    return count_failed_deliveries(client, PHONE_ID, since_ms, **options)


def test_failed_deliveries_since_a_time_are_counted(server: Server, client: KapsoClient) -> None:
    odd = [None, 5, {}, failed(None), failed(1, created_at={}), failed(1, phone_number_id=None)]
    server.answers = [log(failed(1), failed(60), failed(61), failed(1, phone_number_id="999"), *odd)]
    assert count(client) == 2


def test_what_counts_is_when_they_failed(server: Server, client: KapsoClient) -> None:
    server.answers = [log(failed(61, failed_at=str(MOMENT // 1000 - 3590)))]
    assert count(client) == 1


@pytest.mark.parametrize(
    ("age_ms", "period"),
    [(HOUR_MS, "24h"), (DAY_MS - 1, "24h"), (DAY_MS, "7d"), (7 * DAY_MS, "30d"), (90 * DAY_MS, "30d")],
)
def test_the_log_is_asked_as_far_back_as_needed(
    server: Server, client: KapsoClient, age_ms: int, period: str
) -> None:
    server.answers = [log()]
    assert count(client, MOMENT - age_ms) == 0
    [asked] = server.asked
    assert asked.path == "/platform/v1/webhook_deliveries"
    assert asked.query == {
        "status": ["failed"],
        "errors_only": ["true"],
        "limit": ["100"],
        "period": [period],
    }


def test_pages_are_few(server: Server, client: KapsoClient) -> None:
    server.answers = [log(failed(n), after=f"c{n}") for n in range(5)]
    assert count(client) == 1
    assert count(client, max_pages=2) == 2
    assert [asked.query.get("after") for asked in server.asked] == [None, None, ["c1"]]


def test_nor_does_it_go_back_further_than_needed(server: Server, client: KapsoClient) -> None:
    server.answers = [log(failed(1), failed(61), after="c0")]
    assert count(client, max_pages=10) == 1
    assert len(server.asked) == 1


def test_a_phone_id_must_be_digits(server: Server, client: KapsoClient) -> None:
    with pytest.raises(InvalidPhoneId):
        list_webhooks(client, "x")
    with pytest.raises(InvalidPhoneId):
        activate_webhook(client, "x", WEBHOOK_ID)
    with pytest.raises(InvalidPhoneId):
        count_failed_deliveries(client, "x", MOMENT)
    assert server.asked == []
