"""Two records of one contact, or of one workspace, become one.

For a contact, the record with the newer activity wins every field that it has. A field that only the other
one has is kept. Three things are different:

- Notes: both lists are joined, and sorted by time. Notes with the same content, author and time are one. If
  nothing is added, the stored notes stay as they are.
- `created_at` is the older one, and `flagged_at` the newer one: a flag time never goes back.
- The last activity is the newer one, whichever attributes it was read from.

With the same activity the newer `updated_at` wins, then the larger `convex_id`. So the order of the documents
makes no difference, and importing them again changes nothing.
"""

from background_sync.rules.contact import activity_index_value
from background_sync.rules.times import is_activity_time
from background_sync.rules.values import valid_time
from background_sync_ops.snapshot.values import BadDocument, Record, same


def merge_contacts(stored: Record, document: Record, now: int) -> Record:
    """`stored`, from the table or from another document, with `document` merged into it at `now` (ms).

    Raises:
        BadDocument: the stored notes are not a list.
    """
    stored = _without_nulls(stored)
    older, newer = (stored, document) if _is_newer(document, stored, now) else (document, stored)
    merged = {**older, **newer}
    if notes := _joined_notes(stored, document):
        merged["notes"] = notes
    if created := [at for each in (older, newer) if (at := _possible(each, "created_at", now))]:
        merged["created_at"] = min(created)
    if flagged_at := max(_time(older, "flagged_at"), _time(newer, "flagged_at")):
        merged["flagged_at"] = flagged_at
    # A field that only the older record has may come before the newer one's: `last_activity_at` comes first.
    activity_at = activity_index_value(newer, now)
    if activity_at and activity_index_value(merged, now) != activity_at:
        merged["last_activity_at"] = activity_at
    merged["activity_at"] = activity_index_value(merged, now)
    return merged


def merge_workspaces(stored: Record, document: Record) -> Record:
    """The newer one by `updated_at` wins every field and every single setting that it has."""
    stored = _without_nulls(stored)
    document_is_older = _time(document, "updated_at") < _time(stored, "updated_at")
    older, newer = (document, stored) if document_is_older else (stored, document)
    merged = {**older, **newer}
    settings = [each["settings"] for each in (older, newer) if isinstance(each.get("settings"), dict)]
    if settings:
        merged["settings"] = {**settings[0], **settings[-1]}
    return merged


def changes(stored: Record, merged: Record) -> Record:
    """The attributes of `merged` that the stored record lacks, or has with another value."""
    return {
        name: value for name, value in merged.items() if name not in stored or not same(stored[name], value)
    }


def is_of_another_document(stored: Record, document: Record) -> bool:
    """Whether the stored contact came from another document, so that two documents are about one person."""
    there, here = stored.get("convex_id"), document.get("convex_id")
    return there is not None and here is not None and there != here


def _without_nulls(record: Record) -> Record:
    return {name: value for name, value in record.items() if value is not None}


def _is_newer(document: Record, stored: Record, now: int) -> bool:
    here, there = _age(document, now), _age(stored, now)
    if here != there or not is_of_another_document(stored, document):
        return here >= there
    return str(document["convex_id"]) > str(stored["convex_id"])


def _age(record: Record, now: int) -> tuple[int, int]:
    return activity_index_value(record, now), _possible(record, "updated_at", now)


def _possible(record: Record, name: str, now: int) -> int:
    """A time of the CRM's, 0 if it is missing or cannot be true."""
    at = _time(record, name)
    return at if is_activity_time(at, now) else 0


def _time(record: Record, name: str) -> int:
    return valid_time(record, name) or 0


def _joined_notes(stored: Record, document: Record) -> list[object]:
    there = stored.get("notes", [])
    if not isinstance(there, list):
        raise BadDocument("the notes of the stored contact are not a list")
    known = {_note_key(note) for note in there}
    added = []
    for note in document.get("notes", ()):
        if (key := _note_key(note)) not in known:
            known.add(key)
            added.append(note)
    return sorted([*there, *added], key=_note_time) if added else there


def _note_key(note: object) -> tuple[str, str, int] | None:
    """What makes two notes the same; None for a stored note of an unknown shape, which equals no other."""
    if not isinstance(note, dict) or not isinstance(note.get("content"), str):
        return None
    added_by = note.get("added_by") or ""
    return (note["content"], added_by, _note_time(note)) if isinstance(added_by, str) else None


def _note_time(note: object) -> int:
    return _time(note, "added_at") if isinstance(note, dict) else 0
