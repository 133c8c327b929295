"""A 5xx or a missing response is retried twice, on the clock's time, and never past the deadline."""

import socket

import pytest

from background_sync.clock import SystemClock
from background_sync.kapso import client as client_module
from background_sync.kapso.client import KapsoClient
from background_sync.kapso.errors import Unavailable
from tests.integration.kapso.client.server import EndlessReply, Reply, Server, make_client
from tests.integration.world import TestClock
from tests.unit.kapso.records import MOMENT

OK = Reply(document="ok")
BROKEN = [
    b"",
    b"not HTTP\r\n\r\n",
    b"HTTP/1.1 two hundred\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
]


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
def test_a_5xx_is_retried_twice(server: Server, client: KapsoClient, status: int) -> None:
    server.replies = [Reply(status), Reply(status), OK]
    assert client.get("/", {}) == "ok"
    assert len(server.requests) == 3


@pytest.mark.parametrize("raw", BROKEN)
def test_a_broken_response_is_retried(server: Server, client: KapsoClient, raw: bytes) -> None:
    server.replies = [Reply(raw=raw), OK]
    assert client.get("/", {}) == "ok"
    assert len(server.requests) == 2


def test_two_retries_have_growing_pauses(server: Server, client: KapsoClient, clock: TestClock) -> None:
    server.replies = [Reply(503, {"error": "Out of order"})]
    with pytest.raises(Unavailable, match=r"^Kapso answered 503 to GET /: Out of order$"):
        client.get("/", {})
    assert len(server.requests) == 3
    assert 750 <= clock.time - MOMENT <= 2250


def test_a_refused_connection_is_retried(clock: TestClock) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # and does not listen
        requests: list[int] = []
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        client = make_client(url, clock, on_request=lambda: requests.append(1))
        with pytest.raises(
            Unavailable, match=r"^Kapso \(http.*\) gave no answer to GET /: it cannot be reached from here$"
        ):
            client.get("/", {})
        assert len(requests) == 3


def test_a_pause_does_not_reach_past_the_deadline(server: Server, clock: TestClock) -> None:
    server.replies = [Reply(500), OK]
    with pytest.raises(Unavailable, match="500"):
        make_client(server.url, clock, left_ms=200).get("/", {})
    assert (len(server.requests), clock.time) == (1, MOMENT)


def test_nothing_is_sent_after_the_deadline(server: Server, clock: TestClock) -> None:
    requests: list[int] = []
    client = make_client(server.url, clock, left_ms=0, on_request=lambda: requests.append(1))
    with pytest.raises(Unavailable, match="no time left before the deadline"):
        client.get("/", {})
    assert (server.requests, requests) == ([], [])


def test_an_error_of_on_request_stops_and_reaches_the_caller(server: Server, clock: TestClock) -> None:
    budget = iter([None, None])
    server.replies = [Reply(500)]
    with pytest.raises(StopIteration):
        make_client(server.url, clock, on_request=lambda: next(budget)).get("/", {})
    assert len(server.requests) == 2


def test_a_slow_answer_is_retried(server: Server, clock: TestClock, monkeypatch: pytest.MonkeyPatch) -> None:
    timeouts = iter([0.1, 60.0])

    def next_timeout() -> None:
        monkeypatch.setattr(client_module, "RESPONSE_TIMEOUT_S", next(timeouts))

    server.replies = [EndlessReply(server.stop), OK]
    assert make_client(server.url, clock, on_request=next_timeout).get("/", {}) == "ok"


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        pytest.param(b"", b"X", id="a status line without an end"),
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"X", id="a header without an end"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b" ", id="a slow body"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", id="slow chunks"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", b" ", id="a slow body of unknown length"),
    ],
)
def test_a_slow_server_does_not_outlast_the_deadline(server: Server, begin: bytes, piece: bytes) -> None:
    server.replies = [EndlessReply(server.stop, begin, piece)]
    with pytest.raises(Unavailable, match="it took too long"):
        make_client(server.url, SystemClock(), left_ms=1000).get("/", {})
