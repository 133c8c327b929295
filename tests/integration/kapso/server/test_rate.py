"""Requests per key and minute, and the record of requests."""

import pytest

from background_sync_ops.kapso import KapsoServer, KapsoStore, Received, faults
from tests.integration.kapso.server.world import CONVERSATIONS, DELIVERIES, KEY, MINUTE, NOW, Client, Clock


@pytest.fixture
def kapso(kapso: KapsoServer) -> KapsoServer:
    kapso.rate.limit = 2
    return kapso


def test_every_answer_tells_what_is_left(client: Client) -> None:
    answers = [client.get(CONVERSATIONS), client.get(DELIVERIES), client.get(CONVERSATIONS)]
    assert [each.headers["x-ratelimit-limit"] for each in answers] == ["2", "2", "2"]
    assert [each.headers["x-ratelimit-remaining"] for each in answers] == ["1", "0", "0"]
    assert [each.status for each in answers] == [200, 200, 429]


@pytest.mark.parametrize("path", [CONVERSATIONS, DELIVERIES])
def test_over_the_limit(client: Client, kapso: KapsoServer, path: str) -> None:
    kapso.rate.limit = 0
    answer = client.get(path)
    assert (answer.status, answer.headers["retry-after"]) == (429, "60")


def test_the_next_minute_is_new(client: Client, clock: Clock) -> None:
    clock.time = NOW + MINUTE - 1
    assert [client.get(CONVERSATIONS).status for _ in range(3)] == [200, 200, 429]
    clock.time += 1
    assert client.get(CONVERSATIONS).headers["x-ratelimit-remaining"] == "1"


def test_keys_do_not_share(store: KapsoStore, client: Client) -> None:
    store.add_number("222", "another-key")
    assert [client.get(DELIVERIES).status for _ in range(3)] == [200, 200, 429]
    assert client.using("another-key").get(DELIVERIES).status == 200


def test_somebody_else_spends_the_same_key(client: Client, kapso: KapsoServer) -> None:
    kapso.rate.take(KEY, NOW, 2)
    assert client.get(CONVERSATIONS).status == 429
    assert kapso.rate.used(KEY, NOW) == 3


def test_a_key_with_a_limit_of_its_own(client: Client, kapso: KapsoServer) -> None:
    kapso.rate.limits[KEY] = 100
    assert client.get(CONVERSATIONS).headers["x-ratelimit-limit"] == "100"


def test_errors_tell_it_too(client: Client, kapso: KapsoServer) -> None:
    kapso.faults.add(faults.status(503))
    assert client.get(CONVERSATIONS).headers["x-ratelimit-remaining"] == "1"
    assert client.using("wrong").get(CONVERSATIONS).headers["x-ratelimit-remaining"] == "1"


def test_requests_are_recorded_without_the_key(client: Client, kapso: KapsoServer) -> None:
    client.get(CONVERSATIONS, limit=5)
    client.using("wrong").request("PATCH", "/nowhere", {"a": 1})
    first, second = kapso.requests
    assert (first.method, first.path, first.query, first.body) == ("GET", CONVERSATIONS, {"limit": "5"}, b"")
    assert (second.method, second.path, second.body) == ("PATCH", "/nowhere", b'{"a": 1}')
    assert "x-api-key" not in first.headers
    assert not any(secret in repr(kapso.requests) for secret in (KEY, "wrong"))


def test_what_was_recorded_can_be_told_apart(client: Client, kapso: KapsoServer) -> None:
    client.get(DELIVERIES)
    [request] = kapso.requests
    assert request == Received("GET", DELIVERIES, {}, request.headers)
