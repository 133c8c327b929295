"""Where the key may go."""

import pytest

from background_sync.rules.base_url import validate_base_url


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://api.kapso.ai", "https://api.kapso.ai"),
        ("https://API.kapso.ai/", "https://api.kapso.ai"),
        ("https://proxy.example:8443/kapso/", "https://proxy.example:8443/kapso"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("http://127.1.2.3", "http://127.1.2.3"),
        ("http://localhost:1", "http://localhost:1"),
        ("http://[::1]:9000", "http://[::1]:9000"),
    ],
)
def test_https_and_this_machine(url: str, base: str) -> None:
    assert validate_base_url(url) == base


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.kapso.ai",
        "http://api.kapso.ai",
        "http://10.0.0.1",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://2130706433",
        "http://0.0.0.0",
        "http://[::2]",
        "http://evil.example\\@127.0.0.1",
        "http://evil.example#@127.0.0.1",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://api.kapso.ai:99999",
        "https://api.kapso.ai/?a=1",
        "https://api.kapso.ai/#a",
        "https://api.kapso.ai\r\nX: y",
    ],
)
def test_the_key_goes_nowhere_else(url: str) -> None:
    with pytest.raises(ValueError, match="base URL") as caught:
        validate_base_url(url)
    assert repr(url) in str(caught.value)


@pytest.mark.parametrize("url", ["https://me:pass@api.kapso.ai", "http://127.0.0.1@evil.example"])
def test_a_user_is_refused_and_not_quoted(url: str) -> None:
    with pytest.raises(ValueError, match=r"no user and no password: 'https?://\*\*\*@"):
        validate_base_url(url)
