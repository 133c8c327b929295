"""What the index shows, and what an audit counted."""

from background_sync.records.contacts import index_page
from background_sync.records.typed import deserialize
from tests.integration.world import NOW, World

FINDINGS = ("contacts_checked", "fixed_missing", "fixed_outdated", "invalid", "lost_race")


def index(world: World, workspace_id: str = "w1") -> dict[str, object]:
    entries = map(deserialize, index_page(world.database, workspace_id, None).items)
    return {str(each["contact_id"]): each["activity_at"] for each in entries}


def put(world: World, contact_id: str, **attributes: object) -> None:
    """Put a contact as a script may write it, with `attributes` alone; None is stored as a null."""
    record = {"workspace_id": "w1", "contact_id": contact_id, **attributes}
    world.put_many(world.database.tables.contacts, [record])


def findings(world: World, run_at: int = NOW) -> dict[str, int]:
    """The counts of the audit at `run_at`, without the zeros."""
    record = world.record("#audit#w1", run_at)
    counts = {name: getattr(record, name) for name in FINDINGS}
    return {name: int(count) for name, count in counts.items() if count}
