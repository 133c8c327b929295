"""What the index shows, and what an audit found."""

from background_sync.records.contacts import index_page
from tests.integration.world import NOW, World

FINDINGS = ("contacts_checked", "fixed_missing", "fixed_outdated", "invalid", "lost_race")


def index(world: World, workspace_id: str = "w1") -> dict[str, object]:
    """Each contact that the index shows, and its activity there."""
    entries = index_page(world.database, workspace_id, None).entries
    return {str(each["contact_id"]): each["activity_at"] for each in entries}


def put(world: World, contact_id: str, **attributes: object) -> None:
    """A contact as somebody's script wrote it, with nothing but `attributes`; a null stays a null."""
    record = {"workspace_id": "w1", "contact_id": contact_id, **attributes}
    world.put_many(world.database.tables.contacts, [record])


def findings(world: World, run_at: int = NOW) -> dict[str, int]:
    """What the audit at `run_at` counted, but for the zeros."""
    record = world.record("#audit#w1", run_at)
    counts = {name: getattr(record, name) for name in FINDINGS}
    return {name: int(count) for name, count in counts.items() if count}
