"""Connections to Kapso: one pool per process and proxy, and a read timeout that bounds the whole response.

urllib3's read timeout starts again with every byte, so a server that sends one byte now and then could
outlast any deadline. It can do so in the status line and the headers too, before urllib3 returns anything, so
the limit must stand below urllib3: in the file object that http.client reads the response from.
"""

import io
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from background_sync.rules.base_url import is_loopback

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_BYTES = 5_000_000
CHUNK_BYTES = 65_536
REASONS = {
    "NameResolutionError": "its name is not known here",
    "NewConnectionError": "it cannot be reached from here",
    "ConnectTimeoutError": "it cannot be reached from here in time",
    "ReadTimeoutError": "it took too long",
    "ProtocolError": "the connection was cut",
    "ProxyError": "the proxy cannot be used",
    "SSLError": "its certificate is not trusted here",
}


@dataclass(frozen=True, slots=True)
class Response:
    """A response of any status. `content` is None if it is larger than `MAX_BYTES`."""

    status: int
    headers: Mapping[str, str]
    content: bytes | None

    @property
    def status_class(self) -> int:
        """The first digit of the status."""
        return self.status // 100


@dataclass(frozen=True, slots=True)
class NoResponse:
    """`reason` is in our own words, because the network error's text may quote the server."""

    reason: str


def send_request(
    *, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: urllib3.Timeout
) -> Response | NoResponse:
    """Send one request. Redirects are not followed, and nothing is retried."""
    try:
        response = pool(proxy_for(url)).urlopen(
            method,
            url,
            body=body,
            headers=headers,
            timeout=timeout,
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content=False,
            enforce_content_length=True,
        )
        return Response(response.status, response.headers, _read_content(response))
    except HTTPError as error:
        return NoResponse(REASONS.get(type(error).__name__, type(error).__name__))


def _read_content(response: "urllib3.BaseHTTPResponse") -> bytes | None:
    content = bytearray()
    try:
        for chunk in response.stream(CHUNK_BYTES, decode_content=False):
            content += chunk
            if len(content) > MAX_BYTES:
                return None
    finally:
        # A connection with unread data must not be used again. If everything was read, the connection is
        # already back in the pool, and closing the response does not close it.
        response.close()
        response.release_conn()
    return bytes(content)


class _TimedReader(io.RawIOBase):
    """Reads from a socket. The socket's timeout, as it is now, bounds all reads together."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock
        self._ends = time.monotonic() + (sock.gettimeout() or 0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int | None:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - http.client's
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_TimedReader(self.fp.detach(), sock))


class _Connection(HTTPConnection):
    response_class = _TimedResponse


class _SecureConnection(HTTPSConnection):
    response_class = _TimedResponse


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


@cache
def pool(proxy: str | None) -> urllib3.PoolManager:
    """The connections through a proxy, or without one."""
    if proxy is None:
        made = urllib3.PoolManager(maxsize=4, cert_reqs="CERT_REQUIRED")
    else:
        auth = urllib3.util.parse_url(proxy).auth
        headers = urllib3.make_headers(proxy_basic_auth=unquote(auth)) if auth else None
        made = urllib3.ProxyManager(proxy, proxy_headers=headers, maxsize=4, cert_reqs="CERT_REQUIRED")
    made.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    return made


def proxy_for(url: str) -> str | None:
    """The proxy that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name for a URL; None for this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    proxy = getproxies_environment().get(parts.scheme)
    if not proxy or is_loopback(host) or proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
