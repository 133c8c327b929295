"""The notes on a contact's item: ours are added, and those of others go back as they came."""

from collections.abc import Iterable, Sequence

from background_sync.records.typed import AttributeValue, Item, deserialize_value, serialize
from background_sync.rules.notes import Note, is_report, is_sync_note, with_note


class Unwritable(Exception):
    """DynamoDB refuses to write the contact: it would be too large, or its notes are not a list."""


def with_sync_notes(read: Item, notes: Iterable[Note], max_sync_notes: int) -> AttributeValue:
    """A contact's notes with more of ours; raises `Unwritable` if they are not a list."""
    kept = list(_notes(read))
    for note in notes:
        document = {"content": note.content, "added_by": note.added_by, "added_at": note.added_at}
        kept = with_note(kept, serialize(document), _is_ours, max_sync_notes)
    return {"L": kept}


def was_reported(read: Item, run_at: int) -> bool:
    """Whether the flag of the run at `run_at` reported missed activity."""
    notes = (note.get("M", {}) for note in read.get("notes", {}).get("L", []))
    return any(
        note.get("added_at") == serialize(run_at) and is_report(note.get("content", {}).get("S"))
        for note in notes
    )


def _notes(read: Item) -> Sequence[AttributeValue]:
    value = read.get("notes", {"NULL": True})
    if "NULL" in value:
        return ()
    if "L" not in value:
        raise Unwritable("its notes are not a list")
    return list(value["L"])


def _is_ours(note: AttributeValue) -> bool:
    fields = note.get("M", {})
    return is_sync_note(deserialize_value(fields, "content"), deserialize_value(fields, "added_by"))
