"""A number in Kapso whose webhooks may go missing, and the table that they should have updated."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from background_sync.kapso import conversations
from background_sync.records.contacts import record_activity
from background_sync.rules.policy import HOUR_MS, MINUTE_MS
from background_sync_ops.kapso import KapsoServer, KapsoStore, Person
from background_sync_ops.kapso import faults as answers
from tests.integration.world import INVOCATION_MS, NOW, TOKEN_PREFIX, World

PHONE_ID = "110987654321"
KEY = "kapso-key-that-nobody-may-see"
OFF, REPORT, REPAIR = ({"verify": way} for way in ("off", "report", "repair"))
LONG_AGO_MS = 5 * HOUR_MS
CLAIM_REMEMBER_TAKE = 3
"""The updates that a run makes before it writes a contact."""
FIRST_SCAN_SINCE = "2025-12-31T00:00:00Z"
"""A first scan looks back a day."""


@dataclass
class Number:
    """What happens in Kapso, and whether the table learns of it; ages are before `NOW`."""

    world: World
    store: KapsoStore
    server: KapsoServer
    patch: pytest.MonkeyPatch

    def message(self, phone: str, age_ms: int, *, missed: bool = False, name: str | None = None) -> None:
        """A message from a person; no webhook arrives for a missed one."""
        self.store.message(PHONE_ID, self.person(phone, name), "inbound", NOW - age_ms)
        if not missed:
            self.world.contact(phone, age_ms, name=name, kapso_name=name)

    def missed(self, phone: str, table_age_ms: int = LONG_AGO_MS, kapso_age_ms: int = 10 * MINUTE_MS) -> None:
        """A contact whose last message the table missed."""
        self.message(phone, table_age_ms)
        self.message(phone, kapso_age_ms, missed=True)

    def missed_by(self, person: Person, kapso_age_ms: int = 10 * MINUTE_MS) -> None:
        """A missed message from a person who is not known by a phone alone."""
        self.store.message(PHONE_ID, person, "inbound", NOW - kapso_age_ms)

    def quiet(self, phone: str, age_ms: int = LONG_AGO_MS) -> None:
        self.message(phone, age_ms)

    def in_step(self, count: int, age_ms: int = HOUR_MS // 2, workspace_id: str = "w1") -> None:
        """Many contacts of which the table missed nothing."""
        phones = [f"6270{number:05d}" for number in range(count)]
        for phone in phones:
            self.store.message(PHONE_ID, self.store.add_person(phone), "inbound", NOW - age_ms)
        times = {"last_activity_at": NOW - age_ms, "activity_at": NOW - age_ms}
        self.world.put_many(
            self.world.database.tables.contacts,
            (
                {"workspace_id": workspace_id, "contact_id": phone, "lead_status": "new", **times}
                for phone in phones
            ),
        )

    def webhook_arrives(self, contact_id: str, at: int) -> None:
        """The CRM stores the activity of a webhook."""
        record_activity(self.world.database, "w1", contact_id, at)

    def person(self, phone: str, name: str | None = None) -> Person:
        return self.store.find_person(phone) or self.store.add_person(phone, name=name)

    def fail(
        self, status: int, *, path: str = "/conversations", retry_after: str | None = None, **which: Any
    ) -> None:
        self.server.faults.add(answers.status(status, retry_after=retry_after), path=path, **which)

    def page_size(self, size: int) -> None:
        self.patch.setattr(conversations, "PAGE_SIZE", size)

    def slow_pages(self, page_ms: int = INVOCATION_MS - 19_000, **which: Any) -> None:
        """Each page takes `page_ms`; the default leaves an invocation no time for a second page."""

        def take_time() -> None:
            self.world.clock.time += page_ms

        self.server.faults.add(answers.slow(take_time), path="/conversations", **which)

    @property
    def requests(self) -> list[str]:
        return [each.path for each in self.server.requests]

    @property
    def scans(self) -> list[dict[str, str]]:
        return [each.query for each in self.server.requests if each.path.endswith("/conversations")]


@contextmanager
def served(world: World) -> Iterator[Number]:
    """A number in a Kapso server that `world` verifies against; its key is in SSM."""
    store = KapsoStore()
    store.add_number(PHONE_ID, KEY)
    put_key(world, "abc", KEY)
    with KapsoServer(store, lambda: world.clock.time) as server, pytest.MonkeyPatch.context() as patch:
        world.kapso_url = server.url
        yield Number(world, store, server, patch)


def put_key(world: World, name: str, key: str) -> None:
    world.ssm.put_parameter(Name=f"{TOKEN_PREFIX}{name}", Value=key, Type="SecureString", Overwrite=True)


def assert_counts_add_up(record: Any) -> None:
    """A completed run satisfies the equations between its counts."""
    sums = {
        "contacts_checked": ("fresh", "closed_leads", "invalid", "stale_found"),
        "stale_found": (
            "flagged",
            "in_cooldown",
            "over_cap",
            "lost_race",
            "confirmed_quiet",
            "unverified",
            "unwritable",
        ),
        "verified": ("in_step", "behind", "missing", "repaired", "created", "deleted", "ahead", "unknown"),
    }
    assert record.status == "completed"
    for total, parts in sums.items():
        assert getattr(record, total) == sum(getattr(record, part) for part in parts), total
