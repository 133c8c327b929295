"""Connections to Kapso: one pool a process, and a time limit that holds for an answer as a whole.

urllib3's read timeout starts anew with every byte that arrives, so that a server which sends one now and then
could outlast any deadline. Here it runs from the request's end to the answer's.
"""

import io
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, Final

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_BYTES = 5_000_000
PIECE_BYTES = 65_536


class _InTime(io.RawIOBase):
    """What a socket receives, until the timeout that it has now is over."""

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


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - http.client's
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_InTime(self.fp.detach(), sock))


class _Connection(HTTPConnection):
    response_class = _Response


class _SecureConnection(HTTPSConnection):
    response_class = _Response


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


POOL: Final = urllib3.PoolManager(maxsize=4, cert_reqs="CERT_REQUIRED")
POOL.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `content` is None where it had more than `MAX_BYTES`."""

    status: int
    headers: Mapping[str, str]
    content: bytes | None

    @property
    def kind(self) -> int:
        """The status's first digit."""
        return self.status // 100


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Why nothing came back: the name of the network error, for its text may quote the server."""

    reason: str


def exchange(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: urllib3.Timeout
) -> Answer | NoAnswer:
    """One request and its answer, whatever its status; no redirect is followed, nothing is tried again."""
    try:
        response = POOL.urlopen(
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
        return Answer(response.status, response.headers, _content(response))
    except HTTPError as error:
        return NoAnswer(type(error).__name__)


def _content(response: "urllib3.BaseHTTPResponse") -> bytes | None:
    content = bytearray()
    try:
        for piece in response.stream(PIECE_BYTES, decode_content=False):
            content += piece
            if len(content) > MAX_BYTES:
                return None
    finally:
        response.close()  # a connection that still holds a part of the answer must not be used again
        response.release_conn()
    return bytes(content)
