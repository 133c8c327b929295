"""A number in Kapso whose webhooks may go missing, beside the table that they should have kept in step."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from background_sync.records.contacts import record_activity
from background_sync.rules.policy import HOUR_MS, MINUTE_MS
from background_sync_ops.kapso import KapsoServer, KapsoStore, Person
from tests.integration.world import NOW, TOKEN_PREFIX, World

PHONE_ID = "110987654321"
KEY = "kapso-key-that-nobody-may-see"
REPAIR = {"verify": "repair"}
REPORT = {"verify": "report"}
LONG_AGO_MS = 5 * HOUR_MS
CLAIM_REMEMBER_TAKE = 4
"""The updates that a run makes before it writes on a contact; the first request of a minute takes two."""


@dataclass
class Number:
    """What happens in Kapso, and whether the table hears of it; ages are before `NOW`."""

    world: World
    store: KapsoStore
    server: KapsoServer

    def message(self, phone: str, age_ms: int, *, missed: bool = False, name: str | None = None) -> None:
        """A message of a person; the webhook of a missed one never came."""
        self.store.message(PHONE_ID, self.person(phone, name), "inbound", NOW - age_ms)
        if not missed:
            self.world.contact(phone, age_ms, name=name, kapso_name=name)

    def missed(self, phone: str, table_age_ms: int = LONG_AGO_MS, kapso_age_ms: int = 10 * MINUTE_MS) -> None:
        """A contact that the table knows from long ago, and that wrote since."""
        self.message(phone, table_age_ms)
        self.message(phone, kapso_age_ms, missed=True)

    def missed_by(self, person: Person, kapso_age_ms: int = 10 * MINUTE_MS) -> None:
        """A missed message of somebody who is not known by a phone alone."""
        self.store.message(PHONE_ID, person, "inbound", NOW - kapso_age_ms)

    def quiet(self, phone: str, age_ms: int = LONG_AGO_MS) -> None:
        """A contact that is merely quiet."""
        self.message(phone, age_ms)

    def in_step(self, count: int, age_ms: int = HOUR_MS // 2, workspace_id: str = "w1") -> None:
        """Many contacts, in step with Kapso."""
        phones = [f"6270{number:05d}" for number in range(count)]
        for phone in phones:
            self.store.message(PHONE_ID, self.store.add_person(phone), "inbound", NOW - age_ms)
        self.world.put_many(self.world.database.tables.contacts, _records(workspace_id, phones, NOW - age_ms))

    def heard_of(self, contact_id: str, at: int) -> None:
        """A webhook that arrives: the CRM writes what it saw."""
        record_activity(self.world.database, "w1", contact_id, at)

    def person(self, phone: str, name: str | None = None) -> Person:
        """Who has a phone."""
        return self.store.find_contact(KEY, phone) or self.store.add_person(phone, name=name)

    @property
    def requests(self) -> list[str]:
        """The paths that were asked for."""
        return [each.path for each in self.server.requests]

    @property
    def scans(self) -> list[dict[str, str]]:
        """The queries of the pages of conversations that were asked for."""
        return [each.query for each in self.server.requests if each.path.endswith("/conversations")]


@contextmanager
def served(world: World) -> Iterator[Number]:
    """A workspace's number in Kapso; its key is in SSM, and `world` verifies against it."""
    store = KapsoStore()
    store.add_number(PHONE_ID, KEY)
    world.ssm.put_parameter(Name=f"{TOKEN_PREFIX}abc", Value=KEY, Type="SecureString", Overwrite=True)
    with KapsoServer(store, lambda: world.clock.time) as server:
        world.kapso_url = server.url
        yield Number(world, store, server)


def _records(workspace_id: str, phones: Iterable[str], at: int) -> Iterable[dict[str, Any]]:
    for phone in phones:
        yield {
            "workspace_id": workspace_id,
            "contact_id": phone,
            "lead_status": "new",
            "last_activity_at": at,
            "activity_at": at,
        }


def workspace_record(world: World, workspace_id: str = "w1") -> dict[str, Any]:
    """A workspace as it is now, with what sync remembers of it."""
    [found] = [
        each for each in world.items(world.database.tables.workspaces) if each["workspace_id"] == workspace_id
    ]
    return found


def contacts(world: World) -> dict[str, dict[str, Any]]:
    """All contacts by id."""
    return {each["contact_id"]: each for each in world.items(world.database.tables.contacts)}


def notes(world: World, contact_id: str) -> list[str]:
    """What the notes of a contact say."""
    return [each["content"] for each in contacts(world)[contact_id].get("notes", [])]


def counts(world: World, *names: str, run_at: int = NOW) -> tuple[int, ...]:
    """Outcome counts of a run."""
    record = world.record(run_at=run_at)
    return tuple(int(getattr(record, name)) for name in names)


def next_hour(world: World, hours: int = 1) -> int:
    """Run the sweep so many hours after `NOW`; its `run_at`."""
    run_at = NOW + hours * HOUR_MS
    world.clock.time = max(world.clock.time, run_at)
    assert world.run(run_at=run_at)
    return run_at


def assert_it_adds_up(record: Any) -> None:
    """The equations of a completed run."""
    assert record.status == "completed"
    assert record.contacts_checked == (
        record.fresh + record.closed_leads + record.invalid + record.stale_found
    )
    assert record.stale_found == (
        record.flagged
        + record.in_cooldown
        + record.over_cap
        + record.lost_race
        + record.confirmed_quiet
        + record.unverified
        + record.unwritable
    )
    assert record.verified == (
        record.in_step
        + record.behind
        + record.missing
        + record.repaired
        + record.created
        + record.ahead
        + record.unknown
    )
