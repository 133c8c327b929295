"""What a request carries, and which response each status is."""

import pytest

from background_sync.kapso import transport
from background_sync.kapso.client import USER_AGENT, KapsoClient, RateLimit
from background_sync.kapso.errors import (
    InvalidResponse,
    KapsoError,
    NumberUnknown,
    RateLimited,
    Rejected,
    Unauthorized,
)
from tests.integration.kapso.client.server import KEY, EndlessReply, Reply, Server, make_client


def test_a_request_carries_path_query_key_and_user_agent(server: Server) -> None:
    server.replies = [Reply(document={"data": []})]
    client = make_client(server.url + "/kapso/")  # A base URL may have a path.
    assert client.get("/platform/v1/things", {"limit": "5", "fields": "kapso(default)"}) == {"data": []}
    [request] = server.requests
    assert (request.method, request.path) == ("GET", "/kapso/platform/v1/things")
    assert request.query == {"limit": ["5"], "fields": ["kapso(default)"]}
    assert (request.headers["X-API-Key"], request.headers["User-Agent"]) == (KEY, USER_AGENT)


def test_all_clients_share_one_connection(server: Server) -> None:
    server.replies = [Reply(document=1), Reply(401), Reply(document=1)]
    make_client(server.url).get("/", {})
    with pytest.raises(Unauthorized):
        make_client(server.url).get("/", {})
    make_client(server.url).get("/", {})
    assert (len(server.requests), server.connections) == (3, 1)


def test_the_last_known_rate_limit_is_kept(server: Server, client: KapsoClient) -> None:
    limits = {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "42"}
    server.replies = [Reply(document=1, headers=limits), Reply(document=1)]
    assert client.rate_limit is None
    for _ in range(2):
        client.get("/", {})
        assert client.rate_limit == RateLimit(limit=100, remaining=42)


def test_a_response_that_is_too_large_is_refused(
    server: Server, client: KapsoClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_BYTES", 1000)
    server.replies = [Reply(body=b" " * 999 + b"1"), Reply(body=b" " * 300_000), Reply(document=2)]
    assert client.get("/", {}) == 1
    with pytest.raises(InvalidResponse, match=r"^Kapso answered 200 with more than \d+ bytes to GET /$"):
        client.get("/", {})
    assert client.get("/", {}) == 2
    assert server.connections == 2


def test_a_response_that_never_ends_is_refused(server: Server, client: KapsoClient) -> None:
    begin = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    server.replies = [EndlessReply(server.stop, begin, b"100000\r\n" + b" " * 0x100000 + b"\r\n")]
    with pytest.raises(InvalidResponse, match="more than 5000000 bytes"):
        client.get("/", {})


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, Unauthorized),
        (404, NumberUnknown),
        (400, Rejected),
        (403, Rejected),
        (422, Rejected),
        (429, RateLimited),
        (304, InvalidResponse),
        (600, InvalidResponse),
    ],
)
def test_a_status_other_than_success_raises_its_error_without_a_retry(
    server: Server, client: KapsoClient, status: int, expected: type[KapsoError]
) -> None:
    server.replies = [Reply(status, {"error": {"message": "Such is life", "code": 1}})]
    with pytest.raises(KapsoError) as caught:
        client.get("/things", {"limit": "1"})
    assert type(caught.value) is expected
    words = "" if status == 304 else ": Such is life"  # a 304 has no body
    assert str(caught.value) == f"Kapso answered {status} to GET /things{words}"
    assert len(server.requests) == 1


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"data": [', b"\xff\xfe"])
def test_a_success_without_json_is_refused_at_once(server: Server, client: KapsoClient, body: bytes) -> None:
    server.replies = [Reply(body=body)]
    with pytest.raises(InvalidResponse, match="not JSON"):
        client.get("/", {})
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("retry_after", "seconds"), [("17", 17), ("Wed, 01 Jan 2025 00:00:30 GMT", 30), ("later", 60)]
)
def test_a_429_says_how_long(server: Server, client: KapsoClient, retry_after: str, seconds: int) -> None:
    lines = ["HTTP/1.1 429 Slow", "Content-Length: 0", "Date: Wed, 01 Jan 2025 00:00:00 GMT"]
    server.replies = [Reply(raw="\r\n".join([*lines, f"Retry-After: {retry_after}", "", ""]).encode())]
    with pytest.raises(RateLimited) as caught:
        client.get("/", {})
    assert caught.value.retry_after_s == seconds


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("same_host", [True, False])
def test_a_redirect_is_not_followed(
    server: Server, client: KapsoClient, status: int, *, same_host: bool
) -> None:
    with Server() as other:
        target = "/things" if same_host else other.url + "/things"
        server.replies = [Reply(status, headers={"Location": target}), Reply(document=1)]
        other.replies = [Reply(document=1)]
        with pytest.raises(InvalidResponse, match=f"^Kapso answered {status} to GET /$"):
            client.get("/", {})
        assert (len(server.requests), other.connections) == (1, 0)
