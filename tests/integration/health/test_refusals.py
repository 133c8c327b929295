"""Requests that cannot be answered get a short error, which shows nothing of the inside."""

from collections.abc import Iterator
from typing import Any

import pytest

from background_sync.records.database import Record
from background_sync.settings import Tables
from tests.integration.health.api import LISTS, Api
from tests.integration.world import World

GONE = Tables("gone-w", "gone-c", "gone-h")


@pytest.mark.parametrize(
    ("path", "parameter", "value"),
    [
        *((path, "limit", value) for path in LISTS for value in ("0", "101", "ten")),
        ("/health/workspaces", "limit", "21"),
        *(("/health/runs", "workspace_id", value) for value in ("", "#sweep", "x" * 2049)),
        ("/health/sweeps", "workspace_id", "w1"),
        ("/health/workspaces", "state", "sad"),
        ("/health/workspaces", "state", ""),
        *(("/health/workspaces", "cursor", value) for value in ("é", "a", "")),
    ],
)
def test_an_invalid_parameter_is_named(api: Api, path: str, parameter: str, value: Any) -> None:
    answer = api.get(path, **{parameter: value})
    assert (answer.status, answer.headers["Content-Type"]) == (400, "application/json")
    assert answer.document["parameter"] == parameter
    assert parameter in answer.document["message"]


@pytest.mark.parametrize(
    ("path", "method"),
    [
        *(
            (path, "GET")
            for path in ("/healthz", "/health/", "/health/runs/1", "/health/runs/", "/favicon.ico")
        ),
        *(("/health/runs", method) for method in ("POST", "PUT", "DELETE", "PATCH")),
    ],
)
def test_an_unknown_path_and_a_method_that_writes_are_not_found(api: Api, path: str, method: str) -> None:
    answer = api.get(path, method)
    assert (answer.status, answer.document) == (404, {"message": "Not Found"})


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_unknown_workspace_is_not_found(api: Api, world: World, method: str) -> None:
    world.workspace("w1")
    assert api.get("/health/runs", method, workspace_id="w1").status == 200
    answer = api.get("/health/runs", method, workspace_id="w2")
    assert (answer.status, answer.headers["Cache-Control"]) == (404, "no-store")
    assert method == "HEAD" or answer.document["parameter"] == "workspace_id"


@pytest.fixture
def missing_tables(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    database = world.database
    Record.bind(GONE, database.connection)
    with monkeypatch.context() as patch:
        patch.setattr(database, "tables", GONE)
        yield
    Record.bind(database.tables, database.connection)


@pytest.mark.usefixtures("missing_tables")
@pytest.mark.parametrize("path", ["/health", *LISTS])
def test_an_error_inside_is_not_shown(api: Api, path: str) -> None:
    answer = api.get(path)
    assert (answer.status, answer.headers["Content-Type"]) == (500, "application/json")
    assert answer.document == {"message": "Internal Server Error"}
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_error_is_not_cached(api: Api, world: World) -> None:
    database = world.database
    Record.bind(GONE, database.connection)
    assert api.get("/health").status == 500
    Record.bind(database.tables, database.connection)
    assert api.get("/health").status == 200
