"""A number in Kapso whose webhooks may go missing, beside the table that they should have kept in step."""

from dataclasses import dataclass

from background_sync.rules.policy import HOUR_MS, MINUTE_MS
from background_sync_ops.kapso import KapsoServer, KapsoStore, Person
from tests.integration.world import NOW, World

PHONE_ID = "110987654321"
KEY = "kapso-key-that-nobody-may-see"


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

    def missed(self, phone: str, table_age_ms: int, kapso_age_ms: int = 10 * MINUTE_MS) -> None:
        """A contact that the table knows from long ago, and that wrote since."""
        self.message(phone, table_age_ms)
        self.message(phone, kapso_age_ms, missed=True)

    def quiet(self, phone: str, age_ms: int = 5 * HOUR_MS) -> None:
        """A contact that is merely quiet."""
        self.message(phone, age_ms)

    def person(self, phone: str, name: str | None = None) -> Person:
        """Who has a phone."""
        return self.store.find_contact(KEY, phone) or self.store.add_person(phone, name=name)

    @property
    def requests(self) -> list[str]:
        """The paths that were asked for."""
        return [each.path for each in self.server.requests]
