"""What is not known is shown as unknown, and what did not happen is not shown as good."""

import re
from typing import Any

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS
from tests.integration.faults import Faults
from tests.integration.health.api import Api
from tests.integration.verify.number import REPAIR, served
from tests.integration.world import NOW, World

DEFERRED: dict[str, Any] = {"settings": REPAIR, "kapso_token_parameter": "/elsewhere"}


def rows(api: Api) -> dict[str, str]:
    """The state and the observed value of each check on the page, by its title."""
    api.restart()
    table = api.get("/").text.partition("All checks")[2]
    cells = re.findall(r"<tr><th[^>]*>(.*?)</th><td>(.*?)</td><td>(.*?)</td></tr>", table)
    return {title: re.sub(r"<[^>]*>", "", f"{state}, {value}") for title, state, value in cells}


def verification(api: Api) -> str:
    return rows(api)["Last full verification"]


def test_a_sweep_that_was_deferred_is_no_full_verification(api: Api, world: World) -> None:
    world.workspace(**DEFERRED)
    world.sweep()
    assert verification(api) == "Warning, none yet"
    seen = rows(api)
    assert (seen["Webhooks off"], seen["Failed runs"]) == ("Not known, –", "OK, 0 % of the runs")  # noqa: RUF001 - a dash
    [check] = api.get("/health").document["checks"]["verification:age"]
    assert (check["status"], "observedValue" in check) == ("warn", False)


def test_a_sweep_before_anybody_asked_for_verification_is_none_either(api: Api, world: World) -> None:
    world.workspace()
    world.sweep()
    world.workspace(**DEFERRED)
    world.sweep(NOW + HOUR_MS)
    assert verification(api) == "Warning, none yet"


def test_a_completed_comparison_is_one(api: Api, world: World) -> None:
    with served(world) as number:
        world.workspace(settings=REPAIR)
        number.quiet("621")
        world.sweep()
    world.clock.time = NOW + HOUR_MS
    assert verification(api) == "OK, 1 h ago"


def test_a_first_sweep_that_is_under_way_is_no_finished_one(api: Api, world: World) -> None:
    world.workspace()
    world.dispatch()
    api.restart()
    [check] = api.get("/health").document["checks"]["sweep:age"]
    assert (check["status"], "observedValue" in check) == ("pass", False)


def test_without_verification_nobody_knows(api: Api, world: World) -> None:
    world.workspace()
    world.sweep()
    assert verification(api) == "Not known, –"  # noqa: RUF001 - a dash
    assert " checks pass, and 1 cannot be judged yet" in api.get("/").text


def test_a_sweep_without_good_runs_says_nothing_of_contacts(api: Api, world: World, faults: Faults) -> None:
    world.workspace()
    world.contact("628", DAY_MS)
    world.dispatch()
    faults.fail("Query", RuntimeError("boom"))
    for received in world.receive():
        world.deliver(received)
    found = rows(api)
    assert found["Failed runs"] == "Failing, 100 % of the runs"
    assert {found[name] for name in ("Deferred verification", "Webhooks off")} == {"Not known, –"}  # noqa: RUF001
    page = api.get("/").text
    assert "no run was completed" in page
    assert "<dd>0 %" not in page


@pytest.mark.parametrize("path", ["/", "/nothing-at-all"])
def test_only_a_page_refreshes_itself_and_says_when_it_was_made(api: Api, path: str) -> None:
    answer = api.get(path)
    assert ("Refresh" in answer.headers, "Made at <time" in answer.text) == (path == "/", path == "/")
