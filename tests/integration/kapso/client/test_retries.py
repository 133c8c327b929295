"""A 5xx, and no answer, are tried twice more; on the clock's time, and never past the deadline."""

import socket

import pytest

from background_sync.clock import SystemClock
from background_sync.kapso import client as client_module
from background_sync.kapso.client import KapsoClient
from background_sync.kapso.errors import Unavailable
from tests.integration.kapso.client.asking import make_client
from tests.integration.kapso.client.server import Dripping, Reply, Server, Silence
from tests.integration.world import TestClock
from tests.unit.kapso.records import MOMENT

OK = Reply(document="ok")
BROKEN = [
    b"",
    b"nonsense\r\n\r\n",
    b"HTTP/1.1 two hundred\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
]


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
def test_a_5xx_is_tried_twice_more(server: Server, client: KapsoClient, status: int) -> None:
    server.answers = [Reply(status), Reply(status), OK]
    assert client.get("/", {}) == "ok"
    assert len(server.asked) == 3


@pytest.mark.parametrize("raw", BROKEN)
def test_so_is_a_broken_answer(server: Server, client: KapsoClient, raw: bytes) -> None:
    server.answers = [Reply(raw=raw), OK]
    assert client.get("/", {}) == "ok"
    assert len(server.asked) == 2


def test_but_not_more_often(server: Server, client: KapsoClient) -> None:
    server.answers = [Reply(503, {"error": "Out of order"})]
    with pytest.raises(Unavailable, match=r"^Kapso answered 503 to GET /: Out of order$"):
        client.get("/", {})
    assert len(server.asked) == 3


def test_no_server_at_all(clock: TestClock) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # and does not listen
        asked: list[int] = []
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        client = make_client(url, clock, on_request=lambda: asked.append(1))
        with pytest.raises(Unavailable, match=r"^no answer from Kapso to GET /: NewConnectionError$"):
            client.get("/", {})
        assert len(asked) == 3


def test_it_waits_longer_each_time(server: Server, client: KapsoClient, clock: TestClock) -> None:
    server.answers = [Reply(500)]
    with pytest.raises(Unavailable):
        client.get("/", {})
    assert 750 <= clock.time - MOMENT <= 2250


def test_it_does_not_wait_past_the_deadline(server: Server, clock: TestClock) -> None:
    server.answers = [Reply(500), OK]
    with pytest.raises(Unavailable, match="500"):
        make_client(server.url, clock, left_ms=200).get("/", {})
    assert (len(server.asked), clock.time) == (1, MOMENT)


def test_without_time_it_does_not_ask(server: Server, clock: TestClock) -> None:
    asked: list[int] = []
    client = make_client(server.url, clock, left_ms=0, on_request=lambda: asked.append(1))
    with pytest.raises(Unavailable, match="no time left before the deadline"):
        client.get("/", {})
    assert (server.asked, asked) == ([], [])


def test_the_budget_is_asked_before_every_request(server: Server, clock: TestClock) -> None:
    class Spent(Exception):
        pass

    budget = iter([None, None])

    def spend() -> None:
        try:
            next(budget)
        except StopIteration:
            raise Spent from None

    server.answers = [Reply(500)]
    with pytest.raises(Spent):
        make_client(server.url, clock, on_request=spend).get("/", {})
    assert len(server.asked) == 2


def test_an_answer_that_takes_too_long_counts_as_none(
    server: Server, client: KapsoClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "RESPONSE_TIMEOUT_S", 0.1)
    server.answers = [Silence(server.stop), OK]
    assert client.get("/", {}) == "ok"
    assert len(server.asked) == 2


ENDLESS = {
    "no status": (b"", b""),
    "headers without end": (b"HTTP/1.1 200 OK\r\n", b"X"),
    "a body of many drops": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b" "),
    "chunks without end": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
}


@pytest.mark.timeout(10)
@pytest.mark.parametrize("name", ENDLESS)
def test_no_answer_outlasts_the_deadline(server: Server, name: str) -> None:
    server.answers = [Dripping(*ENDLESS[name], server.stop)]
    client = make_client(server.url, SystemClock(), left_ms=300)
    with pytest.raises(Unavailable, match="ReadTimeoutError"):
        client.get("/", {})
    assert len(server.asked) == 1
