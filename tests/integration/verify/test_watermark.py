"""The watermark: up to it everything in Kapso was compared. It moves late, and never backwards."""

from collections.abc import Callable

import pytest
from werkzeug.wrappers import Request, Response

from background_sync.kapso import conversations
from background_sync.records.workspaces import Compared, remember_scan
from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from background_sync_ops.kapso import faults as answers
from tests.integration.verify.number import LONG_AGO_MS, PHONE_ID, REPAIR, Number, assert_counts_add_up
from tests.integration.world import NOW, World

PENDING = {"phone_id": PHONE_ID, "since": NOW, "started_at": NOW, "after": None, "pages": 0}

PAGE_MS = 101_000
"""A page that takes so long leaves no time for another."""


@pytest.fixture
def page_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "PAGE_SIZE", 2)


def takes(world: World, ms: int) -> Callable[[], None]:
    def pass_time() -> None:
        world.clock.time += ms

    return pass_time


def watermark(world: World) -> int:
    return int(world.workspace_record()["watermark"])


@pytest.mark.parametrize(
    ("settings", "since"),
    [
        ({}, "2025-12-31T00:00:00Z"),
        ({"verify_lookback_ms": 6 * HOUR_MS}, "2025-12-31T18:00:00Z"),
        ({"verify_lookback_ms": 31 * DAY_MS}, "2025-12-31T00:00:00Z"),
        ({"verify_lookback_ms": MINUTE_MS}, "2025-12-31T00:00:00Z"),
    ],
)
def test_a_first_run_looks_back_a_day_or_what_is_set_within_bounds(
    world: World, number: Number, settings: dict[str, object], since: str
) -> None:
    world.workspace(settings={**REPAIR, **settings})
    world.run()
    [query] = number.scans
    assert query["last_active_since"] == since
    assert "last_active_until" not in query


