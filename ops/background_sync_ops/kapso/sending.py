"""One webhook request, signed as Kapso signs it. Nothing is ever sent beyond this machine."""

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit


def signature(secret_key: str, body: bytes) -> str:
    """The lowercase hex HMAC-SHA256 of a raw body."""
    return hmac.new(secret_key.encode(), body, hashlib.sha256).hexdigest()


def post(url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> int | None:
    """The status of the answer; None when there is none in time, or when the URL is not on this machine."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not _is_loopback(parts.hostname):
        return None
    connection = HTTPConnection(str(parts.hostname), parts.port, timeout=timeout_s)
    try:
        connection.request(
            "POST", f"{parts.path or '/'}{parts.query and '?'}{parts.query}", body, dict(headers)
        )
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
