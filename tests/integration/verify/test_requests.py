"""The requests of a run: a page per hundred changed conversations, and two look-ups of the webhooks.

A scan of several pages sends one more request, for the conversations that moved while it read the list.
"""

from math import ceil

import pytest

from background_sync_ops.kapso import LastPage, Quirks
from tests.integration.verify.number import REPAIR, Number
from tests.integration.world import NOW, World

CHANGED = [0, 1, 99, 100, 101, 250]
LOOK_UPS = 2


@pytest.mark.parametrize("changed", CHANGED)
def test_a_run_requests_a_page_per_hundred_changes(world: World, number: Number, changed: int) -> None:
    world.workspace(settings=REPAIR)
    number.in_step(changed)
    world.run()
    assert world.counts("verified", "in_step") == (changed, changed)
    assert len(number.requests) == max(1, ceil(changed / 100)) + (changed > 100) + LOOK_UPS


@pytest.mark.parametrize("changed", CHANGED)
def test_a_last_page_with_a_cursor_costs_one_more_request(world: World, number: Number, changed: int) -> None:
    world.workspace(settings=REPAIR)
    number.server.quirks = Quirks(last_page=LastPage.SET_AFTER)
    number.in_step(changed)
    world.run()
    assert world.counts("verified") == (changed,)
    assert len(number.requests) == ceil(changed / 100) + 1 + (changed >= 100) + LOOK_UPS


def test_contacts_without_changes_cost_no_request(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    number.in_step(250)
    number.missed("621")
    world.run()
    number.server.requests.clear()
    world.clock.time = NOW
    world.next_hour()
    assert world.record().contacts_checked == 251
    assert len(number.requests) == 1 + LOOK_UPS


def test_a_second_delivery_of_a_completed_run_sends_no_request(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    world.run()
    number.server.requests.clear()
    world.run(receive_count=2)
    assert number.requests == []


@pytest.mark.parametrize("settings", [None, {"verify": "off"}, {"verify": "on"}, {"verify": True}, "repair"])
def test_without_verification_no_request_is_sent(world: World, number: Number, settings: object) -> None:
    world.workspace(settings=settings)
    number.missed("621")
    world.run()
    assert number.requests == []
    assert world.flagged() == {"621"}
    assert "watermark" not in world.workspace_record()
    assert int(world.record().invalid_setting) == (settings not in (None, {"verify": "off"}))
