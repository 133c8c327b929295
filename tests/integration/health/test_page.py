"""GET /: the status page as it is sent. tests/browser looks at it in a browser."""

import base64
import hashlib
import re

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS
from tests.integration.faults import Faults
from tests.integration.health.api import Api
from tests.integration.world import NOW, World

MAX_BYTES = 40_000


@pytest.fixture(autouse=True)
def a_workspace_that_was_swept(world: World) -> None:
    world.workspace("acme", name="Acme")
    world.contact("62823925000", DAY_MS, "acme", name="Mallory")
    world.sweep()


def test_the_page_may_run_no_script_and_load_nothing(api: Api) -> None:
    answer = api.get("/")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    policy = answer.headers["Content-Security-Policy"]
    [style] = re.findall(r"<style>(.*)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "<script" not in answer.text
    assert not re.search(r' style="| on\w+="|url\(|@import', answer.text)


def test_the_page_is_small_and_sent_compressed(api: Api, world: World) -> None:
    for hour in range(1, 48):
        world.dispatch(NOW + hour * HOUR_MS)
    page = api.get("/").text
    assert page.count('class="hit"') == 48
    assert len(page.encode()) < MAX_BYTES
    answer = api.get("/", headers={"accept-encoding": "gzip"})
    assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert len(base64.b64decode(answer.text)) < MAX_BYTES / 5


@pytest.mark.parametrize(("days", "word"), [(0, "OK"), (1, "Failing")])
def test_the_page_is_a_200_whatever_the_state(api: Api, world: World, days: int, word: str) -> None:
    world.clock.time += days * DAY_MS
    answer = api.get("/")
    assert (answer.status, f"<title>{word}: " in answer.text) == (200, True)


def test_a_runbook_on_the_web_is_linked(api: Api, world: World) -> None:
    world.clock.time += DAY_MS
    assert "<code>docs/operations.md#no-sweep-finishes</code>" in api.get("/").text
    api.restart(runbook_url="https://wiki.example/runbook")
    assert '<a href="https://wiki.example/runbook#no-sweep-finishes">' in api.get("/").text


@pytest.mark.parametrize("parameters", [{"workspace_id": "acme"}, {"cursor": "x"}, {"anything": "else"}])
def test_no_parameter_makes_the_page_name_a_tenant(api: Api, parameters: dict[str, str]) -> None:
    answer = api.get("/", **parameters)  # type: ignore[arg-type]
    assert answer.text == api.get("/").text
    assert not [name for name in ("acme", "Acme", "62823925000", "Mallory") if name in answer.text]


def test_an_error_gives_a_page_that_does_not_show_it(api: Api, faults: Faults) -> None:
    faults.fail("Query", RuntimeError("the secret is 42"))
    answer = api.get("/")
    assert (answer.status, answer.headers["Content-Type"]) == (500, "text/html; charset=utf-8")
    assert "secret" not in answer.text
    assert "<h1>The page could not be made</h1>" in answer.text
    assert "<style>" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
