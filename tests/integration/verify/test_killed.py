"""Killed after any request, to Kapso too, and delivered again, a verified run ends as if nothing had been.

The stories have it all: pages that go on in follow-up messages, a repair, a new contact, somebody unknown, a
report under its cap, flags by the plain rule, and a webhook that is off. To die before a request is to die
after the one before it.
"""

from typing import Any

import pytest

from background_sync.kapso import conversations
from background_sync.messages import RUN, Message
from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from background_sync_ops.kapso import faults as answers
from tests.integration.killer import Killer, deliver_through_deaths
from tests.integration.verify.number import (
    KEY,
    LONG_AGO_MS,
    PHONE_ID,
    REPAIR,
    REPORT,
    Number,
    assert_counts_add_up,
)
from tests.integration.world import INVOCATION_MS, NOW, Received, World

EPHEMERAL = {
    "attempts",
    "tries",
    "started_at",
    "finished_at",
    "duration_ms",
    "lease_owner",
    "lease_until",
    "watermark",
    "scan_ms",
    "verified_from",
    "webhook_since",
}
OTHER_ID = "220987654321"
Snapshot = dict[str, list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def story(world: World, number: Number, monkeypatch: pytest.MonkeyPatch) -> None:
    """What happened in Kapso."""
    monkeypatch.setattr(conversations, "PAGE_SIZE", 2)
    number.store.add_webhook(PHONE_ID, "https://crm.example.com", active=False)
    for age, phone in enumerate(("621", "622", "623", "624"), 1):
        bsuid = "US.4" if phone == "624" else None
        person = number.store.add_person(phone, business_scoped_user_id=bsuid, name=phone)
        number.missed_by(person, age * 10 * MINUTE_MS)

    def take_time() -> None:
        world.clock.time += INVOCATION_MS - 19_000

    number.server.faults.add(answers.slow(take_time), path="/conversations", key=KEY)


def begin_repair(world: World) -> None:
    """622 is missing, 623 in step, and 624 fits two."""
    world.workspace(settings=REPAIR)
    world.contact("621", LONG_AGO_MS, notes=[{"content": "hers", "added_by": "ana", "added_at": 1}])
    world.contact("623", 30 * MINUTE_MS, name="623", kapso_name="623")
    world.contact("624", LONG_AGO_MS)
    world.contact("629", LONG_AGO_MS, business_scoped_user_id="US.4")
    world.contact("631", 3 * DAY_MS)


def begin_report(world: World) -> None:
    """622 is missing, 624 in cooldown, and 632 over the cap."""
    world.workspace(settings={**REPORT, "max_flags_per_run": 3})
    world.contact("621", LONG_AGO_MS)
    world.contact("623", LONG_AGO_MS)
    world.contact("624", LONG_AGO_MS, flagged_at=NOW - HOUR_MS)
    world.contact("631", 4 * DAY_MS)
    world.contact("632", 3 * DAY_MS)


BEGINNINGS = {"repair": begin_repair, "report": begin_report}


def play(world: World, killer: Killer, settings: str) -> Snapshot:
    world.clear()
    BEGINNINGS[settings](world)
    deliver_through_deaths(world, killer, [Received(Message(RUN, "w1", NOW).body(), "none")])
    assert NOW <= world.workspace_record().get("watermark", NOW) <= world.clock.time
    assert_counts_add_up(world.record())
    return snapshot(world)


def snapshot(world: World) -> Snapshot:
    tables = world.database.tables
    return {
        name: sorted((lasting(each) for each in world.items(name) if not is_budget(each)), key=str)
        for name in (tables.workspaces, tables.contacts, tables.sync_health)
    }


def is_budget(record: dict[str, Any]) -> bool:
    return str(record["workspace_id"]).startswith("#rate#")


def lasting(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in sorted(record.items()) if name not in EPHEMERAL}


def test_the_story_of_a_repair_is_what_it_says(world: World, killer: Killer) -> None:
    play(world, killer, "repair")
    run = world.record()
    assert (run.verified, run.repaired, run.created, run.in_step, run.unknown) == (4, 1, 1, 1, 1)
    assert (run.flagged, run.confirmed_quiet, run.webhook_off, run.webhook) == (3, 0, 1, "off")
    assert run.attempts == 2


def test_the_story_of_a_report_is_what_it_says(world: World, killer: Killer) -> None:
    play(world, killer, "report")
    run = world.record()
    assert (run.verified, run.behind, run.missing, run.reported) == (4, 3, 1, 2)
    assert (run.stale_found, run.flagged, run.in_cooldown, run.over_cap) == (5, 3, 1, 1)
    assert run.attempts == 2


@pytest.mark.timeout(300)
@pytest.mark.parametrize("settings", BEGINNINGS)
def test_killed_at_any_request_it_ends_the_same(world: World, killer: Killer, settings: str) -> None:
    killer.aim(0)
    expected, requests = play(world, killer, settings), killer.seen
    for at in range(1, requests + 1):
        killer.aim(at, "after")
        assert play(world, killer, settings) == expected, f"killed after request {at} of {requests}"
        assert killer.at == 0
