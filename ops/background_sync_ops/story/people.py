"""Who takes part: made-up people, with the phones that are set aside for fiction."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from background_sync.rules.policy import DAY_MS, HOUR_MS
from background_sync_ops.demo import FIRST_NAMES, LAST_NAMES

LONGEST_QUIET_MS = 25 * DAY_MS
SHORTEST_QUIET_MS = 2 * HOUR_MS
HIDDEN_PHONES = 0.02
LEAD_STATUSES = (*("new", "qualified", "contacted") * 6, "archived", "converted")
AREAS = range(201, 990)
PHONES_IN_AREA = 100


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person by phone (digits) or by business-scoped user id; `wrote_at` (ms) is when they last wrote
    before the story begins, None for those who are new in it."""

    name: str
    phone: str | None
    business_scoped_user_id: str | None
    lead_status: str
    wrote_at: int | None

    @property
    def contact_id(self) -> str:
        """What the CRM's contact is called."""
        return self.phone or self.business_scoped_user_id or ""


def cast(rng: random.Random, known: int, new: int, begin: int) -> tuple[list[Somebody], list[Somebody]]:
    """Those whom the CRM knows when the story begins (ms), and those who are going to write first in it."""
    phones = _phones(rng)
    return (
        [_somebody(rng, phones, _before(rng, begin)) for _ in range(known)],
        [_somebody(rng, phones, None) for _ in range(new)],
    )


def _before(rng: random.Random, begin: int) -> int:
    return begin - rng.randrange(SHORTEST_QUIET_MS, LONGEST_QUIET_MS)


def _phones(rng: random.Random) -> Iterator[str]:
    areas = rng.sample(AREAS, len(AREAS))
    return (f"1{area}55501{number:02d}" for area in areas for number in range(PHONES_IN_AREA))


def _somebody(rng: random.Random, phones: Iterator[str], wrote_at: int | None) -> Somebody:
    name = f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}"
    phone, hidden = next(phones), wrote_at is not None and rng.random() < HIDDEN_PHONES
    bsuid = f"US.{rng.randrange(10**15, 10**16)}" if hidden else None
    return Somebody(name, None if hidden else phone, bsuid, rng.choice(LEAD_STATUSES), wrote_at)


def contact_document(workspace_id: str, somebody: Somebody) -> dict[str, Any]:
    """Somebody as the CRM exports them; who is new is not there yet."""
    return {
        "_id": f"demo-{somebody.contact_id}",
        "workspace_id": workspace_id,
        "phone": somebody.phone,
        "business_scoped_user_id": somebody.business_scoped_user_id,
        "name": somebody.name,
        "kapso_name": somebody.name,
        "lead_status": somebody.lead_status,
        "last_activity_at": somebody.wrote_at,
        "created_at": somebody.wrote_at,
        "updated_at": somebody.wrote_at,
        "source": "whatsapp",
    }
