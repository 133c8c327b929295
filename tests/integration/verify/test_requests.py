"""The requests of a run: a page per hundred changed conversations, and the webhooks once for all of a key.

A scan of several pages sends one more request, for the conversations that moved while it read the list.
"""

from math import ceil

import pytest

from background_sync.rules.policy import HOUR_MS
from background_sync_ops.kapso import LastPage, Quirks
from tests.integration.verify.number import KEY, PHONE_ID, REPAIR, Number
from tests.integration.world import NOW, World

LOOK_UPS = 1


@pytest.mark.parametrize("changed", [0, 1, 99, 100, 101, 250])
@pytest.mark.parametrize("last_page", [LastPage.NULL_AFTER, LastPage.SET_AFTER])
def test_a_run_requests_a_page_per_hundred_changes(
    world: World, number: Number, changed: int, last_page: LastPage
) -> None:
    """A last page with a cursor costs one more request."""
    number.server.quirks = Quirks(last_page=last_page)
    number.in_step(changed)
    world.run()
    assert world.counts("verified", "in_step") == (changed, changed)
    pages, limit = max(1, ceil(changed / 100)), 101
    if last_page is LastPage.SET_AFTER:
        pages, limit = ceil(changed / 100) + 1, 100
    assert len(number.requests) == pages + (changed >= limit) + LOOK_UPS


def test_contacts_without_changes_cost_no_request(world: World, number: Number) -> None:
    number.in_step(250)
    number.missed("621")
    world.run()
    number.server.requests.clear()
    world.clock.time = NOW
    world.next_hour()
    assert world.record().contacts_checked == 251
    assert len(number.requests) == 1 + LOOK_UPS


@pytest.mark.parametrize("settings", [None, {"verify": "off"}, {"verify": "on"}, {"verify": True}, "repair"])
def test_without_verification_no_request_is_sent(world: World, number: Number, settings: object) -> None:
    world.workspace(settings=settings)
    number.missed("621")
    world.run()
    assert number.requests == []
    assert world.flagged() == {"621"}
    assert "watermark" not in world.workspace_record()
    assert int(world.record().invalid_setting) == (settings not in (None, {"verify": "off"}))


def test_one_run_of_a_sweep_looks_up_the_webhooks_of_its_key(world: World, number: Number) -> None:
    """An idle workspace costs one request. Each number has the state of its own webhooks."""
    for phone_id, active in (("1", True), ("2", False), ("3", None)):
        number.store.add_number(phone_id, KEY)
        world.workspace(f"w{phone_id}", settings=REPAIR, kapso_phone_id=phone_id)
        if active is not None:
            number.store.add_webhook(phone_id, "https://crm.example", active=active)
    for hour in range(2):
        number.server.requests.clear()
        sweep = world.sweep(NOW + hour * HOUR_MS)
        assert sweep["webhook_off"] == 2
        assert [path.endswith("/whatsapp/webhooks") for path in number.requests].count(True) == 1
        assert len(number.requests) == 3 + 1
    states = {each["workspace_id"]: each["webhook"] for each in world.items(world.database.tables.workspaces)}
    assert states == {"w1": "active", "w2": "off", "w3": "none"}


def test_a_list_of_webhooks_is_read_to_its_last_page(
    world: World, number: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("background_sync.kapso.webhooks.PAGE_SIZE", 2)
    for phone_id in ("1", "2", "3", "4"):
        number.store.add_number(phone_id, KEY)
        number.store.add_webhook(phone_id, "https://crm.example")
    number.store.add_webhook(PHONE_ID, "https://crm.example", active=False)
    world.workspace(settings=REPAIR)
    world.run()
    assert world.record().webhook == "off"


def test_a_project_whose_webhooks_cannot_be_listed_is_asked_by_number(world: World, number: Number) -> None:
    number.store.add_webhook(PHONE_ID, "https://crm.example")
    number.fail(404, path="/platform/v1/whatsapp/webhooks")
    world.workspace(settings=REPAIR)
    world.run()
    assert world.record().webhook == "active"
