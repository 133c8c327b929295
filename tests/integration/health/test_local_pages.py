"""The pages of the local stack name workspaces and contacts; tests/browser looks at them in a browser."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

import pytest
from werkzeug.test import Client, TestResponse
from werkzeug.wrappers import Request

from background_sync.records.database import Database, Record
from background_sync.rules.policy import DAY_MS, HOUR_MS
from background_sync_ops.pages.local import LocalPages
from background_sync_ops.stack.stack import LocalStack
from tests.integration.verify.number import put_key
from tests.integration.world import NOW, World

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def client(engine: LocalStack, database: Database, world: World) -> Iterator[Client]:
    """A client of the engine's HTTP API, with the local pages, after a sweep over a workspace."""
    world.workspace("acme", name=f"Acme {HOSTILE}")
    world.contact("62823925000", DAY_MS, "acme", name=HOSTILE)
    world.sweep()
    engine.http_api.local_routes["/"] = LocalPages(engine)
    yield Client(Request.application(engine.http_api))
    engine.http_api.local_routes.clear()
    # The pages bound the records to a connection of their own.
    Record.bind(database.tables, database.connection)


def get(client: Client, **parameters: str) -> TestResponse:
    return client.get("/", query_string=parameters)


def test_workspaces_and_contacts_are_named_and_nothing_is_cached(client: Client) -> None:
    front, workspace = get(client), get(client, workspace_id="acme")
    assert 'href="/?workspace_id=acme"' in front.text
    assert "62823925000" in workspace.text
    for answer in (front, workspace):
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_repaired_contacts_and_those_that_lack_activity_are_listed(client: Client, world: World) -> None:
    world.contact("621", HOUR_MS, "acme", behind_at=NOW - HOUR_MS, repaired_at=NOW)
    world.contact("622", DAY_MS, "acme", behind_at=NOW - HOUR_MS)
    flagged, _, rest = get(client, workspace_id="acme").text.partition("Table of repaired contacts")
    repaired, _, missed = rest.partition("Table of contacts without activity")
    assert [
        name in part for part in (flagged, repaired, missed) for name in ("62823925000", "621", "622")
    ] == [
        *(True, False, False),
        *(False, True, False),
        *(False, False, True),
    ]


def test_names_are_never_html(client: Client) -> None:
    for page in (get(client).text, get(client, workspace_id="acme").text):
        assert "<script" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_skipped_workspace_says_why(client: Client, world: World) -> None:
    world.workspace("off", kapso_token_parameter=None)
    for page in (get(client).text, get(client, workspace_id="off").text):
        assert "no kapso_token_parameter" in page
    assert "no kapso_token_parameter" not in get(client, workspace_id="acme").text


def test_an_hour_in_which_kapso_was_down_is_deferred_with_the_reason(client: Client, world: World) -> None:
    world.workspace("acme", settings={"verify": "report"})
    put_key(world, "abc", "key")
    world.sweep(NOW + HOUR_MS)
    page = get(client, workspace_id="acme").text
    assert '<span class="badge warn">Deferred</span>' in page
    assert "Kapso did not answer" in page
    newest, before = page.partition("The last runs")[2].split("<tr><th")[2:4]
    assert ("Completed" in newest, "Completed" in before) == (False, True)


def test_a_setting_that_cannot_be_used_shows(client: Client, world: World) -> None:
    world.workspace("acme", settings={"verify": "on"})
    for page in (get(client).text, get(client, workspace_id="acme").text):
        assert '<span class="badge warn">Unusable setting</span>' in page
        assert "verify is not one of off, report, repair: the default is used" in page


@pytest.mark.parametrize("workspace_id", ["nobody", "Acme"])
def test_an_unknown_workspace_is_not_found(client: Client, workspace_id: str) -> None:
    answer = get(client, workspace_id=workspace_id)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "<h1>No such workspace</h1>" in answer.text


@pytest.mark.parametrize("parameters", [{"workspace_id": "#sweep"}, {"cursor": "x"}, {"limit": "5"}])
def test_an_invalid_parameter_is_refused(client: Client, parameters: dict[str, str]) -> None:
    answer = get(client, **parameters)
    assert answer.status_code == 400
    assert "<h1>This address is not valid</h1>" in answer.text
    assert "<style>" in answer.text


def test_those_with_a_problem_come_first_and_the_list_says_it_is_cut(client: Client, world: World) -> None:
    for number in range(130):
        world.workspace(f"w{number:03}", latest_run_at=NOW)
    ids = [f"w{number:03}" for number in range(130)]
    runs = [{"workspace_id": name, "run_at": NOW, "status": "completed"} for name in ids if name != "w120"]
    failed = {"workspace_id": "w120", "run_at": NOW, "status": "failed", "error": "RuntimeError: boom"}
    world.put_many(world.database.tables.sync_health, [*runs, failed])
    world.workspace("w110", kapso_phone_id=None)
    first = get(client).text
    assert "25 of 131 workspaces" in first
    listed = re.findall(r"workspace_id=(\w+)", first)
    assert listed[:3] == ["w120", "acme", "w000"]
    assert "RuntimeError: boom" in first
    after = re.search(r"cursor=([\w%-]+)", first)
    while after is not None:
        page = get(client, cursor=unquote(after[1])).text
        listed += re.findall(r"workspace_id=(\w+)", page)
        after = re.search(r"cursor=([\w%-]+)", page)
    assert listed[-1] == "w110"
    assert sorted(listed) == sorted(["acme", *ids])


def test_without_workspaces_there_is_nothing_to_list(client: Client, world: World) -> None:
    world.clear()
    assert "None yet." in get(client).text.partition('id="workspaces"')[2]


def test_the_deployed_function_never_shows_them(client: Client, engine: LocalStack) -> None:
    engine.http_api.local_routes.clear()
    page = get(client, workspace_id="acme")
    assert page.status_code == 200
    assert not [name for name in ("acme", "Acme", "62823925000", "alert") if name in page.text]
