"""GET /: the status page as it is sent; tests/browser looks at it."""

import base64
import hashlib
import re

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS
from tests.integration.faults import Faults
from tests.integration.health.api import Api
from tests.integration.world import NOW, World

HOSTILE = "<script>alert(1)</script>"
MAX_BYTES = 40_000


@pytest.fixture(autouse=True)
def a_workspace_that_was_swept(world: World) -> None:
    world.workspace("acme", name=f"Acme {HOSTILE}")
    world.contact("62823925000", DAY_MS, "acme", name=HOSTILE)
    world.sweep()


def test_it_is_a_page_that_may_do_nothing_but_be_read(api: Api) -> None:
    answer = api.get("/")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    policy = answer.headers["Content-Security-Policy"]
    [style] = re.findall(r"<style>(.*)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "<script" not in answer.text
    assert not re.search(r' style="| on\w+="|url\(|@import', answer.text)


def test_it_is_small_with_48_sweeps_on_it(api: Api, world: World) -> None:
    for hour in range(1, 48):
        world.dispatch(NOW + hour * HOUR_MS)
    page = api.get("/").text
    assert page.count('class="slot"') == 48
    assert len(page.encode()) < MAX_BYTES


def test_it_is_sent_compressed_to_who_can_read_that(api: Api) -> None:
    answer = api.get("/", headers={"accept-encoding": "gzip"})
    assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert len(base64.b64decode(answer.text)) < MAX_BYTES / 5


@pytest.mark.parametrize(("days", "said"), [(0, "OK"), (1, "Failing")])
def test_it_is_there_whatever_the_state(api: Api, world: World, days: int, said: str) -> None:
    world.clock.time += days * DAY_MS
    answer = api.get("/")
    assert (answer.status, f"<title>{said}: " in answer.text) == (200, True)


def test_an_address_of_the_runbook_is_a_link(api: Api, world: World) -> None:
    world.clock.time += DAY_MS
    assert "<code>docs/operations.md#no-sweep-finishes</code>" in api.get("/").text
    api.restart(runbook_url="https://wiki.example/runbook")
    assert '<a href="https://wiki.example/runbook#no-sweep-finishes">' in api.get("/").text


@pytest.mark.parametrize("parameters", [{}, {"workspace_id": "acme"}, {"cursor": "x"}, {"anything": "else"}])
def test_nobody_is_named_whatever_is_asked(api: Api, parameters: dict[str, str]) -> None:
    answer = api.get("/", **parameters)  # type: ignore[arg-type]
    assert answer.text == api.get("/").text
    assert not [name for name in ("acme", "Acme", "62823925000", "alert") if name in answer.text]


def test_on_the_local_stack_workspaces_and_people_are(api: Api) -> None:
    api.restart(local_pages=True)
    front, workspace = api.get("/"), api.get("/", workspace_id="acme")
    assert 'href="/?workspace_id=acme"' in front.text
    assert "62823925000" in workspace.text
    assert {front.headers["Cache-Control"], workspace.headers["Cache-Control"]} == {"no-store"}


def test_who_is_skipped_is_told_with_the_reason(api: Api, world: World) -> None:
    world.workspace("off", kapso_token_parameter=None)
    api.restart(local_pages=True)
    for page in (api.get("/").text, api.get("/", workspace_id="off").text):
        assert "no kapso_token_parameter" in page
    assert "no kapso_token_parameter" not in api.get("/", workspace_id="acme").text


def test_and_what_they_are_called_is_never_html(api: Api) -> None:
    api.restart(local_pages=True)
    for page in (api.get("/").text, api.get("/", workspace_id="acme").text):
        assert "<script" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


@pytest.mark.parametrize("workspace_id", ["nobody", "Acme"])
def test_a_workspace_that_is_not_there_is_not_found(api: Api, workspace_id: str) -> None:
    api.restart(local_pages=True)
    answer = api.get("/", workspace_id=workspace_id)
    assert (answer.status, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_an_error_inside_is_a_page_too_and_stays_inside(api: Api, faults: Faults) -> None:
    faults.fail("Query", RuntimeError("the secret is 42"))
    answer = api.get("/")
    assert (answer.status, answer.headers["Content-Type"]) == (500, "text/html; charset=utf-8")
    assert "secret" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
