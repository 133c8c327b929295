"""Who has an answer already need not be sent it again."""

import pytest

from tests.integration.health.api import Api
from tests.integration.world import World

PATHS = ["/", "/health", "/openapi.json", "/health/runs", "/health/sweeps", "/health/workspaces"]


@pytest.fixture(autouse=True)
def a_sweep(world: World) -> None:
    world.workspace()
    world.sweep()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("form", ["{}", '"other", {}', "*"])
def test_with_its_etag_it_is_304_without_a_body(api: Api, path: str, form: str) -> None:
    first = api.get(path)
    again = api.get(path, headers={"if-none-match": form.format(first.headers["ETag"])})
    assert (first.status, again.status, again.text) == (200, 304, "")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]


def test_what_has_changed_is_sent(api: Api, world: World) -> None:
    first = api.get("/health/sweeps")
    world.sweep(world.clock.time + 1)
    again = api.get("/health/sweeps", headers={"if-none-match": first.headers["ETag"]})
    assert (again.status, len(again.document["sweeps"])) == (200, 2)


def test_a_failing_state_is_always_sent(api: Api, world: World) -> None:
    world.clock.time += 30 * 86_400_000
    answer = api.get("/health", headers={"if-none-match": "*"})
    assert (answer.status, answer.document["status"]) == (503, "fail")


def test_a_refusal_has_no_etag(api: Api) -> None:
    answer = api.get("/health/runs", headers={"if-none-match": "*"}, limit=0)
    assert (answer.status, "ETag" in answer.headers) == (400, False)


@pytest.mark.parametrize("path", PATHS)
def test_head_is_get_without_the_body(api: Api, path: str) -> None:
    get, head = api.get(path), api.get(path, "HEAD")
    assert (head.status, head.text, head.headers) == (get.status, "", get.headers)
