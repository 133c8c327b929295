"""Records on their way from a line of the snapshot into a table."""

from collections.abc import Callable
from dataclasses import dataclass, field

from background_sync_ops.snapshot.merge import changes
from background_sync_ops.snapshot.reader import Line
from background_sync_ops.snapshot.report import Remark
from background_sync_ops.snapshot.store import Conflict, Refused, Stored, Table
from background_sync_ops.snapshot.values import BadDocument, Record, require_storable

MAX_TRIES = 5

Merge = Callable[[Record, Record], Record]


@dataclass(frozen=True, slots=True)
class Draft:
    """A record that is to be written, and the line that it is from."""

    line: Line
    record: Record = field(repr=False)

    def remark(self, reason: object) -> Remark:
        """Something to say of the line."""
        return self.line.remark(reason)


def document_of(line: Line) -> Record:
    """A line's document; raises `BadDocument` for one that has none."""
    if line.document is None:
        raise BadDocument(line.problem)
    return line.document


def settle(table: Table, record: Record, stored: Stored | None, merge: Merge) -> str:
    """Write a record, merged into what is there; whether it was created, updated or unchanged.

    Raises:
        BadDocument, Refused, Unmergeable: it cannot be written.
    """
    for _ in range(MAX_TRIES):
        try:
            return _write(table, record, stored, merge)
        except Conflict:
            key = table.key_of(record)
            stored = table.read([key]).get(key)
    raise Refused(f"somebody else changed it {MAX_TRIES} times meanwhile")


def _write(table: Table, record: Record, stored: Stored | None, merge: Merge) -> str:
    if stored is None:
        table.create(record)
        return "created"
    changed = changes(stored.record, merged := merge(stored.record, record))
    if not changed:
        return "unchanged"
    require_storable(merged)
    table.update(stored, changed)
    return "updated"
