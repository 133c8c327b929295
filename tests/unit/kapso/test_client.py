"""A client before it asks anything."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from background_sync.clock import Deadline, SystemClock
from background_sync.kapso.client import USER_AGENT, KapsoClient
from background_sync.kapso.errors import Unauthorized

KEY = "kp_live_7f3a99"
ROOT = Path(__file__).parents[3]


def client(base_url: str = "https://api.kapso.ai", key: str = KEY) -> KapsoClient:
    clock = SystemClock()
    return KapsoClient(base_url, key, clock=clock, deadline=Deadline(clock, clock.now() + 1000))


def test_it_does_not_show_the_key() -> None:
    assert repr(client()) == str(client()) == f"{client()}" == "KapsoClient('https://api.kapso.ai')"


def test_it_sends_no_key_in_the_clear() -> None:
    with pytest.raises(ValueError, match=r"must be https.*'http://api\.kapso\.ai'"):
        client("http://api.kapso.ai")


@pytest.mark.parametrize("key", ["", "kp live", "kp_live\n", "kp\r\nX-Other: 1", "ключ", "k" * 1001])
def test_a_key_that_cannot_be_sent_is_refused_and_not_quoted(key: str) -> None:
    with pytest.raises(Unauthorized) as caught:
        client(key=key)
    assert not key or key not in str(caught.value)


def test_it_names_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"{project['name']}/{project['version']}" == USER_AGENT


def test_it_needs_nothing_that_the_layer_and_the_runtime_have_not() -> None:
    code = (
        "import background_sync.kapso.conversations, background_sync.kapso.webhooks, sys; print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    packages = {name.partition(".")[0] for name in loaded.stdout.split()}
    assert "urllib3" in packages
    assert not packages & {"httpx", "pydantic", "kapso_whatsapp", "requests", "certifi", "boto3"}
