"""A client before it sends anything, and the headers that it reads."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.clock import Deadline, SystemClock
from background_sync.kapso.client import USER_AGENT, KapsoClient, read_rate_limit, read_retry_after_s
from background_sync.kapso.errors import Unauthorized
from tests.unit.kapso.records import MOMENT

KEY = "kp_live_7f3a99"
ROOT = Path(__file__).parents[3]


def client(base_url: str = "https://api.kapso.ai", key: str = KEY) -> KapsoClient:
    clock = SystemClock()
    return KapsoClient(base_url, key, clock=clock, deadline=Deadline(clock, clock.now() + 1000))


def test_its_text_does_not_show_the_key() -> None:
    assert repr(client()) == str(client()) == f"{client()}" == "KapsoClient('https://api.kapso.ai')"


def test_a_base_url_that_the_key_must_not_go_to_is_refused() -> None:
    with pytest.raises(ValueError, match=r"must be https.*'http://api\.kapso\.ai'"):
        client("http://api.kapso.ai")


@pytest.mark.parametrize("key", ["", "kp live", "kp_live\n", "kp\r\nX-Other: 1", "ключ", "k" * 1001])
def test_a_key_that_a_header_cannot_hold_is_refused_and_not_quoted(key: str) -> None:
    with pytest.raises(Unauthorized) as caught:
        client(key=key)
    assert not key or key not in str(caught.value)


def test_the_user_agent_names_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"{project['name']}/{project['version']}" == USER_AGENT


def test_the_client_needs_only_libraries_of_the_layer_and_the_runtime() -> None:
    code = (
        "import background_sync.kapso.conversations, background_sync.kapso.webhooks, sys; print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    packages = {name.partition(".")[0] for name in loaded.stdout.split()}
    assert "urllib3" in packages
    assert not packages & {"httpx", "pydantic", "kapso_whatsapp", "requests", "certifi", "boto3"}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "60"}, 60),
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": "999999"}, 3600),
        ({"Retry-After": "Mon, 15 Jan 2024 14:31:30 GMT"}, 90),
        ({"Retry-After": "Mon, 15 Jan 2024 14:31:30 -0000"}, 90),
        ({"Retry-After": "Mon, 15 Jan 2024 14:00:00 GMT"}, 1),
        ({"Retry-After": "soon"}, 60),
        ({"Retry-After": "-5"}, 60),
        ({"Retry-After": "1.5"}, 60),
        ({"Retry-After": ""}, 60),
        ({}, 60),
    ],
)
def test_retry_after_is_read_in_seconds_and_as_a_date(headers: dict[str, str], seconds: int) -> None:
    assert read_retry_after_s(headers, MOMENT) == seconds


@given(st.text() | st.text("0123456789 :+-,JanFebMonGMT"))
def test_retry_after_may_hold_any_text(value: str) -> None:
    assert 1 <= read_retry_after_s({"Retry-After": value, "Date": value}, MOMENT) <= 3600


@pytest.mark.parametrize("remaining", [{}, *({"X-RateLimit-Remaining": each} for each in ("", "many", "-1"))])
def test_the_rate_limit_is_unknown_unless_both_headers_are_numbers(remaining: dict[str, str]) -> None:
    assert read_rate_limit({"X-RateLimit-Limit": "100", **remaining}) is None
