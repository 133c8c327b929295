"""A scan that does not fit one invocation, or that Kapso cuts short, continues from its last page."""

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from tests.integration.verify.number import LONG_AGO_MS, PHONE_ID, Number, assert_counts_add_up
from tests.integration.world import NOW, World

PAGE_MS = 101_000
"""A page that takes so long leaves no time for another."""


@pytest.fixture(autouse=True)
def verified_workspace(number: Number) -> None:
    """Two conversations make a page."""
    number.page_size(2)


def missed(number: Number, count: int) -> None:
    """So many contacts, each with one missed message, the newest first."""
    for quarters in range(1, count + 1):
        number.missed(f"62{quarters}", LONG_AGO_MS, quarters * 15 * MINUTE_MS)


def deliver_all(world: World) -> int:
    """Deliver the run's message and its follow-ups; returns the number of deliveries."""
    assert world.run()
    deliveries = 1
    while waiting := world.receive():
        for received in waiting:
            assert world.deliver(received)
            deliveries += 1
    return deliveries


def test_a_scan_that_was_deferred_continues_from_its_last_page(world: World, number: Number) -> None:
    missed(number, 5)
    number.fail(404, nth=2)
    world.run()
    assert world.counts("deferred", "verified", "repaired") == (1, 2, 2)
    run_at = world.next_hour()
    assert world.counts("deferred", "repaired", run_at=run_at) == (0, 3)
    assert number.scans[2]["after"] == number.scans[1]["after"]
    assert "pending_scan" not in world.workspace_record()


def test_the_run_that_resumes_a_scan_also_compares_what_happened_since(world: World, number: Number) -> None:
    """A scan that began hours ago confirms nobody as quiet; the webhooks are looked up once."""
    missed(number, 5)
    number.fail(404, nth=2)
    world.run()
    number.server.requests.clear()
    number.message("629", -30 * MINUTE_MS, missed=True)
    number.quiet("631", 10 * HOUR_MS)
    run_at = world.next_hour(3)
    workspace = world.workspace_record()
    assert (world.contacts()["629"]["repaired_at"], workspace["watermark"]) == (run_at, run_at)
    assert workspace["verified_from"] == NOW - DAY_MS
    assert world.counts("flagged", run_at=run_at) == (0,)
    assert len([path for path in number.requests if path.endswith("/webhooks")]) == 1


def test_a_scan_over_several_invocations_has_exact_counts(world: World, number: Number) -> None:
    missed(number, 7)
    number.slow_pages(PAGE_MS)
    assert deliver_all(world) == 5
    assert world.counts("verified", "repaired") == (7, 7)
    workspace = world.workspace_record()
    assert (workspace["watermark"], workspace["scan_ms"]) == (NOW, 5 * PAGE_MS)
    assert len(number.scans) == 5
    assert_counts_add_up(world.record())


def test_the_next_scan_overlaps_by_the_length_of_a_longer_scan(world: World, number: Number) -> None:
    number.in_step(7)
    number.slow_pages(PAGE_MS)
    deliver_all(world)
    world.next_hour()
    assert number.scans[-1]["last_active_since"] == "2025-12-31T23:51:35Z"


def test_a_person_found_again_in_a_later_invocation_counts_once(world: World, number: Number) -> None:
    number.page_size(1)
    number.missed("621", DAY_MS // 2, HOUR_MS)
    number.store.open_conversation(PHONE_ID, number.person("621"), NOW - 30 * MINUTE_MS)
    number.missed_by(number.person("621"))
    number.slow_pages(PAGE_MS)
    assert deliver_all(world) == 3
    assert world.counts("verified", "repaired") == (1, 1)
