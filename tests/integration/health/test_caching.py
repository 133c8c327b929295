"""What callers, shared caches and the function itself may keep of an answer."""

import pytest

from tests.integration.health.api import LISTS, PUBLIC, Api, requests_of
from tests.integration.world import World


@pytest.mark.parametrize(
    ("path", "cache_control"),
    [
        *((path, "public, max-age=30") for path in PUBLIC),
        *((path, "private, no-cache") for path in LISTS),
        ("/nothing", "no-store"),
    ],
)
def test_only_public_answers_may_be_kept_by_shared_caches(api: Api, path: str, cache_control: str) -> None:
    assert api.get(path).headers["Cache-Control"] == cache_control


@pytest.mark.parametrize("path", [*PUBLIC, *LISTS])
@pytest.mark.parametrize("form", ["{}", '"other", {}', "*"])
def test_a_request_with_the_etag_gets_an_empty_304(api: Api, world: World, path: str, form: str) -> None:
    world.workspace()
    world.sweep()
    first = api.get(path)
    again = api.get(path, headers={"if-none-match": form.format(first.headers["ETag"])})
    assert (first.status, again.status, again.text) == (200, 304, "")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]


def test_an_answer_that_changed_is_sent_in_spite_of_the_old_etag(api: Api, world: World) -> None:
    world.sweep()
    first = api.get("/health/sweeps")
    world.sweep(world.clock.time + 1)
    again = api.get("/health/sweeps", headers={"if-none-match": first.headers["ETag"]})
    assert (again.status, len(again.document["sweeps"])) == (200, 2)


def test_a_failing_state_is_always_sent(api: Api, world: World) -> None:
    world.sweep()
    world.clock.time += 30 * 86_400_000
    answer = api.get("/health", headers={"if-none-match": "*"})
    assert (answer.status, answer.document["status"]) == (503, "fail")


def test_a_refusal_has_no_etag(api: Api) -> None:
    answer = api.get("/health/runs", headers={"if-none-match": "*"}, limit=0)
    assert (answer.status, "ETag" in answer.headers) == (400, False)


@pytest.mark.parametrize("path", [*PUBLIC, *LISTS])
def test_head_is_get_without_the_body(api: Api, path: str) -> None:
    get, head = api.get(path), api.get(path, "HEAD")
    assert (head.status, head.text, head.headers) == (get.status, "", get.headers)


def test_public_answers_read_nothing_for_30_seconds(api: Api, world: World) -> None:
    first = api.get("/health")
    world.sweep()
    world.clock.time += 29_999
    with requests_of(world) as requests:
        assert api.get("/health") == first
        assert api.get("/").status == 200
    assert requests == []
    world.clock.time += 1
    assert api.get("/health").document["status"] == "pass"


def test_a_clock_that_was_set_back_empties_the_cache(api: Api, world: World) -> None:
    api.get("/health")
    world.sweep()
    world.clock.time -= 1
    assert api.get("/health").document["status"] == "pass"
