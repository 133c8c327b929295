"""What cannot be answered is said in a word, and nothing of the inside with it."""

from collections.abc import Iterator

import pytest

from background_sync.records.database import Record
from background_sync.settings import Tables
from tests.integration.health.api import Answer, Api
from tests.integration.world import World

LISTS = ["/health/runs", "/health/sweeps", "/health/workspaces"]


def refused(answer: Answer) -> str:
    error = answer.document["error"]
    assert (answer.status, answer.headers["Content-Type"]) == (400, "application/json")
    assert error["parameter"] in error["message"]
    return str(error["parameter"])


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", ["0", "101", "-1", "ten", "1.5", "", "1,2"])
def test_a_bad_limit_is_named(api: Api, path: str, limit: str) -> None:
    assert refused(api.get(path, limit=limit)) == "limit"


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", [1, 20])
def test_the_bounds_themselves_are_good(api: Api, path: str, limit: int) -> None:
    assert api.get(path, limit=limit).status == 200


@pytest.mark.parametrize("workspace_id", ["", "#sweep", "#audit#w1", "x" * 2049])
def test_a_bad_workspace_is_named(api: Api, workspace_id: str) -> None:
    assert refused(api.get("/health/runs", workspace_id=workspace_id)) == "workspace_id"


def test_a_parameter_of_another_list_is_named(api: Api) -> None:
    assert refused(api.get("/health/sweeps", workspace_id="w1")) == "workspace_id"


@pytest.mark.parametrize("path", ["/healthz", "/health/", "/health/runs/1", "/health/runs/", "/favicon.ico"])
def test_an_unknown_path_is_not_found(api: Api, path: str) -> None:
    answer = api.get(path)
    assert (answer.status, set(answer.document)) == (404, {"error"})


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_is_to_be_written(api: Api, method: str) -> None:
    assert api.get("/health/runs", method).status == 404


@pytest.fixture
def broken(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tables that do not exist."""
    database, gone = world.database, Tables("gone-w", "gone-c", "gone-h")
    Record.bind(gone, database.connection)
    with monkeypatch.context() as patch:
        patch.setattr(database, "tables", gone)
        yield
    Record.bind(database.tables, database.connection)


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("path", ["/health", *LISTS])
def test_an_error_inside_stays_inside(api: Api, path: str) -> None:
    answer = api.get(path)
    assert (answer.status, answer.headers["Content-Type"]) == (500, "application/json")
    assert answer.document == {"error": {"message": "the request could not be answered"}}
    assert answer.headers["Cache-Control"] == "no-store"


def test_and_is_not_kept(api: Api, world: World) -> None:
    database = world.database
    Record.bind(Tables("gone-w", "gone-c", "gone-h"), database.connection)
    assert api.get("/health").status == 500
    Record.bind(database.tables, database.connection)
    assert api.get("/health").status == 200
