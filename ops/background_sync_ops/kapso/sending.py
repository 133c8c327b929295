"""Sends one webhook request, signed as Kapso signs it."""

import hashlib
import hmac
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from background_sync.rules.base_url import is_loopback

TIMEOUT_S = 10.0


def signature(secret_key: str, body: bytes) -> str:
    """The lowercase hex HMAC-SHA256 of the raw body."""
    return hmac.new(secret_key.encode(), body, hashlib.sha256).hexdigest()


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int | None:
    """The status of the response, or None without one. Only this machine is ever contacted; another URL
    counts as one that does not respond."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not is_loopback(parts.hostname or ""):
        return None
    connection = HTTPConnection(str(parts.hostname), parts.port, timeout=TIMEOUT_S)
    try:
        connection.request("POST", parts.path or "/", body, dict(headers))
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
