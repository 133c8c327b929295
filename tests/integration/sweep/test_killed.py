"""A sweep that is killed at any request, and delivered again, ends as if it had not been killed.

The sweep has it all: pages, a survey and flags that continue in follow-up messages, a cap, an invalid
contact, an inactive workspace, and an audit.
"""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from botocore.retries.standard import ExponentialBackoff
from pynamodb.exceptions import PynamoDBException

from background_sync.rules.policy import DAY_MS, HOUR_MS
from background_sync.sync import flag
from tests.conftest import Tally
from tests.integration.killer import (
    Killed,
    Killer,
    Snapshot,
    assert_same_through_kills,
    assert_same_through_trouble,
    deliver_through_kills,
    snapshot,
)
from tests.integration.world import NOW, World

SHARES = 4
DISPATCHER_LEASE_MS = 60_000


@pytest.fixture
def killer(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Killer]:
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)
    monkeypatch.setattr(flag, "MAX_THREADS", 2)  # of three flags
    killer = Killer(world.database.client, world.sqs)
    yield killer
    killer.close()


def put_everything(world: World) -> None:
    world.clear()
    world.page_size = 2
    world.clock.tick_ms = 36_000  # Every delivery is near its deadline after a page, or after two flags.
    world.audit_enabled = True
    world.workspace("w1", settings={"max_flags_per_run": 3}, audited_at=NOW - DAY_MS)
    for number, age_ms in enumerate([6 * HOUR_MS, 5 * HOUR_MS, 4 * HOUR_MS, 3 * HOUR_MS, 0]):
        world.contact(f"62{number}", age_ms)
    world.contact("629", last_activity_at=None)
    world.workspace("w2", audited_at=NOW - HOUR_MS)
    world.contact("620", 2 * HOUR_MS, "w2", notes=[{"content": "hers", "added_by": "ana", "added_at": 1}])
    world.workspace("w3", kapso_token_parameter=None)


def sweep(world: World, killer: Killer) -> Snapshot:
    put_everything(world)
    while not dispatched(world, killer):
        world.clock.time += DISPATCHER_LEASE_MS
    deliver_through_kills(world, killer, world.receive())
    return snapshot(world, without={"pass_number", "recounts", "dispatched_at"})


def dispatched(world: World, killer: Killer) -> bool:
    try:
        with killer.watching():
            world.dispatch()
    except (Killed, PynamoDBException, ClientError):
        return False
    return True


def test_without_a_kill_the_sweep_has_these_counts(world: World, killer: Killer) -> None:
    sweep(world, killer)
    w1, totals = world.record("w1"), world.swept()
    assert (w1.contacts_checked, w1.stale_found, w1.flagged, w1.over_cap, w1.invalid) == (6, 4, 3, 1, 1)
    assert w1.attempts > 3
    assert (totals["dispatched"], totals["skipped"], totals["completed"], totals["failed"]) == (2, 1, 2, 0)
    assert (totals["contacts_checked"], totals["flagged"]) == (7, 4)
    assert world.record("#audit#w1").status == "completed"


# Each share is far from its time limit, even on a busy machine.
@pytest.mark.timeout(600)
@pytest.mark.parametrize("share", range(SHARES))
def test_a_sweep_killed_at_any_request_ends_the_same(
    world: World, killer: Killer, share: int, tally: Tally
) -> None:
    kills = slice(share, None, SHARES)
    tally("a sweep is killed", assert_same_through_kills(killer, lambda: sweep(world, killer), kills))


@pytest.mark.timeout(7200)
def test_a_sweep_in_trouble_at_any_request_ends_the_same(
    world: World, killer: Killer, exhaustive: bool, tally: Tally
) -> None:
    every = 1 if exhaustive else 31
    tally("a request of a sweep", assert_same_through_trouble(killer, lambda: sweep(world, killer), every))
