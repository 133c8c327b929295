"""Kapso is asked through the proxy that the usual environment variables name."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from background_sync.kapso.errors import Unavailable
from background_sync.kapso.transport import proxy_for
from tests.integration.kapso.client.server import KEY, Server, close_connections, make_client

KAPSO = "https://kapso.example.com"


class Proxy(ThreadingHTTPServer):
    """Tunnels each connection to the server on `port`, and keeps what was asked. Without a port it hangs."""

    def __init__(self, port: int | None) -> None:
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self.port, self.asked = port, list[tuple[str, Message]]()
        self.ended = threading.Event()
        threading.Thread(target=lambda: self.serve_forever(0.01)).start()

    def close(self) -> None:
        self.ended.set()
        self.shutdown()
        self.server_close()


class _Tunnel(BaseHTTPRequestHandler):
    server: Proxy

    def do_CONNECT(self) -> None:
        self.close_connection = True
        self.server.asked.append((self.path, self.headers))
        if self.server.port is None:
            self.server.ended.wait()
            return
        with socket.create_connection(("127.0.0.1", self.server.port)) as upstream:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=_copy, args=(upstream, self.connection))
            back.start()
            _copy(self.connection, upstream)
            back.join()

    def log_message(self, *_: object) -> None:
        pass


def _copy(source: socket.socket, to: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)


@pytest.fixture
def proxy(secure_server: Server, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The proxy of this process; it tunnels to `secure_server`, whatever the host."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with closing(Proxy(int(secure_server.url.rsplit(":", 1)[1]))) as proxy:
        monkeypatch.setenv("https_proxy", f"http://ana:p%40ss@127.0.0.1:{proxy.server_port}")
        yield proxy
        close_connections(proxy_for(KAPSO))


def test_the_proxy_is_used_and_never_sees_the_key(proxy: Proxy, secure_server: Server) -> None:
    assert make_client(KAPSO).get("/", {}) == "ok"
    [(host, headers)] = proxy.asked
    assert host == "kapso.example.com:443"
    assert headers["Proxy-Authorization"] == "Basic YW5hOnBAc3M="
    assert KEY not in str(headers)
    [request] = secure_server.requests
    assert request.headers["X-API-Key"] == KEY


def test_a_proxy_may_be_named_without_a_scheme(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", f"127.0.0.1:{proxy.server_port}")
    assert make_client(KAPSO).get("/", {}) == "ok"


def test_this_machine_is_never_asked_through_the_proxy(proxy: Proxy, secure_server: Server) -> None:
    assert make_client(secure_server.url).get("/", {}) == "ok"
    assert proxy.asked == []


def test_a_host_of_no_proxy_is_asked_past_it(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "example.com")
    with pytest.raises(Unavailable):
        make_client(KAPSO).get("/", {})
    assert proxy.asked == []


def test_a_proxy_that_hangs_outlasts_no_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(Proxy(None)) as hanging:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{hanging.server_port}")
        with pytest.raises(Unavailable, match=r"gave no answer to GET /"):
            make_client(KAPSO, left_ms=300).get("/", {})
        assert hanging.asked


@pytest.mark.parametrize("value", ["socks9://127.0.0.1:1", "http://:1", "http://ana:secret@127.0.0.1:1"])
def test_an_unusable_proxy_is_an_error_without_it(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", value)
    with pytest.raises(Unavailable) as error:
        make_client(KAPSO, left_ms=5_000).get("/", {})
    assert "secret" not in str(error.value)


def test_a_server_with_a_trusted_certificate_is_asked(
    secure_server: Server, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert make_client(secure_server.url).get("/", {}) == "ok"


@pytest.mark.parametrize(("trusted", "host"), [(False, "127.0.0.1"), (True, "localhost")])
def test_one_with_an_unknown_certificate_or_one_of_another_name_receives_nothing(
    secure_server: Server, certificate: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool, host: str
) -> None:
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with pytest.raises(Unavailable, match="its certificate is not trusted here"):
        make_client(secure_server.url.replace("127.0.0.1", host)).get("/", {})
    assert secure_server.requests == []