def test_it_moves_to_the_time_before_the_scan_began(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    world.clock.time += 5_000
    number.server.faults.add(answers.slow(takes(world, 30_000)), path="/conversations")
    world.run()
    assert watermark(world) == NOW + 5_000
    assert world.workspace_record()["scan_ms"] == 30_000


def test_the_next_scan_overlaps_by_five_minutes(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    world.run()
    world.next_hour()
    assert number.scans[-1]["last_active_since"] == "2025-12-31T23:55:00Z"


@pytest.mark.usefixtures("page_of_two")
def test_what_moved_to_the_front_during_the_scan_is_found_by_the_next(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    for number_of_quarters, phone in enumerate(("621", "622", "623", "624"), 1):
        number.missed(phone, kapso_age_ms=number_of_quarters * 15 * MINUTE_MS)

    def touch() -> None:
        number.store.delivery_receipt(PHONE_ID, number.person("624"), world.clock.time)

    number.server.faults.add(answers.then(touch), path="/conversations", nth=1)
    world.run()
    assert world.counts("repaired") == (3,)
    run_at = world.next_hour()
    assert world.counts("repaired", run_at=run_at) == (1,)
    assert world.contacts()["624"]["repaired_at"] == run_at


@pytest.mark.usefixtures("page_of_two")
@pytest.mark.parametrize("page", [1, 2])
def test_it_stays_where_it_is_when_kapso_fails_on_a_page(world: World, number: Number, page: int) -> None:
    world.workspace(settings=REPAIR)
    world.run()
    for age, phone in enumerate(("621", "622", "623"), 1):
        number.missed(phone, kapso_age_ms=-age * 15 * MINUTE_MS)
    nth = range(page, page + 3)
    number.server.faults.add(answers.status(503), path="/conversations", nth=nth)
    run_at = world.next_hour()
    assert watermark(world) == NOW
    assert world.counts("deferred", "repaired", run_at=run_at) == (1, 2 * (page - 1))
    assert_counts_add_up(world.record(run_at=run_at))
    run_at = world.next_hour(2)
    assert watermark(world) == run_at
    assert world.counts("deferred", "repaired", run_at=run_at) == (0, 5 - 2 * page)


def test_a_first_scan_that_failed_looks_back_as_far_the_next_time(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    number.missed("621", DAY_MS - 10 * MINUTE_MS, DAY_MS - 30 * MINUTE_MS)
    number.server.faults.add(answers.status(404), path="/conversations", times=1)
    world.run()
    world.next_hour()
    assert number.scans[-1]["last_active_since"] == number.scans[0]["last_active_since"]


def test_it_never_moves_backwards(world: World) -> None:
    world.workspace()
    moves = [(NOW, True), (NOW - 1, False), (NOW + 1, True), (NOW, False)]
    for started_at, moved in moves:
        compared = Compared(phone_id=PHONE_ID, verified_from=NOW - DAY_MS, watermark=started_at, scan_ms=1)
        assert remember_scan(world.database, "w1", compared) is moved
    assert watermark(world) == NOW + 1


def test_an_older_run_that_ends_after_a_newer_one_does_not_move_it_back(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)

    def overtake() -> None:
        world.clock.time = NOW + HOUR_MS
        world.run(run_at=NOW + HOUR_MS)

    number.server.faults.add(answers.slow(overtake), path="/webhooks", times=1)
    world.clock.time = NOW + 59 * MINUTE_MS
    world.run()
    assert (world.record().status, world.record(run_at=NOW + HOUR_MS).status) == ("completed", "completed")
    assert watermark(world) == NOW + HOUR_MS


def overtaken(world: World) -> answers.Fault:
    """Before the answer, which is an error, a newer run has come to its end."""

    def fault(request: Request, proceed: Callable[[], Response]) -> Response:
        world.clock.time = NOW + HOUR_MS
        world.run(run_at=NOW + HOUR_MS)
        return answers.status(404)(request, proceed)

    return fault


@pytest.mark.parametrize("page", [1, 2])
def test_an_older_run_that_is_deferred_after_a_newer_one_ended_holds_nothing_up(
    world: World, number: Number, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(conversations, "PAGE_SIZE", 1)
    world.workspace(settings=REPAIR)
    number.in_step(page)
    number.server.faults.add(overtaken(world), path="/conversations", nth=page)
    world.clock.time = NOW + 59 * MINUTE_MS
    world.run()
    assert world.record().deferred == 1
    number.message("621", -90 * MINUTE_MS, missed=True)
    for hours in (2, 3):
        run_at = world.next_hour(hours)
    assert world.contacts()["621"]["repaired_at"] == NOW + 2 * HOUR_MS
    assert watermark(world) == run_at


@pytest.mark.usefixtures("page_of_two")
def test_a_scan_that_was_deferred_half_way_goes_on_from_there(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    for quarters in range(1, 6):
        number.missed(f"62{quarters}", LONG_AGO_MS, quarters * 15 * MINUTE_MS)
    number.server.faults.add(answers.status(404), path="/conversations", nth=2)
    world.run()
    assert world.counts("deferred", "verified", "repaired") == (1, 2, 2)
    run_at = world.next_hour()
    assert world.counts("deferred", "repaired", run_at=run_at) == (0, 3)
    assert number.scans[2]["after"] == number.scans[1]["after"]
    assert "pending_scan" not in world.workspace_record()


@pytest.mark.usefixtures("page_of_two")
def test_and_what_happened_since_it_began_is_compared_by_the_same_run(world: World, number: Number) -> None:
    """Nobody is confirmed quiet by a scan that began hours ago; the webhooks are looked at once."""
    world.workspace(settings=REPAIR)
    for quarters in range(1, 6):
        number.missed(f"62{quarters}", LONG_AGO_MS, quarters * 15 * MINUTE_MS)
    number.server.faults.add(answers.status(404), path="/conversations", nth=2)
    world.run()
    number.server.requests.clear()
    number.message("629", -30 * MINUTE_MS, missed=True)
    number.quiet("631", 10 * HOUR_MS)
    run_at = world.next_hour(3)
    assert (world.contacts()["629"]["repaired_at"], watermark(world)) == (run_at, run_at)
    assert world.workspace_record()["verified_from"] == NOW - DAY_MS
    assert world.counts("confirmed_quiet", "flagged", run_at=run_at)[1] == 0
    assert len([path for path in number.requests if path.endswith("/webhooks")]) == 1


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
@pytest.mark.usefixtures("number")
def test_a_place_to_go_on_from_that_somebody_spoilt_costs_a_run_or_two_and_no_more(
    world: World, pending: object
) -> None:
    world.workspace(settings=REPAIR, pending_scan=pending)
    for hours in range(3):
        run_at = world.next_hour(hours)
    assert watermark(world) == run_at


@pytest.mark.parametrize("spoilt", ["yesterday", -5, True, {"at": 1}, None])
def test_one_that_somebody_spoilt_counts_as_forgotten(world: World, number: Number, spoilt: object) -> None:
    world.workspace(settings=REPAIR, watermark=spoilt, scan_ms=spoilt, verified_from=spoilt)
    assert world.run()
    assert number.scans[0]["last_active_since"] == "2025-12-31T00:00:00Z"
    assert watermark(world) == NOW


@pytest.mark.usefixtures("number")
def test_a_scan_time_that_cannot_be_true_costs_no_run(world: World) -> None:
    world.workspace(settings=REPAIR, watermark=NOW - HOUR_MS, scan_ms=250_000_000_000_000)
    assert world.run()
    assert world.record().status == "completed"


# ---------------------------------------------------------------------- over several invocations


def work_on_one_run(world: World) -> int:
    """Deliver the run, and what follows it, until it is completed; the number of deliveries."""
    assert world.run()
    deliveries = 1
    while waiting := world.receive():
        for received in waiting:
            assert world.deliver(received)
            deliveries += 1
    return deliveries


@pytest.mark.usefixtures("page_of_two")
def test_a_scan_too_large_for_one_invocation_goes_on_with_exact_counts(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    for quarters in range(1, 8):
        number.missed(f"62{quarters}", LONG_AGO_MS, quarters * 15 * MINUTE_MS)
    number.server.faults.add(answers.slow(takes(world, PAGE_MS)), path="/conversations")
    assert work_on_one_run(world) == 4
    assert world.counts("verified", "repaired") == (7, 7)
    assert (watermark(world), world.workspace_record()["scan_ms"]) == (NOW, 4 * PAGE_MS)
    assert len(number.scans) == 4
    assert_counts_add_up(world.record())


@pytest.mark.usefixtures("page_of_two")
def test_a_scan_that_took_longer_than_five_minutes_is_what_the_next_overlaps_by(
    world: World, number: Number
) -> None:
    world.workspace(settings=REPAIR)
    number.in_step(7)
    number.server.faults.add(answers.slow(takes(world, PAGE_MS)), path="/conversations")
    work_on_one_run(world)
    world.next_hour()
    assert number.scans[-1]["last_active_since"] == "2025-12-31T23:53:16Z"


def test_a_person_met_again_in_a_later_invocation_counts_once(
    world: World, number: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "PAGE_SIZE", 1)
    world.workspace(settings=REPAIR)
    number.missed("621", DAY_MS // 2, HOUR_MS)
    number.store.open_conversation(PHONE_ID, number.person("621"), NOW - 30 * MINUTE_MS)
    number.missed_by(number.person("621"))
    number.server.faults.add(answers.slow(takes(world, PAGE_MS)), path="/conversations")
    assert work_on_one_run(world) == 2
    assert world.counts("verified", "repaired") == (1, 1)


@pytest.mark.usefixtures("page_of_two")
def test_a_run_whose_follow_up_was_never_sent_goes_on_when_its_message_comes_back(
    world: World, number: Number
) -> None:
    """Killed between saving the place and sending the follow-up."""
    world.workspace(settings=REPAIR)
    for quarters in range(1, 4):
        number.missed(f"62{quarters}", LONG_AGO_MS, quarters * 15 * MINUTE_MS)
    number.server.faults.add(answers.slow(takes(world, PAGE_MS)), path="/conversations", nth=1)
    assert world.run()
    assert [each.message.run_at for each in world.receive()] == [NOW]  # lost, as if never sent
    assert world.run(receive_count=2)
    assert world.counts("verified", "repaired") == (3, 3)
