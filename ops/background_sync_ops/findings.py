"""What sync found and did: contacts that it repaired or flagged since a time, and those that lack activity.

The slim index tells which contacts may be meant, and only those are read.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path

from background_sync.records.batches import read_many
from background_sync.records.contacts import BY_ACTIVITY, STAMPS, contact_key
from background_sync.records.database import Database, partition, query
from background_sync.records.typed import deserialize
from background_sync.rules.contact import GRACE_MS, OWN_TIMES, TIME_ATTRIBUTES
from background_sync.rules.times import remembered_time
from background_sync.rules.values import to_int
from background_sync_ops.contacts import last_activity_or_none

REPAIRED, FLAGGED, MISSED = "repaired", "flagged", "missed"
CREATED = "created"
FIELDS = ("contact_id", "name", "kapso_name", "phone", "lead_status", "notes")
READ = (*FIELDS, *TIME_ATTRIBUTES, *OWN_TIMES, *STAMPS)
Record = Mapping[str, object]
Document = dict[str, Any]


def find(
    database: Database, workspace_id: str, what: str, since: int, examined: int | None = None
) -> list[Document]:
    """The contacts that were repaired or flagged since `since` (ms), or lack activity; the newest first.

    `examined` limits how many entries of the index are read: of the contacts with the oldest activity to find
    flagged ones, of those with the newest otherwise.
    """
    now = database.clock.now()
    ids = set(_candidates(database, workspace_id, what, since, examined))
    keys = [contact_key(workspace_id, each) for each in sorted(ids)]
    items = read_many(database, database.tables.contacts, keys, READ, consistent=False)
    documents = (_document(what, deserialize(item), now) for item in items)
    found = [each for each in documents if each is not None and (each["run_at"] or since) >= since]
    return sorted(found, key=lambda each: (-(each["run_at"] or each["missed_activity"]), each["contact_id"]))


def _candidates(
    database: Database, workspace_id: str, what: str, since: int, examined: int | None
) -> Iterator[str]:
    where: Condition = Path("flagged_at") >= since if what == FLAGGED else Path("behind_at").exists()
    start = None
    while True:
        answer = query(
            database,
            database.tables.contacts,
            partition(workspace_id),
            ("contact_id", "activity_at", "behind_at"),
            where=where,
            IndexName=BY_ACTIVITY,
            ScanIndexForward=what == FLAGGED,
            Limit=examined,
            ExclusiveStartKey=start,
        )
        for entry in map(deserialize, answer["Items"]):
            # A filter cannot compare with a key.
            if what != MISSED or (to_int(entry["behind_at"]) or 0) > (to_int(entry["activity_at"]) or 0):
                yield str(entry["contact_id"])
        start = answer.get("LastEvaluatedKey")
        if start is None or examined is not None:
            return


def _document(what: str, record: Record, now: int) -> Document | None:
    """None if the contact is no longer what the index says. Its run is None if it lacks activity."""
    at = {name: remembered_time(record, name, now) for name in (*OWN_TIMES, *STAMPS)}
    activity, behind_at = last_activity_or_none(record, now), at["behind_at"]
    if what == MISSED:
        run_at, is_meant = None, (behind_at or 0) > (activity or 0) + GRACE_MS
    else:
        run_at = at["flagged_at" if what == FLAGGED else "repaired_at"]
        is_meant = run_at is not None
    if what == REPAIRED and at["created_by_run"] == run_at:
        what = CREATED
    return (
        {
            "run_at": run_at,
            "what": what,
            **{name: record.get(name) for name in FIELDS if name != "notes"},
            "last_activity": activity,
            "missed_activity": behind_at,
            "note": _note(record.get("notes"), run_at),
        }
        if is_meant
        else None
    )


def _note(notes: object, run_at: int | None) -> object:
    """The note of a run, else the newest."""
    texts = [each for each in notes if isinstance(each, Mapping)] if isinstance(notes, list) else []
    ours = [each for each in texts if run_at is not None and each.get("added_at") == run_at]
    return next((each.get("content") for each in reversed(ours or texts)), None)
