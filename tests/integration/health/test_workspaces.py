"""GET /health/workspaces: how sync is doing for each workspace, a page at a time."""

from typing import Any

import pytest

from background_sync.records import runs
from background_sync.records.workspaces import remember_reception, remember_webhook
from background_sync.rules.policy import DAY_MS, HOUR_MS
from background_sync.rules.workspace import KapsoAccount
from tests.integration.faults import Faults
from tests.integration.health.api import Api
from tests.integration.world import ACTIVE, LEASE_MS, NOW, World


def one(api: Api) -> dict[str, Any]:
    [workspace] = api.get("/health/workspaces").document["workspaces"]
    return dict(workspace)


def ids(api: Api, **parameters: Any) -> list[str]:
    found: list[str] = []
    while True:
        document = api.get("/health/workspaces", **parameters).document
        found += [each["workspace_id"] for each in document["workspaces"]]
        if document["next"] is None:
            return found
        parameters["cursor"] = document["next"]


def fail(world: World, faults: Faults, workspace_id: str, run_at: int = NOW) -> None:
    faults.fail("Query", RuntimeError("boom"))
    world.run(workspace_id, run_at)


def test_without_workspaces_the_page_is_empty(api: Api) -> None:
    assert api.get("/health/workspaces").document == {"workspaces": [], "next": None}


def test_a_workspace_has_its_last_run_and_its_verification(api: Api, world: World) -> None:
    world.workspace(watermark=NOW)
    world.stale_contacts(2)
    world.sweep()
    remember_webhook(world.database, "w1", NOW, "active", NOW)
    world.clock.time = NOW + 1_000
    assert one(api) == {
        "workspace_id": "w1",
        "name": "W1",
        "states": [],
        "inactive_why": None,
        "invalid_settings": {},
        "last_run_at": NOW,
        "last_run_status": "completed",
        "error": None,
        "deferred_why": None,
        "last_success_at": NOW,
        "stale_found": 2,
        "flagged": 2,
        "repaired": 0,
        "created": 0,
        "next_due_at": NOW + HOUR_MS,
        "verify": "off",
        "watermark": NOW,
        "watermark_age_ms": 1_000,
        "webhook": "active",
        "webhook_missing": None,
        "webhook_since": NOW,
        "reception": None,
        "reception_at": None,
    }


def test_a_failing_workspace_has_its_error_and_last_success(api: Api, world: World, faults: Faults) -> None:
    world.workspace()
    world.stale_contacts(1)
    world.run(run_at=NOW)
    for hour in range(1, 6):
        fail(world, faults, "w1", NOW + hour * HOUR_MS)
    world.dispatch(NOW + 5 * HOUR_MS)
    found = one(api)
    assert (found["states"], found["error"]) == (["failing"], "RuntimeError: boom")
    assert (found["last_run_at"], found["last_success_at"]) == (NOW + 5 * HOUR_MS, NOW)
    assert found["flagged"] == 1


def test_a_running_run_does_not_hide_the_failure_before_it(api: Api, world: World, faults: Faults) -> None:
    world.workspace()
    world.dispatch(NOW)
    fail(world, faults, "w1", NOW)
    world.dispatch(NOW + HOUR_MS)
    runs.claim("w1", NOW + HOUR_MS, NOW + HOUR_MS, LEASE_MS, first_delivery=True)
    found = one(api)
    assert (found["states"], found["last_run_status"]) == (["failing"], "running")


def test_a_workspace_without_runs_has_never_run(api: Api, world: World) -> None:
    world.workspace()
    found = one(api)
    assert (found["states"], found["last_run_at"], found["next_due_at"]) == (["never_run"], None, None)


def test_an_inactive_workspace_is_never_due(api: Api, world: World) -> None:
    world.workspace(kapso_phone_id=None)
    world.sweep()
    found = one(api)
    assert (found["states"], found["next_due_at"]) == (["inactive", "never_run"], None)
    assert found["inactive_why"] == "no_phone"


