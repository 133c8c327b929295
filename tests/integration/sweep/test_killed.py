"""Killed before or after any request, and delivered again, a sweep ends as if nothing had been.

The story has it all: pages, a survey and a flagging that each go on in follow-up messages, a cap, an
unreadable contact, an inactive workspace, and an audit.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS
from tests.integration.killer import Killed, Killer, deliver_through_deaths
from tests.integration.world import NOW, World

EPHEMERAL = {
    "attempts",
    "tries",
    "pass_number",
    "recounts",
    "started_at",
    "finished_at",
    "dispatched_at",
    "duration_ms",
    "lease_owner",
    "lease_until",
}
Snapshot = dict[str, list[dict[str, Any]]]


@pytest.fixture
def killer(world: World) -> Iterator[Killer]:
    killer = Killer(world.database.client, world.sqs)
    yield killer
    killer.close()


def begin(world: World) -> None:
    world.clear()
    world.page_size = 2
    world.clock.tick_ms = 36_000  # every delivery is near its deadline after a page or a flag
    world.audit_enabled = True
    world.workspace("w1", settings={"max_flags_per_run": 2}, audited_at=NOW - DAY_MS)
    for number, age_ms in enumerate([5 * HOUR_MS, 4 * HOUR_MS, 3 * HOUR_MS, 0]):
        world.contact(f"62{number}", age_ms)
    world.contact("629", last_activity_at=None)
    world.workspace("w2", audited_at=NOW - HOUR_MS)
    world.contact("620", 2 * HOUR_MS, "w2", notes=[{"content": "hers", "added_by": "ana", "added_at": 1}])
    world.workspace("w3", kapso_token_parameter=None)


def again_after_death(world: World, killer: Killer, step: Callable[[], Any], pause_ms: int) -> Any:
    while True:
        try:
            with killer.watching():
                return step()
        except Killed:
            world.clock.time += pause_ms


def play(world: World, killer: Killer) -> Snapshot:
    begin(world)
    again_after_death(world, killer, world.dispatch, 60_000)
    deliver_through_deaths(world, killer, world.receive())
    return snapshot(world)


def snapshot(world: World) -> Snapshot:
    tables = world.database.tables
    return {
        name: sorted((lasting(each) for each in world.items(name)), key=str)
        for name in (tables.workspaces, tables.contacts, tables.sync_health)
    }


def lasting(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in sorted(record.items()) if name not in EPHEMERAL}


def undisturbed(world: World, killer: Killer) -> tuple[Snapshot, int]:
    killer.aim(0, "before")
    return play(world, killer), killer.seen


def test_the_story_is_what_it_says(world: World, killer: Killer) -> None:
    undisturbed(world, killer)
    w1, sweep = world.record("w1"), world.swept()
    assert (w1.contacts_checked, w1.stale_found, w1.flagged, w1.over_cap, w1.invalid) == (5, 3, 2, 1, 1)
    assert w1.attempts > 3
    assert (sweep["dispatched"], sweep["skipped"], sweep["completed"], sweep["failed"]) == (2, 1, 2, 0)
    assert (sweep["contacts_checked"], sweep["flagged"]) == (6, 3)
    assert world.record("#audit#w1").status == "completed"


@pytest.mark.timeout(400)
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_request_it_ends_the_same(world: World, killer: Killer, when: str) -> None:
    expected, requests = undisturbed(world, killer)
    for at in range(1, requests + 1):
        killer.aim(at, when)
        assert play(world, killer) == expected, f"killed {when} request {at} of {requests}"
        assert killer.at == 0
