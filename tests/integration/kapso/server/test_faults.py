"""What can go wrong with chosen requests."""

import json
from http.client import IncompleteRead

import pytest

from background_sync_ops.kapso import KapsoServer, KapsoStore, Person, faults
from tests.integration.kapso.server.world import (
    CONVERSATIONS,
    DELIVERIES,
    MINUTE,
    NOW,
    NUMBER,
    WEBHOOKS,
    Client,
    Clock,
)


@pytest.fixture(autouse=True)
def _somebody(store: KapsoStore, ann: Person) -> None:
    store.message(NUMBER, ann, "inbound", NOW)


def statuses(client: Client, count: int, path: str = CONVERSATIONS) -> list[int]:
    return [client.get(path).status for _ in range(count)]


# -------------------------------------------------------------------- which requests


def test_the_nth(kapso: KapsoServer, client: Client) -> None:
    kapso.faults.add(faults.status(503), nth=2)
    assert statuses(client, 4) == [200, 503, 200, 200]


def test_several_of_a_path(kapso: KapsoServer, client: Client) -> None:
    kapso.faults.add(faults.status(503), path="/webhooks", nth={1, 3})
    assert statuses(client, 2) == [200, 200]
    assert statuses(client, 4, WEBHOOKS) == [503, 200, 503, 200]


def test_so_many_times(kapso: KapsoServer, client: Client) -> None:
    kapso.faults.add(faults.status(503), times=2)
    assert statuses(client, 3) == [503, 503, 200]


def test_of_a_method(kapso: KapsoServer, client: Client) -> None:
    kapso.faults.add(faults.status(503), method="PATCH")
    assert statuses(client, 1) == [200]
    assert client.request("PATCH", f"{WEBHOOKS}/1", document={}).status == 503


def test_of_a_key(store: KapsoStore, kapso: KapsoServer, client: Client) -> None:
    store.add_number("222", "another-key")
    kapso.faults.add(faults.status(401), key="another-key")
    assert statuses(client, 1, DELIVERIES) == [200]
    assert client.using("another-key").get(DELIVERIES).status == 401


def test_a_share_is_the_same_every_time(kapso: KapsoServer, client: Client) -> None:
    runs = []
    for _ in range(2):
        kapso.faults.clear()
        kapso.faults.add(faults.status(503), share=0.5, seed=1)
        runs.append(statuses(client, 10))
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 503}


def test_the_first_rule_wins(kapso: KapsoServer, client: Client) -> None:
    kapso.faults.add(faults.status(500), nth=1)
    kapso.faults.add(faults.status(404), nth={1, 2})
    assert statuses(client, 3) == [500, 404, 200]


# -------------------------------------------------------------------- which faults


@pytest.mark.parametrize("code", [401, 404, 422, 500, 503])
def test_an_error_in_the_shape_of_its_api(kapso: KapsoServer, client: Client, code: int) -> None:
    kapso.faults.add(faults.status(code, "No"))
    proxy, platform = client.get(CONVERSATIONS), client.get(DELIVERIES)
    assert proxy.document == {"error": {"message": "No", "type": "OAuthException", "code": code}}
    assert (platform.status, platform.document) == (code, {"error": "No"})


def test_too_many_requests(kapso: KapsoServer, client: Client) -> None:
    kapso.faults.add(faults.status(429), nth=1)
    kapso.faults.add(faults.status(429, retry_after="7"))
    answers = client.get(CONVERSATIONS), client.get(CONVERSATIONS)
    assert [each.headers["retry-after"] for each in answers] == ["60", "7"]
    assert answers[0].headers["x-ratelimit-remaining"] == "0"


def test_a_slow_answer_calls_its_hook(kapso: KapsoServer, client: Client, clock: Clock) -> None:
    kapso.faults.add(faults.slow(lambda: setattr(clock, "time", NOW + MINUTE)))
    assert statuses(client, 1) == [200]
    assert clock.time == NOW + MINUTE


@pytest.mark.parametrize(("fault", "seen"), [(faults.slow, 2), (faults.then, 1)])
def test_something_happens_before_or_after(
    store: KapsoStore, kapso: KapsoServer, client: Client, fault: object, seen: int
) -> None:
    assert callable(fault)
    bo = store.add_person("621")
    kapso.faults.add(fault(lambda: store.message(NUMBER, bo, "inbound", NOW)))
    assert len(client.get(CONVERSATIONS).data) == seen
    assert len(store.conversations(NUMBER)) == 2


def test_broken_json(kapso: KapsoServer, client: Client) -> None:
    kapso.faults.add(faults.broken_json())
    answer = client.get(CONVERSATIONS)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    with pytest.raises(json.JSONDecodeError):
        answer.data  # noqa: B018 -- reading it is the test


def test_a_truncated_body(kapso: KapsoServer, client: Client) -> None:
    kapso.faults.add(faults.truncated())
    with pytest.raises(IncompleteRead):
        client.get(CONVERSATIONS)


def test_a_reset_connection(kapso: KapsoServer, client: Client) -> None:
    kapso.faults.add(faults.reset(), times=1)
    with pytest.raises(ConnectionResetError):
        client.get(CONVERSATIONS)
    assert statuses(client, 1) == [200]
    assert len(kapso.requests) == 2


@pytest.mark.parametrize("code", [200, 502])
def test_html_instead_of_json(kapso: KapsoServer, client: Client, code: int) -> None:
    kapso.faults.add(faults.html(code))
    answer = client.get(CONVERSATIONS)
    assert (answer.status, answer.raw[:9]) == (code, b"<!doctype")


def test_any_body(kapso: KapsoServer, client: Client) -> None:
    kapso.faults.add(faults.body(b"null"))
    assert client.get(CONVERSATIONS).document is None


def test_wrong_types(kapso: KapsoServer, client: Client) -> None:
    kapso.faults.add(faults.wrong_types())
    [shown] = client.get(CONVERSATIONS, fields="kapso(default)").data
    assert (shown["id"], shown["username"], shown["kapso"]) == (7, ["something"], "something")


def test_one_wrong_type(kapso: KapsoServer, client: Client) -> None:
    kapso.faults.add(faults.wrong_types("last_active_at"))
    [shown] = client.get(CONVERSATIONS).data
    assert (shown["last_active_at"], shown["phone_number"]) == (7, "6282392508490")


def test_an_edited_answer(kapso: KapsoServer, client: Client) -> None:
    kapso.faults.add(faults.edited(lambda document: document | {"data": None}))
    assert client.get(CONVERSATIONS).data is None


def test_an_answer_of_another_number(kapso: KapsoServer, client: Client) -> None:
    kapso.faults.add(faults.another_number("999"))
    assert client.get(CONVERSATIONS).data[0]["phone_number_id"] == "999"


def test_an_error_has_no_records_to_change(kapso: KapsoServer, client: Client) -> None:
    kapso.faults.add(faults.another_number("999"))
    assert client.using("wrong").get(CONVERSATIONS).status == 401


def test_a_redirect_to_another_host(kapso: KapsoServer, client: Client) -> None:
    kapso.faults.add(faults.redirect("http://127.0.0.1:9/elsewhere", 307))
    answer = client.get(CONVERSATIONS)
    assert (answer.status, answer.headers["location"]) == (307, "http://127.0.0.1:9/elsewhere")


def test_a_huge_body(kapso: KapsoServer, client: Client) -> None:
    kapso.faults.add(faults.huge(1_000_000))
    answer = client.get(CONVERSATIONS)
    assert len(answer.raw) > 1_000_000
    assert len(answer.data) == 1
