"""Where Kapso is: the key travels in a header, so it must not travel in the clear, nor to a host that only
looks like the one meant."""

from ipaddress import ip_address

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url


def checked_base_url(url: str) -> str:
    """The base URL without a slash at its end, as the HTTP library itself understands it.

    Raises:
        ValueError: neither https nor http to this machine, or with a user, a query or a fragment; the text
            names the URL.
    """
    try:
        parsed = parse_url(url)
    except LocationParseError:
        raise ValueError(f"no usable base URL: {url!r}") from None
    if parsed.auth is not None:
        raise ValueError(f"a base URL has no user and no password: {parsed._replace(auth='***').url!r}")
    if not parsed.host or parsed.query is not None or parsed.fragment is not None:
        raise ValueError(f"a base URL is a scheme, a host and perhaps a path: {url!r}")
    if parsed.scheme != "https" and not (parsed.scheme == "http" and _is_loopback(parsed)):
        raise ValueError(f"a base URL must be https, except on this machine: {url!r}")
    return parsed._replace(path=(parsed.path or "").rstrip("/")).url


def _is_loopback(parsed: Url) -> bool:
    host = (parsed.host or "").strip("[]")
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
