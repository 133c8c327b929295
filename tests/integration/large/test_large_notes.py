"""Notes may be as large as a contact: only those of contacts that are about to be written are read."""

from collections.abc import Iterator
from typing import Any

import pytest

from background_sync.rules.policy import HOUR_MS, MINUTE_MS
from background_sync.sync.flag import READ_AHEAD
from tests.integration.faults import FOR_GOOD, Faults
from tests.integration.large.crowd import CAP, counted, judge, make, put
from tests.integration.verify.number import REPAIR, served
from tests.integration.world import LEASE_MS, World

NOTES = [{"content": f"called {number}", "added_by": "ana", "added_at": number} for number in range(20)]


@pytest.fixture
def most_notes(world: World) -> Iterator[list[int]]:
    """How many contacts' notes each answer of the table had."""
    counts = [0]

    def count(parsed: Any, **_: object) -> None:
        batches = parsed.get("Responses", {}).values()
        items = [item for batch in (*batches, parsed.get("Items", [])) for item in batch]
        counts.append(sum("notes" in item for item in [*items, parsed.get("Item", {})]))

    world.database.client.meta.events.register("after-call.dynamodb", count)
    yield counts
    world.database.client.meta.events.unregister("after-call.dynamodb", count)


def test_another_attempt_reads_only_some_notes(world: World, faults: Faults, most_notes: list[int]) -> None:
    world.workspace()
    for number in range(5):
        world.contact(f"62{number}", (3 + number) * HOUR_MS, notes=NOTES)
    faults.fail("UpdateItem", KeyboardInterrupt(), after=6)
    with pytest.raises(KeyboardInterrupt):
        world.run()
    flagged = len(world.flagged())
    assert flagged > 1
    world.clock.time += LEASE_MS
    most_notes[:] = [0]
    world.run(receive_count=2)
    assert world.counts("flagged") == (5,)
    assert max(most_notes) == 5 - flagged


def test_no_request_reads_the_notes_of_many_contacts(world: World, most_notes: list[int]) -> None:
    world.workspace()
    for number in range(READ_AHEAD + 2):
        world.contact(f"62{number}", (3 + number) * HOUR_MS, notes=NOTES)
    world.run()
    assert world.counts("flagged") == (READ_AHEAD + 2,)
    assert max(most_notes) == READ_AHEAD


def test_comparing_a_page_of_people_does_not_read_their_notes(world: World, most_notes: list[int]) -> None:
    world.workspace(settings=REPAIR)
    with served(world) as number:
        for phone in range(5):
            number.message(f"62{phone}", 10 * MINUTE_MS, missed=True)
            world.contact(f"62{phone}", 5 * HOUR_MS, notes=NOTES)
        world.run()
    assert max(most_notes) == 1
    assert world.counts("repaired") == (5,)
    assert {len(each["notes"]) for each in world.contacts().values()} == {21}


def test_every_page_of_1_mb_is_read(world: World, faults: Faults) -> None:
    crowd = make(1_600, seed=5)
    for record in crowd:
        record["contact_id"] = record["contact_id"].rjust(1_000, "0")
    world.workspace(settings={"max_flags_per_run": CAP})
    put(world, crowd)
    queries: list[int] = []
    faults.meanwhile("Query", lambda: queries.append(1), times=FOR_GOOD)
    assert world.run()
    assert len(queries) > 1
    assert counted(world) == judge(crowd)
