"""What a random history says of one person, told apart from what the product finds."""

from dataclasses import dataclass, field

from background_sync.rules.contact import GRACE_MS
from background_sync_ops.kapso import Person
from background_sync_ops.kapso.model import Direction


@dataclass
class PersonModel:
    """What the plan says of a person: the last activity in the table, and in each conversation (ms).

    Kapso knows the last message of each direction in a conversation.

    A deleted contact does not come back for activity that was compared before, up to `deleted_after`. While a
    scan is pending, nobody knows how far it had compared: activity up to `unclear_until` may bring it back.
    """

    person: Person
    contact_id: str
    in_table: int | None
    deleted_after: int = 0
    unclear_until: int = 0
    in_kapso: dict[tuple[str, Direction], int] = field(default_factory=dict)

    def missed(self, scan_at: int) -> int | None:
        """The activity that the table should have by the time of a scan, and does not have."""
        settled = max((at for at in self.in_kapso.values() if at <= scan_at - GRACE_MS), default=None)
        if settled is None or (self.in_table is not None and settled - self.in_table <= GRACE_MS):
            return None
        if self.in_table is None and settled <= self.deleted_after:
            return None
        return settled

    def is_unclear(self, scan_at: int) -> bool:
        """Whether the missed activity may have been compared before the contact was deleted."""
        return self.in_table is None and (self.missed(scan_at) or 0) <= self.unclear_until

    def is_settled(self, scan_at: int) -> bool:
        """Whether all webhooks of this person have arrived or are missed."""
        return all(at <= scan_at - GRACE_MS for at in self.in_kapso.values())
