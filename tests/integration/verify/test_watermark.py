"""The watermark: everything in Kapso up to it has been compared. It moves late, and never backwards."""

from collections.abc import Callable

import pytest
from werkzeug.wrappers import Request, Response

from background_sync.records.workspaces import Compared, remember_scan
from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from background_sync_ops.kapso import faults as answers
from tests.integration.verify.number import FIRST_SCAN_SINCE, PHONE_ID, REPAIR, Number, assert_counts_add_up
from tests.integration.world import NOW, World

PENDING = {"phone_id": PHONE_ID, "since": NOW, "started_at": NOW, "after": None, "pages": 0}


@pytest.fixture(autouse=True)
def verified_workspace(number: Number) -> None:
    """Two conversations make a page."""
    number.page_size(2)


def watermark(world: World) -> int:
    return int(world.workspace_record()["watermark"])


@pytest.mark.parametrize(
    ("settings", "since"),
    [
        ({}, FIRST_SCAN_SINCE),
        ({"verify_lookback_ms": 6 * HOUR_MS}, "2025-12-31T18:00:00Z"),
        ({"verify_lookback_ms": 31 * DAY_MS}, FIRST_SCAN_SINCE),
        ({"verify_lookback_ms": MINUTE_MS}, FIRST_SCAN_SINCE),
    ],
)
def test_a_first_run_looks_back_a_day_or_as_far_as_a_valid_setting_says(
    world: World, number: Number, settings: dict[str, object], since: str
) -> None:
    world.workspace(settings={**REPAIR, **settings})
    world.run()
    [query] = number.scans
    assert query["last_active_since"] == since
    assert "last_active_until" not in query


def test_the_watermark_moves_to_the_time_before_the_scan_began(world: World, number: Number) -> None:
    world.clock.time += 5_000
    number.slow_pages(30_000)
    world.run()
    assert watermark(world) == NOW + 5_000
    assert world.workspace_record()["scan_ms"] == 30_000


def test_a_conversation_that_moves_during_a_scan_is_still_found(world: World, number: Number) -> None:
    for quarters, phone in enumerate(("621", "622", "623", "624"), 1):
        number.missed(phone, kapso_age_ms=quarters * 15 * MINUTE_MS)

    def touch() -> None:
        number.store.delivery_receipt(PHONE_ID, number.person("624"), world.clock.time)

    number.server.faults.add(answers.then(touch), path="/conversations", nth=1)
    world.run()
    assert world.counts("repaired") == (4,)


@pytest.mark.parametrize("outcome", ["repaired", "created"])
def test_one_that_moves_again_is_found_by_the_next_run(world: World, number: Number, outcome: str) -> None:
    """Receipts move it twice, past two requests. Nobody had compared it, so nobody deleted it."""
    for quarters, phone in enumerate(("621", "622", "623", "624", "625", "626"), 1):
        if outcome == "repaired":
            number.quiet(phone)
        number.message(phone, quarters * 15 * MINUTE_MS, missed=True)

    def touch(*phones: str) -> None:
        for phone in phones:
            world.clock.time += MINUTE_MS // 60
            number.store.delivery_receipt(PHONE_ID, number.person(phone), world.clock.time)

    moving = ("624", "625", "626")
    number.server.faults.add(answers.then(lambda: touch(*moving)), path="/conversations", nth=1)
    number.server.faults.add(answers.then(lambda: touch("624")), path="/conversations", nth=3)
    world.run()
    assert world.counts(outcome) == (5,)
    assert world.counts(outcome, "deleted", run_at=world.next_hour()) == (1, 0)


@pytest.mark.parametrize("page", [1, 2])
def test_the_watermark_stays_if_kapso_fails_on_a_page(world: World, number: Number, page: int) -> None:
    world.run()
    for quarters, phone in enumerate(("621", "622", "623"), 1):
        number.missed(phone, kapso_age_ms=-quarters * 15 * MINUTE_MS)
    number.fail(503, nth=range(page, page + 3))
    run_at = world.next_hour()
    assert watermark(world) == NOW
    assert world.counts("deferred", "repaired", run_at=run_at) == (1, 2 * (page - 1))
    assert_counts_add_up(world.record(run_at=run_at))
    run_at = world.next_hour(2)
    assert watermark(world) == run_at
    assert world.counts("deferred", "repaired", run_at=run_at) == (0, 5 - 2 * page)


