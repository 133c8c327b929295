"""Two records of one contact, or of one workspace, become one.

Of a contact the record with the newer activity speaks for every field that it has; a field that only the
other has is kept. Apart from that:

- notes are the union of both by (content, added_by, added_at), in the order of time; where nothing is added
  they stay as they were
- `created_at` is the older one, `flagged_at` the newer one: a flag time is never lowered
- the last activity is the newer of both, whatever the fields that it is read from

Where activities are the same the newer `updated_at` decides, then the larger `convex_id`: so it makes no
difference in which order the documents of a snapshot are met, and importing them again changes nothing.
"""

from collections.abc import Sequence
from decimal import Decimal

from background_sync.rules.contact import activity_index_value
from background_sync.rules.values import InvalidRecord, read_time
from background_sync_ops.snapshot.values import Record, same

NoteKey = tuple[str, str, int | Decimal]


class Unmergeable(ValueError):
    """The stored record is of a shape that nothing can be added to."""


def merge_contacts(stored: Record, document: Record) -> Record:
    """`stored`, which is a record of the table or of another document, with `document` merged into it.

    Raises:
        Unmergeable: the stored notes are no list.
    """
    stored = _present(stored)
    older, newer = (stored, document) if _is_newer(document, stored) else (document, stored)
    merged = {**older, **newer}
    if notes := _all_notes(stored, document):
        merged["notes"] = notes
    _set_times(merged, older, newer)
    return merged


def merge_workspaces(stored: Record, document: Record) -> Record:
    """A stored workspace with what the document says, unless it was updated since; settings one by one."""
    stored = _present(stored)
    document_is_older = _time(document, "updated_at") < _time(stored, "updated_at")
    older, newer = (document, stored) if document_is_older else (stored, document)
    merged = {**older, **newer}
    settings = [each["settings"] for each in (older, newer) if isinstance(each.get("settings"), dict)]
    if settings:
        merged["settings"] = {**settings[0], **settings[-1]}
    return merged


def changes(stored: Record, merged: Record) -> Record:
    """The attributes of `merged` that are not in the table as they should be."""
    return {
        name: value for name, value in merged.items() if name not in stored or not same(stored[name], value)
    }


def is_of_another_document(stored: Record, document: Record) -> bool:
    """Whether the stored contact came from another document: two documents tell of one person."""
    there, here = stored.get("convex_id"), document.get("convex_id")
    return there is not None and here is not None and there != here


def _present(record: Record) -> Record:
    return {name: value for name, value in record.items() if value is not None}


def _is_newer(document: Record, stored: Record) -> bool:
    here, there = _rank(document), _rank(stored)
    if here != there or not is_of_another_document(stored, document):
        return here >= there
    return str(document["convex_id"]) > str(stored["convex_id"])


def _rank(record: Record) -> tuple[int, int]:
    return activity_index_value(record), _time(record, "updated_at")


def _time(record: Record, name: str) -> int:
    """A time, 0 where there is no readable one."""
    try:
        return read_time(record, name) or 0
    except InvalidRecord:
        return 0


def _set_times(merged: Record, older: Record, newer: Record) -> None:
    created = [at for each in (older, newer) if (at := _time(each, "created_at"))]
    if created:
        merged["created_at"] = min(created)
    if flagged_at := max(_time(older, "flagged_at"), _time(newer, "flagged_at")):
        merged["flagged_at"] = flagged_at
    activity_at = activity_index_value(newer)
    if activity_at and activity_index_value(merged) != activity_at:
        merged["last_activity_at"] = activity_at
    merged["activity_at"] = activity_index_value(merged)


def _all_notes(stored: Record, document: Record) -> list[object]:
    """The stored notes as they are, or with those of the document that are new."""
    there = _notes(stored)
    known = {_note_key(note) for note in there}
    added = []
    for note in _notes(document):
        if (key := _note_key(note)) not in known:
            known.add(key)
            added.append(note)
    return sorted([*there, *added], key=_note_time) if added else list(there)


def _notes(record: Record) -> Sequence[object]:
    notes = record.get("notes", [])
    if not isinstance(notes, list):
        raise Unmergeable("the notes of the contact that is there are no list")
    return notes


def _note_key(note: object) -> NoteKey | None:
    """What makes two notes one; None for what is no note of ours to read, which equals nothing."""
    if not isinstance(note, dict) or not isinstance(note.get("content"), str):
        return None
    added_by = note.get("added_by") or ""
    return (note["content"], added_by, _note_time(note)) if isinstance(added_by, str) else None


def _note_time(note: object) -> int:
    return _time(note, "added_at") if isinstance(note, dict) else 0
