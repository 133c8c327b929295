"""The contacts of the story: made-up people, with phone numbers that are reserved for fiction."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from background_sync.rules.policy import DAY_MS, HOUR_MS
from background_sync_ops.demo import FIRST_NAMES, LAST_NAMES

LONGEST_QUIET_MS = 25 * DAY_MS
SHORTEST_QUIET_MS = 2 * HOUR_MS
HIDDEN_PHONES_SHARE = 0.02
LEAD_STATUSES = (*("new", "qualified", "contacted") * 6, "archived", "converted")
AREAS = range(201, 990)
PHONES_IN_AREA = 100


@dataclass(frozen=True, slots=True)
class DemoContact:
    """A person with either a phone (digits) or a business-scoped user id.

    `last_wrote_at` (ms) is the last message before the story begins, or None for a person who first writes
    during the story.
    """

    name: str
    phone: str | None
    business_scoped_user_id: str | None
    lead_status: str
    last_wrote_at: int | None

    @property
    def contact_id(self) -> str:
        """The id of the CRM's contact."""
        return self.phone or self.business_scoped_user_id or ""


def make_contacts(
    rng: random.Random, *, known: int, new: int, begin: int
) -> tuple[list[DemoContact], list[DemoContact]]:
    """Contacts that the CRM knows when the story begins (ms), and people who first write during it."""
    phones = _phones(rng)
    return (
        [_contact(rng, phones, _time_before(rng, begin)) for _ in range(known)],
        [_contact(rng, phones, None) for _ in range(new)],
    )


def _time_before(rng: random.Random, begin: int) -> int:
    return begin - rng.randrange(SHORTEST_QUIET_MS, LONGEST_QUIET_MS)


def _phones(rng: random.Random) -> Iterator[str]:
    areas = rng.sample(AREAS, len(AREAS))
    return (f"1{area}55501{number:02d}" for area in areas for number in range(PHONES_IN_AREA))


def _contact(rng: random.Random, phones: Iterator[str], last_wrote_at: int | None) -> DemoContact:
    name = f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}"
    phone, hidden = next(phones), last_wrote_at is not None and rng.random() < HIDDEN_PHONES_SHARE
    bsuid = f"US.{rng.randrange(10**15, 10**16)}" if hidden else None
    return DemoContact(name, None if hidden else phone, bsuid, rng.choice(LEAD_STATUSES), last_wrote_at)


def contact_document(workspace_id: str, contact: DemoContact) -> dict[str, Any]:
    """A known contact, as the CRM exports it."""
    return {
        "_id": f"demo-{contact.contact_id}",
        "workspace_id": workspace_id,
        "phone": contact.phone,
        "business_scoped_user_id": contact.business_scoped_user_id,
        "name": contact.name,
        "kapso_name": contact.name,
        "lead_status": contact.lead_status,
        "last_activity_at": contact.last_wrote_at,
        "created_at": contact.last_wrote_at,
        "updated_at": contact.last_wrote_at,
        "source": "whatsapp",
    }
