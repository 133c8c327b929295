"""Contacts of every kind, and the outcome of the rules for them, computed independently of the product."""

from collections.abc import Mapping
from random import Random
from typing import Any

from background_sync.rules.policy import DAY_MS, HOUR_MS
from tests.integration.world import NOW, World

CAP = 7
AGES_MS = [0, HOUR_MS, HOUR_MS + 1, 5 * HOUR_MS, 9 * DAY_MS]
FLAG_AGES_MS = [HOUR_MS, DAY_MS - 1, DAY_MS, 3 * DAY_MS]
COUNTS = (
    "contacts_checked",
    "stale_found",
    "flagged",
    "fresh",
    "closed_leads",
    "invalid",
    "in_cooldown",
    "over_cap",
    "lost_race",
    "unwritable",
)
Record = dict[str, Any]


def make(count: int, seed: int) -> list[Record]:
    """Contacts as a CRM may hold them, the same for the same seed."""
    chance = Random(seed)  # noqa: S311
    return [_contact(chance, f"62{number:05d}") for number in range(count)]


def _contact(chance: Random, contact_id: str) -> Record:
    """A contact whose activity time is unlike that of any other, or invalid."""
    record: Record = {"contact_id": contact_id}
    moment = NOW - chance.choice(AGES_MS) - chance.randrange(HOUR_MS // 2)
    attribute = chance.choice(["last_activity_at", "last_activity_at", "updated_at", "created_at"])
    record[attribute] = chance.choice([moment] * 12 + ["yesterday", 0])
    if chance.random() < 0.7:
        record["lead_status"] = chance.choice(["new", "qualified", "contacted", "converted", "archived", 5])
    if chance.random() < 0.4:
        record["flagged_at"] = NOW - chance.choice(FLAG_AGES_MS) - chance.randrange(2) * DAY_MS
    return record


def put(world: World, records: list[Record], workspace_id: str = "w1") -> None:
    world.put_many(
        world.database.tables.contacts,
        ({"workspace_id": workspace_id, "activity_at": _index(each), **each} for each in records),
    )


def _index(record: Mapping[str, Any]) -> int:
    times = [record.get(name) for name in ("last_activity_at", "updated_at", "created_at")]
    found = next((each for each in times if each not in (None, 0)), 0)
    return found if isinstance(found, int) else 0


def judge(records: list[Record]) -> tuple[dict[str, int], set[str]]:
    """The counts of a run over `records` at `NOW`, and the contacts that it flags."""
    counts = dict.fromkeys(COUNTS, 0)
    due: list[tuple[int, int, str]] = []
    for record in records:
        counts["contacts_checked"] += 1
        activity, status, flagged = _index(record), record.get("lead_status"), record.get("flagged_at")
        if activity == 0 or status == 5:
            counts["invalid"] += 1
        elif status in ("archived", "converted"):
            counts["closed_leads"] += 1
        elif NOW - activity <= HOUR_MS:
            counts["fresh"] += 1
        elif flagged is not None and NOW - flagged < DAY_MS:
            counts["in_cooldown"] += 1
        else:
            due.append((flagged or 0, activity, record["contact_id"]))
    chosen = sorted(due)[:CAP]
    counts |= {"flagged": len(chosen), "over_cap": len(due) - len(chosen)}
    counts["stale_found"] = counts["in_cooldown"] + len(due)
    return counts, {contact_id for _, _, contact_id in chosen}


def counted(world: World, workspace_id: str = "w1") -> tuple[dict[str, int], set[str]]:
    record = world.record(workspace_id)
    noted = [each for each in world.contacts(workspace_id).values() if len(each.get("notes", [])) == 1]
    flagged = {each["contact_id"] for each in noted if each.get("flagged_at") == NOW}
    return {name: int(getattr(record, name)) for name in COUNTS}, flagged
