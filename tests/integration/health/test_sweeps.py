"""GET /health/sweeps: the newest sweeps with the totals of their runs."""

from background_sync.rules.policy import DAY_MS, HOUR_MS
from tests.integration.faults import Faults
from tests.integration.health.api import Api
from tests.integration.world import NOW, World


def test_without_sweeps_there_is_no_summary(api: Api) -> None:
    assert api.get("/health/sweeps").document == {"sweeps": [], "summary": None}


def test_a_sweep_has_the_totals_of_its_runs(api: Api, world: World, faults: Faults) -> None:
    for number in range(3):
        world.workspace(f"w{number}")
        world.stale_contacts(number + 1, f"w{number}")
    world.workspace("w9", kapso_phone_id=None)
    world.dispatch()
    faults.fail("Query", RuntimeError("boom"))
    received = sorted(world.receive(), key=lambda each: each.message.workspace_id)
    for each in received:
        world.deliver(each)
    [sweep] = api.get("/health/sweeps").document["sweeps"]
    expected = {
        "run_at": NOW,
        "dispatched": 3,
        "skipped": 1,
        "skipped_why": {"no_phone": 1},
        "completed": 2,
        "failed": 1,
        "contacts_checked": 5,
        "stale_found": 5,
        "flagged": 5,
        "finished": True,
    }
    assert {name: sweep[name] for name in expected} == expected


def test_a_sweep_with_open_runs_is_not_finished(api: Api, world: World) -> None:
    world.workspace()
    world.dispatch()
    [sweep] = api.get("/health/sweeps").document["sweeps"]
    assert (sweep["status"], sweep["finished"], sweep["completed"]) == ("dispatched", False, 0)


def test_the_newest_sweeps_come_first_and_the_summary_covers_them(api: Api, world: World) -> None:
    world.workspace()
    world.contact("628", DAY_MS)
    world.sweep(NOW)
    world.contact("629", DAY_MS)
    world.sweep(NOW + HOUR_MS)
    document = api.get("/health/sweeps").document
    assert [sweep["run_at"] for sweep in document["sweeps"]] == [NOW + HOUR_MS, NOW]
    assert document["summary"] == {"last_run": NOW + HOUR_MS, "avg_stale": 2, "total_flagged": 2}
    assert len(api.get("/health/sweeps", limit=1).document["sweeps"]) == 1
