"""Requests per key and minute."""

import pytest

from background_sync_ops.kapso import KapsoServer, KapsoStore
from tests.integration.kapso.server.world import CONVERSATIONS, DELIVERIES, MINUTE, NOW, Client
from tests.integration.world import TestClock


@pytest.fixture
def kapso(kapso: KapsoServer) -> KapsoServer:
    kapso.rate.limit = 2
    return kapso


def test_all_endpoints_share_the_limit_and_a_request_over_it_gets_429(client: Client) -> None:
    responses = [client.get(CONVERSATIONS), client.get(DELIVERIES, period="1y"), client.get(CONVERSATIONS)]
    assert [each.headers["x-ratelimit-limit"] for each in responses] == ["2", "2", "2"]
    assert [each.headers["x-ratelimit-remaining"] for each in responses] == ["1", "0", "0"]
    assert [each.status for each in responses] == [200, 422, 429]
    assert responses[2].headers["retry-after"] == "60"


def test_every_key_has_its_own_limit_in_every_minute(
    store: KapsoStore, client: Client, clock: TestClock
) -> None:
    store.add_number("222", "another-key")
    clock.time = NOW + MINUTE - 1
    assert [client.get(DELIVERIES).status for _ in range(3)] == [200, 200, 429]
    assert client.with_key("another-key").get(DELIVERIES).status == 200
    clock.time += 1
    assert client.get(DELIVERIES).headers["x-ratelimit-remaining"] == "1"
