"""Where a workspace's Kapso key may be sent."""

import re
from ipaddress import ip_address

# Strict on purpose: within this pattern, every URL parser finds the same host.
_BASE_URL = re.compile(
    r"(?P<origin>(?P<scheme>https?)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{1,5}))?)"
    r"(?P<path>/[\w.~%/-]*)?",
    re.ASCII | re.IGNORECASE,
)
_MAX_PORT = 65_535


def validate_base_url(url: str) -> str:
    """The base URL without a slash at its end.

    Raises:
        ValueError: it is not a scheme, a host and at most a path; or neither https nor http to this machine.
    """
    # A user, a password or a query may be secret, so the error does not quote them.
    shown = re.sub(r"(\w+://)?.*@", r"\1***@", url, flags=re.DOTALL)
    shown = re.sub(r"[?#].*", "?***", shown, flags=re.DOTALL)
    parts = _BASE_URL.fullmatch(url)
    if "@" in url:
        raise ValueError(f"a base URL must not have a user or a password: {shown!r}")
    if parts is None or int(parts["port"] or 0) > _MAX_PORT:
        raise ValueError(f"a base URL must be a scheme, a host and at most a path: {shown!r}")
    if parts["scheme"].lower() != "https" and not is_loopback(parts["host"]):
        raise ValueError(f"a base URL must be https, or http to this machine: {shown!r}")
    return parts["origin"].lower() + (parts["path"] or "").rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host.lower() == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
