"""Runs wait for a small key that many share. After a day without Kapso, the plain rule applies."""

from collections.abc import Sequence

import pytest

from background_sync.messages import Message
from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from background_sync_ops.kapso import faults as answers
from tests.integration.verify.number import LONG_AGO_MS, REPAIR, Number, assert_counts_add_up
from tests.integration.world import NOW, Received, World

SHARE_OF_ALL = {**REPAIR, "verify_rate_share": 100}


def delayed(world: World, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, Received]]:
    """Messages that are sent with a delay, and when each may be received; they do not reach the queue."""
    waiting: list[tuple[int, Received]] = []
    send = world.queue.send

    def send_later(messages: Sequence[Message], *, delay_s: int = 0) -> None:
        if not delay_s:
            send(messages)
        at = world.clock.time + delay_s * 1000
        waiting.extend((at, Received(each.body())) for each in messages if delay_s)

    monkeypatch.setattr(world.queue, "send", send_later)
    return waiting


def play(world: World, waiting: list[tuple[int, Received]], run_at: int) -> list[str]:
    """Deliver a sweep's messages, and the delayed ones in time; returns who continued, in order."""
    world.clock.time = max(world.clock.time, run_at)
    world.dispatch(run_at)
    world.work()
    order = []
    while waiting:
        waiting.sort(key=lambda each: each[0])
        at, received = waiting.pop(0)
        world.clock.time = max(world.clock.time, at)
        order.append(received.message.workspace_id)
        assert world.deliver(received)
    return order


def test_a_small_key_compares_them_all(world: World, number: Number, monkeypatch: pytest.MonkeyPatch) -> None:
    number.server.rate.limit = 9
    for name in range(12):
        world.workspace(f"w{name}", settings=SHARE_OF_ALL)
    waiting = delayed(world, monkeypatch)
    for hour in range(2):
        run_at = NOW + hour * HOUR_MS
        play(world, waiting, run_at)
        sweep = world.swept(run_at)
        assert (sweep["finished"], sweep["completed"], sweep["deferred"]) == (True, 12, 0)
        assert world.clock.time < run_at + 20 * MINUTE_MS
    assert all(each["watermark"] > NOW for each in world.items(world.database.tables.workspaces))


def test_a_run_that_waits_has_no_lease(world: World, number: Number, monkeypatch: pytest.MonkeyPatch) -> None:
    number.quiet("621")
    number.fail(429, times=1, retry_after="90")
    waiting = delayed(world, monkeypatch)
    assert world.run()
    record = world.record()
    assert record.status == "running"
    assert world.record().lease_until is None
    assert world.flagged() == set()
    [(at, again)] = waiting
    assert NOW + 90_000 <= at <= NOW + 111_000
    world.clock.time = at
    assert world.deliver(again)
    assert world.counts("deferred", "confirmed_quiet", "in_step") == (0, 1, 1)
    assert_counts_add_up(world.record())


def test_the_longest_wait_comes_first(world: World, number: Number, monkeypatch: pytest.MonkeyPatch) -> None:
    ages = {"w1": 1, "w2": 30, "w3": 3}
    for name, hours in ages.items():
        memory = {"watermark": NOW - hours * HOUR_MS, "verified_from": NOW - DAY_MS}
        world.workspace(name, settings=SHARE_OF_ALL, **memory)
    world.workspace("w4", settings=SHARE_OF_ALL)
    number.fail(429, times=1)
    assert play(world, delayed(world, monkeypatch), NOW) == ["w4", "w2", "w3", "w1"]


def test_a_wait_is_a_third_at_most(world: World, number: Number, monkeypatch: pytest.MonkeyPatch) -> None:
    number.fail(429, retry_after="600")
    waiting = delayed(world, monkeypatch)
    play(world, waiting, NOW)
    assert world.record().deferred_why in ("budget_spent", "rate_limited")
    assert world.counts("deferred", "unverified") == (1, 0)
    assert world.clock.time <= NOW + 20 * MINUTE_MS


@pytest.mark.parametrize("why", [answers.status(401), answers.status(503), answers.broken_json()])
def test_a_run_whose_key_is_not_used_up_does_not_wait(
    world: World, number: Number, monkeypatch: pytest.MonkeyPatch, why: answers.Fault
) -> None:
    number.server.faults.add(why)
    waiting = delayed(world, monkeypatch)
    world.run()
    assert (waiting, world.counts("deferred")) == ([], (1,))


@pytest.mark.parametrize("watermark", [None, NOW - HOUR_MS], ids=["never compared", "compared before"])
def test_after_a_day_the_plain_rule_flags(world: World, number: Number, watermark: int | None) -> None:
    world.workspace(settings=REPAIR, watermark=watermark, verified_from=watermark)
    world.contact("621", LONG_AGO_MS)
    number.fail(503)
    for hour in (0, 12, 21):
        world.next_hour(hour)
    assert world.flagged() == set()
    runs = [world.next_hour(hour) for hour in (22, 23, 24, 25)]
    first = runs[3] if watermark is None else runs[1]
    assert world.contacts()["621"]["flagged_at"] == first
    assert world.counts("deferred", "uncompared", "flagged", "unverified", run_at=first) == (1, 1, 1, 0)
    assert_counts_add_up(world.record(run_at=first))
    number.server.faults.clear()
    run_at = world.next_hour(26)
    assert world.counts("deferred", "uncompared", run_at=run_at) == (0, 0)


def test_the_limit_is_learned_from_the_first_answer(world: World, number: Number) -> None:
    """A key of 4 requests a minute does not get the 50 of the smallest plan."""
    number.page_size(1)
    number.server.rate.limit = 4
    number.in_step(6)
    world.workspace(settings=SHARE_OF_ALL)
    world.run()
    assert len(number.requests) == 4
