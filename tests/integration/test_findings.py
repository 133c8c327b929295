"""The lists of what sync did are exact, and cost the slim index and the contacts that they name."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from background_sync_ops.findings import FLAGGED, MISSED, REPAIRED, find
from background_sync_ops.units import Item, item_size, read_units
from tests.dynamodb.capacity import metered
from tests.integration.verify.number import PHONE_ID, REPAIR, REPORT, Number, served
from tests.integration.world import NOW, World, serialize

PEOPLE = ("621", "622", "623")
AGES = (5 * MINUTE_MS, 40 * MINUTE_MS, 30 * HOUR_MS)
WHAT_HAPPENS = ("nothing", "missed", "updated", "moved back", "deleted")
happens = st.tuples(st.sampled_from(WHAT_HAPPENS), st.sampled_from(AGES))
hours = st.lists(st.tuples(*[happens] * len(PEOPLE)), min_size=1, max_size=3)


@pytest.fixture
def number(world: World) -> Iterator[Number]:
    world.workspace(settings=REPAIR)
    with served(world) as number:
        yield number


def happen(world: World, number: Number, phone: str, what: str, at: int) -> None:
    """What happens in Kapso, or what the CRM does to a contact, before a sweep."""
    if what == "missed":
        number.store.message(PHONE_ID, number.person(phone), "inbound", at)
        # A receipt brings a conversation into the scan, however old its activity is.
        number.store.delivery_receipt(PHONE_ID, number.person(phone), max(at, world.clock.time - MINUTE_MS))
    elif what == "deleted":
        world.delete_contact(phone)
    elif (stored := world.contacts().get(phone)) and what != "nothing":
        moved = at if what == "updated" else NOW - 60 * DAY_MS
        world.put_many(
            world.database.tables.contacts, [stored | {"last_activity_at": moved, "activity_at": moved}]
        )


def listed(world: World, what: str, since: int = 0) -> dict[str, Any]:
    return {each["contact_id"]: each for each in find(world.database, "w1", what, since)}


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(plan=hours)
def test_exactly_the_contacts_that_were_repaired_since_a_time_are_listed(world: World, plan: Any) -> None:
    world.clear()
    world.workspace(settings=REPAIR)
    with served(world) as number:
        for phone in PEOPLE[1:]:
            world.contact(phone, 50 * DAY_MS)
        for hour, people in enumerate(plan, 1):
            run_at = world.clock.time = NOW + hour * HOUR_MS
            for phone, (what, age) in zip(PEOPLE, people, strict=True):
                happen(world, number, phone, what, run_at - age)
            assert world.run(run_at=run_at)
        stored = world.contacts()
        for since in (NOW + hour * HOUR_MS for hour in range(len(plan) + 2)):
            repaired = {name for name, each in stored.items() if each.get("repaired_at", 0) >= since}
            assert listed(world, REPAIRED, since).keys() == repaired


def test_each_contact_has_its_run_and_what_was_done(world: World, number: Number) -> None:
    number.missed("621")
    number.message("622", HOUR_MS, missed=True, name="Ana")
    world.contact("623", 9 * DAY_MS)
    world.run()
    repaired = listed(world, REPAIRED)
    assert {name: (each["what"], each["run_at"]) for name, each in repaired.items()} == {
        "621": ("repaired", NOW),
        "622": ("created", NOW),
    }
    assert repaired["621"]["note"] == "Sync repair: missed activity at 2025-12-31T23:50:00Z"
    assert (repaired["622"]["name"], repaired["622"]["note"]) == ("Ana", None)
    assert listed(world, FLAGGED, NOW).keys() == {"623"}
    assert listed(world, FLAGGED, NOW + 1) == listed(world, MISSED) == {}


def test_what_a_report_found_is_missed_until_the_table_has_it(world: World, number: Number) -> None:
    world.workspace(settings=REPORT)
    number.missed("621")
    number.quiet("622")
    world.run()
    [found] = listed(world, MISSED).values()
    assert (found["contact_id"], found["missed_activity"]) == ("621", NOW - 10 * MINUTE_MS)
    assert listed(world, REPAIRED) == {}
    number.webhook_arrives("621", NOW - 10 * MINUTE_MS)
    assert listed(world, MISSED) == {}


def slim(item: Item) -> Item:
    names = (
        "workspace_id",
        "contact_id",
        "activity_at",
        "lead_status",
        "flagged_at",
        "behind_at",
        "reported_at",
    )
    return {name: item[name] for name in names if name in item}


@pytest.mark.parametrize("size", [10, 4_000])
def test_a_list_costs_the_slim_index_and_the_contacts_that_it_names(world: World, size: int) -> None:
    """However large the others are."""
    for number in range(120):
        repaired: Any = {"behind_at": NOW, "repaired_at": NOW} if number < 3 else {}
        world.contact(f"62{number}", text="x" * size, **repaired)
    items = [{name: serialize(value) for name, value in each.items()} for each in world.contacts().values()]
    named = [each for each in items if "repaired_at" in each]
    with metered(world.database.client) as cost:
        assert len(listed(world, REPAIRED, NOW)) == 3
    index = read_units(sum(item_size(slim(each)) for each in items), consistent=False)
    assert cost.read == index + sum(read_units(item_size(each), consistent=False) for each in named)
    assert cost.requests == {"Query": 1, "BatchGetItem": 1}


def test_every_page_of_the_index_is_read(world: World) -> None:
    """The engine ends a page by the size of the whole contacts."""
    for number in range(6):
        world.contact(f"62{number}", text="x" * 350_000, flagged_at=NOW)
    with metered(world.database.client) as cost:
        assert len(listed(world, FLAGGED, NOW)) == 6
    assert cost.requests["Query"] > 1
