"""Where a Kapso key may be sent."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3.util import parse_url

from background_sync.rules.base_url import validate_base_url


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://api.kapso.ai", "https://api.kapso.ai"),
        ("https://API.kapso.ai/", "https://api.kapso.ai"),
        ("https://proxy.example:8443/Kapso/", "https://proxy.example:8443/Kapso"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("http://127.1.2.3", "http://127.1.2.3"),
        ("http://localhost:1", "http://localhost:1"),
        ("http://[::1]:9000", "http://[::1]:9000"),
    ],
)
def test_https_is_allowed_and_http_to_this_machine(url: str, base: str) -> None:
    assert validate_base_url(url) == base


@pytest.mark.parametrize(
    "url",
    [
        *("", "api.kapso.ai", "http://api.kapso.ai", "http://10.0.0.1", "http://127.0.0.1.example.com"),
        *("http://localhost.example.com", "http://2130706433", "http://0.0.0.0", "http://[::2]"),
        *("ftp://127.0.0.1", "file:///etc/passwd", "https://", "https:///path"),
        *("https://api.kapso.ai:99999", "https://api.kapso.ai\r\nX: y", "https://api.kapso.ai\n"),
    ],
)
def test_any_other_url_is_refused_and_quoted(url: str) -> None:
    with pytest.raises(ValueError, match=r"^a base URL must be ") as caught:
        validate_base_url(url)
    assert repr(url) in str(caught.value)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://api.kapso.ai/?key=secret", "be a scheme, a host and at most a path"),
        ("https://api.kapso.ai/#secret", "be a scheme, a host and at most a path"),
        *(
            (url, r"not have a user or a password: '(https?://)?\*\*\*@")
            for url in (
                *("https://me:secret@api.kapso.ai", "http://secret@127.0.0.1", "//secret\n@api.kapso.ai"),
                *("http://127.0.0.1@secret@evil.example", "http://evil.example\\secret@127.0.0.1"),
                *("http://evil.example#secret@127.0.0.1", "me:secret@api.kapso.ai"),
            )
        ),
    ],
)
def test_a_query_a_fragment_or_a_password_is_refused_and_not_quoted(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^a base URL must {reason}") as caught:
        validate_base_url(url)
    assert "secret" not in str(caught.value)
    assert "me:" not in str(caught.value)


@given(st.sampled_from(["http://", "https://"]), st.text("127.0.0.1locahst:@/\\#?[]%_ \n", max_size=30))
def test_the_http_library_finds_the_same_host(scheme: str, rest: str) -> None:
    with suppress(ValueError):
        host = re.split("[/]|:[0-9]+", validate_base_url(scheme + rest).removeprefix(scheme))[0]
        assert parse_url(scheme + rest).host == host