def test_what_was_too_young_is_found_although_the_last_request_failed(world: World, number: Number) -> None:
    number.in_step(2)
    number.missed("621", kapso_age_ms=MINUTE_MS)
    number.fail(401, nth=[3])
    assert world.run()
    assert world.counts("deferred", "repaired") == (1, 0)
    world.clock.time = NOW + HOUR_MS
    assert world.run(run_at=NOW + HOUR_MS)
    assert world.counts("deferred", "repaired", run_at=NOW + HOUR_MS) == (0, 1)


def test_the_watermark_never_moves_backwards(world: World) -> None:
    for started_at, moved in [(NOW, True), (NOW - 1, False), (NOW + 1, True), (NOW, False)]:
        compared = Compared(phone_id=PHONE_ID, verified_from=NOW - DAY_MS, watermark=started_at, scan_ms=1)
        assert remember_scan(world.database, "w1", compared) is moved
    assert watermark(world) == NOW + 1


def test_an_older_run_that_ends_last_does_not_move_the_watermark_back(world: World, number: Number) -> None:
    number.server.faults.add(answers.slow(world.next_hour), path="/webhooks", times=1)
    world.clock.time = NOW + 59 * MINUTE_MS
    world.run()
    assert (world.record().status, world.record(run_at=NOW + HOUR_MS).status) == ("completed", "completed")
    assert watermark(world) == NOW + HOUR_MS


@pytest.mark.parametrize("page", [1, 2])
def test_an_older_run_that_is_deferred_last_delays_nothing(world: World, number: Number, page: int) -> None:
    def fail_after_a_newer_run(request: Request, proceed: Callable[[], Response]) -> Response:
        world.next_hour()
        return answers.status(404)(request, proceed)

    number.page_size(1)
    number.in_step(page)
    number.server.faults.add(fail_after_a_newer_run, path="/conversations", nth=page)
    world.clock.time = NOW + 59 * MINUTE_MS
    world.run()
    assert world.record().deferred == 1
    number.message("621", -90 * MINUTE_MS, missed=True)
    for hours in (2, 3):
        run_at = world.next_hour(hours)
    assert world.contacts()["621"]["repaired_at"] == NOW + 2 * HOUR_MS
    assert watermark(world) == run_at


@pytest.mark.parametrize(
    "pending",
    [
        "yesterday",
        {},
        PENDING | {"since": 10**15},
        PENDING | {"since": -5},
        PENDING | {"started_at": -5, "after": "x"},
        PENDING | {"started_at": 10**15, "after": "x", "pages": 10**9},
        PENDING | {"since": "NOW", "after": "x"},
        PENDING | {"after": 5},
        PENDING | {"phone_id": 5},
        PENDING | {"follows_from": -5},
    ],
)
def test_an_invalid_pending_scan_delays_the_watermark_by_two_runs(world: World, pending: object) -> None:
    world.workspace(settings=REPAIR, pending_scan=pending)
    for hours in range(3):
        run_at = world.next_hour(hours)
    assert watermark(world) == run_at


@pytest.mark.parametrize("invalid", ["yesterday", -5, True, {"at": 1}, None])
def test_an_invalid_watermark_counts_as_missing(world: World, number: Number, invalid: object) -> None:
    world.workspace(settings=REPAIR, watermark=invalid, scan_ms=invalid, verified_from=invalid)
    assert world.run()
    assert number.scans[0]["last_active_since"] == FIRST_SCAN_SINCE
    assert watermark(world) == NOW


def test_an_impossible_scan_time_does_not_fail_the_run(world: World) -> None:
    world.workspace(settings=REPAIR, watermark=NOW - HOUR_MS, scan_ms=250_000_000_000_000)
    assert world.run()
    assert world.record().status == "completed"
