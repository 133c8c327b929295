"""Each status has its error, and is asked for once."""

from typing import Any

import pytest

from background_sync.kapso.client import KapsoClient
from background_sync.kapso.errors import (
    InvalidResponse,
    KapsoError,
    NumberUnknown,
    RateLimited,
    Rejected,
    Unauthorized,
)
from tests.integration.kapso.client.server import Reply, Server


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
def test_an_error_of_its_own(
    server: Server, client: KapsoClient, status: int, expected: type[KapsoError]
) -> None:
    server.answers = [Reply(status, {"error": {"message": "Such is life", "code": 1}})]
    with pytest.raises(KapsoError) as caught:
        client.get("/things", {"limit": "1"})
    assert type(caught.value) is expected
    words = "" if status == 304 else ": Such is life"  # a 304 has no body
    assert str(caught.value) == f"Kapso answered {status} to GET /things{words}"
    assert len(server.asked) == 1


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"data": [', b"\xff\xfe"])
def test_an_answer_without_json_is_nonsense(server: Server, client: KapsoClient, body: bytes) -> None:
    server.answers = [Reply(body=body)]
    with pytest.raises(InvalidResponse, match="no JSON"):
        client.get("/", {})
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"), [({"Retry-After": "17"}, 17), ({}, 60), ({"Retry-After": "later"}, 60)]
)
def test_a_429_tells_how_long_to_rest(
    server: Server, client: KapsoClient, headers: dict[str, str], seconds: int
) -> None:
    server.answers = [Reply(429, headers=headers)]
    with pytest.raises(RateLimited) as caught:
        client.get("/", {})
    assert caught.value.retry_after_s == seconds


def test_a_retry_after_date_counts_from_the_servers_clock(server: Server, client: KapsoClient) -> None:
    dates: dict[str, Any] = {"Retry-After": "Wed, 01 Jan 2025 00:00:30 GMT"}
    raw = "HTTP/1.1 429 Slow\r\nContent-Length: 0\r\nDate: Wed, 01 Jan 2025 00:00:00 GMT\r\n"
    raw += "".join(f"{name}: {value}\r\n" for name, value in dates.items()) + "\r\n"
    server.answers = [Reply(raw=raw.encode())]
    with pytest.raises(RateLimited) as caught:
        client.get("/", {})
    assert caught.value.retry_after_s == 30


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(server: Server, client: KapsoClient, status: int) -> None:
    with Server() as other:
        server.answers = [Reply(status, headers={"Location": other.url + "/things"})]
        other.answers = [Reply(document=1)]
        with pytest.raises(InvalidResponse, match=f"^Kapso answered {status} to GET /$"):
            client.get("/", {})
        assert (len(server.asked), other.connections) == (1, 0)


def test_nor_is_one_on_the_same_host(server: Server, client: KapsoClient) -> None:
    server.answers = [Reply(302, headers={"Location": "/elsewhere"}), Reply(document=1)]
    with pytest.raises(InvalidResponse):
        client.get("/", {})
    assert len(server.asked) == 1
