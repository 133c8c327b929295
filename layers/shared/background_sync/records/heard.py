"""When the stack's intake last received an event, of whichever workspace."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from background_sync.records.database import Record
from background_sync.rules.times import latest_own

PARTITION = "#intake"


class Heard(Record):
    """The one record (`#intake`, 0); `heard_at` in ms."""

    class Meta:
        table_name = ""

    table = "sync_health"

    workspace_id = UnicodeAttribute(hash_key=True, default=PARTITION)
    run_at = NumberAttribute(range_key=True, default=0)
    heard_at = NumberAttribute(null=True)


def remember_heard(now: int) -> None:
    """Store that something came now, unless another recorder stored a later time."""
    stored = Heard.heard_at
    is_older = stored.does_not_exist() | (stored < now) | (stored > latest_own(now))
    Heard().update_if(is_older, stored.set(now))


def last_heard() -> int | None:
    """When something last came, or up to `INTAKE_STEP_MS` before; None if nothing ever did."""
    found = Heard.find(PARTITION, 0)
    return None if found is None else int(found.heard_at)
