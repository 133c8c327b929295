"""A verified run that is killed after any request, and delivered again, ends as if it had not been killed.

The runs have it all: pages that continue in follow-up messages, a repair, a new contact, an unknown person, a
report under its cap, flags of the plain rule, and a webhook that is off.
"""

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from tests.conftest import Tally
from tests.integration.killer import (
    Killer,
    Snapshot,
    assert_same_through_kills,
    assert_same_through_trouble,
    deliver_through_kills,
    snapshot,
)
from tests.integration.verify.number import (
    KEY,
    LONG_AGO_MS,
    PHONE_ID,
    REPAIR,
    REPORT,
    Number,
    assert_counts_add_up,
)
from tests.integration.world import NOW, World, message

SHARES = 3
CLOCK = {"watermark", "scan_ms", "verified_from", "settled_from", "settled_until", "webhook_since"}
"""What depends on when the scan began, and how long it took."""


@pytest.fixture(autouse=True)
def missed_messages(number: Number) -> None:
    number.page_size(2)
    number.store.add_webhook(PHONE_ID, "https://crm.example.com", active=False)
    for age, phone in enumerate(("621", "622", "623", "624"), 1):
        bsuid = "US.4" if phone == "624" else None
        person = number.store.add_person(phone, business_scoped_user_id=bsuid, name=phone)
        number.missed_by(person, age * 10 * MINUTE_MS)
    number.slow_pages(key=KEY)


def put_for_repair(world: World) -> None:
    """Contact 622 is missing, 623 is in step, and the person of 624 matches two contacts."""
    world.workspace(settings=REPAIR)
    world.contact("621", LONG_AGO_MS, notes=[{"content": "hers", "added_by": "ana", "added_at": 1}])
    world.contact("623", 30 * MINUTE_MS, name="623", kapso_name="623")
    world.contact("624", LONG_AGO_MS)
    world.contact("629", LONG_AGO_MS, business_scoped_user_id="US.4")
    world.contact("631", 3 * DAY_MS)


def put_for_report(world: World) -> None:
    """Contact 622 is missing, 624 is in cooldown, and 632 is over the cap."""
    world.workspace(settings={**REPORT, "max_flags_per_run": 3})
    world.contact("621", LONG_AGO_MS)
    world.contact("623", LONG_AGO_MS)
    world.contact("624", LONG_AGO_MS, flagged_at=NOW - HOUR_MS)
    world.contact("631", 4 * DAY_MS)
    world.contact("632", 3 * DAY_MS)


PUT = {"repair": put_for_repair, "report": put_for_report}


def run(world: World, killer: Killer, mode: str) -> Snapshot:
    world.clear()
    PUT[mode](world)
    deliver_through_kills(world, killer, [message()])
    assert NOW <= world.workspace_record().get("watermark", NOW) <= world.clock.time
    assert_counts_add_up(world.record())
    return snapshot(world, without=CLOCK)


def test_without_a_kill_a_repairing_run_has_these_counts(world: World, killer: Killer) -> None:
    run(world, killer, "repair")
    record = world.record()
    assert world.counts("verified", "repaired", "created", "in_step", "unknown") == (4, 1, 1, 1, 1)
    assert (record.flagged, record.confirmed_quiet, record.webhook_off, record.webhook) == (3, 0, 1, "off")
    assert record.attempts == 3


def test_without_a_kill_a_reporting_run_has_these_counts(world: World, killer: Killer) -> None:
    run(world, killer, "report")
    assert world.counts("verified", "behind", "missing", "reported") == (4, 3, 1, 2)
    assert world.counts("stale_found", "flagged", "in_cooldown", "over_cap") == (5, 3, 1, 1)
    assert world.record().attempts == 3


# Each share is far from its time limit, even on a busy machine.
@pytest.mark.timeout(600)
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("mode", PUT)
def test_a_run_killed_at_any_request_ends_the_same(
    world: World, killer: Killer, mode: str, share: int, tally: Tally
) -> None:
    kills = slice(share, None, SHARES)
    tried = assert_same_through_kills(killer, lambda: run(world, killer, mode), kills)
    tally("a verifying run is killed", tried)


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("mode", PUT)
def test_a_run_in_trouble_at_any_request_ends_the_same(
    world: World, killer: Killer, mode: str, exhaustive: bool, tally: Tally
) -> None:
    every = 1 if exhaustive else 26
    tried = assert_same_through_trouble(killer, lambda: run(world, killer, mode), every)
    tally("a request of a verifying run", tried)
