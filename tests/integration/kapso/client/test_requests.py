"""What a request carries, and what is kept between two."""

import pytest

from background_sync.kapso import transport
from background_sync.kapso.client import USER_AGENT, KapsoClient, RateLimit
from background_sync.kapso.errors import InvalidResponse
from tests.integration.kapso.client.asking import KEY, make_client
from tests.integration.kapso.client.server import Dripping, Reply, Server


def test_a_request(server: Server, client: KapsoClient) -> None:
    server.answers = [Reply(document={"data": []})]
    assert client.get("/platform/v1/things", {"limit": "5", "fields": "kapso(default)"}) == {"data": []}
    [asked] = server.asked
    assert (asked.method, asked.path) == ("GET", "/platform/v1/things")
    assert asked.query == {"limit": ["5"], "fields": ["kapso(default)"]}
    assert (asked.headers["X-API-Key"], asked.headers["User-Agent"]) == (KEY, USER_AGENT)


def test_the_base_url_may_have_a_path(server: Server) -> None:
    server.answers = [Reply(document=1)]
    make_client(server.url + "/kapso/").get("/things", {})
    assert server.asked[0].path == "/kapso/things"


def test_one_connection_serves_all_clients(server: Server) -> None:
    server.answers = [Reply(document=1), Reply(401), Reply(document=1)]
    make_client(server.url).get("/", {})
    with pytest.raises(Exception, match="401"):
        make_client(server.url).get("/", {})
    make_client(server.url).get("/", {})
    assert (len(server.asked), server.connections) == (3, 1)


def test_what_is_left_of_the_keys_minute_is_remembered(server: Server, client: KapsoClient) -> None:
    limits = {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "42"}
    server.answers = [Reply(document=1, headers=limits), Reply(document=1)]
    assert client.rate_limit is None
    for _ in range(2):
        client.get("/", {})
        assert client.rate_limit == RateLimit(limit=100, remaining=42)


def test_an_answer_that_is_too_large_is_nonsense(
    server: Server, client: KapsoClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_BYTES", 1000)
    server.answers = [Reply(body=b" " * 999 + b"1"), Reply(body=b" " * 300_000), Reply(document=2)]
    assert client.get("/", {}) == 1
    with pytest.raises(InvalidResponse, match=r"^Kapso answered 200 with more than \d+ bytes to GET /$"):
        client.get("/", {})
    assert client.get("/", {}) == 2
    assert server.connections == 2


def test_so_is_one_that_never_ends(server: Server, client: KapsoClient) -> None:
    begin = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    server.answers = [Dripping(begin, b"100000\r\n" + b" " * 0x100000 + b"\r\n", server.stop)]
    with pytest.raises(InvalidResponse, match="more than 5000000 bytes"):
        client.get("/", {})