def test_a_deferred_verification_is_a_state(api: Api, world: World) -> None:
    world.workspace(settings={"verify": "report"}, kapso_token_parameter="/elsewhere")
    world.sweep()
    found = one(api)
    assert (found["states"], found["deferred_why"]) == (["deferred"], "no_token")


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("all", {"w1", "w2", "w3", "w4"}),
        ("failing", {"w1"}),
        ("webhook_off", {"w2"}),
        ("reception_lost", {"w3"}),
        ("invalid_settings", {"w2"}),
        ("inactive", {"w4"}),
        ("deferred", set()),
        ("never_run", {"w4"}),
    ],
)
def test_a_state_filters_them(api: Api, world: World, faults: Faults, state: str, expected: set[str]) -> None:
    for name, settings in (("w1", None), ("w2", {"max_flags_per_run": -1}), ("w3", {"theme": "dark"})):
        world.workspace(name, settings=settings)
    world.workspace("w4", kapso_token_parameter=None)
    world.dispatch()
    fail(world, faults, "w1")
    world.run("w2")
    world.run("w3")
    remember_webhook(world.database, "w2", NOW, "off", NOW)
    account = KapsoAccount(
        workspace_id="w3", phone_id=ACTIVE["kapso_phone_id"], token_parameter=ACTIVE["kapso_token_parameter"]
    )
    remember_reception(world.database, account, "no_access", NOW)
    assert set(ids(api, state=state)) == expected


@pytest.mark.parametrize("limit", [1, 3, 20])
@pytest.mark.parametrize("state", ["all", "never_run"])
def test_the_pages_list_each_workspace_once(api: Api, world: World, limit: int, state: str) -> None:
    names = [f"wörk {number}/#" for number in range(7)]
    for name in names:
        world.workspace(name)
    assert sorted(ids(api, limit=limit, state=state)) == names


def test_a_page_may_be_empty_before_more(api: Api, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("background_sync.status.workspaces.EXAMINED", 2)
    for number in range(5):
        world.workspace(f"w{number}")
    document = api.get("/health/workspaces", state="failing").document
    assert document["workspaces"] == []
    assert document["next"] is not None


def test_invalid_attributes_of_a_workspace_count_as_missing(api: Api, world: World) -> None:
    invalid: dict[str, Any] = {
        "name": 5,
        "watermark": "soon",
        "webhook": ["off"],
        "webhook_since": -1,
        "latest_run_at": "x",
    }
    world.workspace(settings="none", **invalid)
    found = one(api)
    assert [found[name] for name in ("name", "watermark", "webhook", "webhook_since")] == [None] * 4


@pytest.mark.parametrize(
    ("settings", "reasons"),
    [
        ({"verify": "on"}, {"verify": "not one of off, report, repair"}),
        ({"max_flags_per_run": 501}, {"max_flags_per_run": "not a whole number from 0 to 500"}),
        ("none", {"settings": "not an object"}),
        ({"verify": "off", "max_flags_per_run": None, "theme": 5}, {}),
    ],
)
def test_a_setting_that_cannot_be_used_is_a_state_with_its_reason(
    api: Api, world: World, settings: object, reasons: dict[str, str]
) -> None:
    world.workspace(settings=settings)
    world.sweep()
    found = one(api)
    assert (found["states"], found["invalid_settings"]) == (["invalid_settings"] if reasons else [], reasons)


def test_records_of_sync_itself_are_not_runs_of_a_workspace(api: Api, world: World) -> None:
    world.workspace("#sweep")
    world.dispatch()
    assert one(api)["states"] == ["inactive", "never_run"]


def test_a_last_success_older_than_24_runs_is_not_found(api: Api, world: World) -> None:
    world.workspace()
    world.run(run_at=NOW)
    superseded = [
        {"workspace_id": "w1", "run_at": NOW + hour * HOUR_MS, "status": "completed", "superseded": 1}
        for hour in range(1, 25)
    ]
    world.put_many(world.database.tables.sync_health, superseded)
    world.workspace(latest_run_at=NOW + 24 * HOUR_MS)
    world.clock.time = NOW + 5 * DAY_MS
    assert one(api)["last_success_at"] is None
