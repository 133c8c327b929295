"""What verification and the intake write on a contact.

A write never replaces newer data. A run stamps it, so that a repeated attempt counts it once; the intake has
no `run_at`, and stamps nothing.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from background_sync.records.contact_notes import Unwritable, with_sync_notes
from background_sync.records.contacts import (
    COMPARED,
    create,
    read_contact,
    set_if_unchanged,
)
from background_sync.records.database import Database
from background_sync.records.typed import AttributeValue, Item, deserialize_value, serialize
from background_sync.rules.notes import Note
from background_sync.rules.values import to_int

DEPENDS_ON = tuple(name for name in COMPARED if name != "contact_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What Kapso knows of a person; times in ms, 0 if there is none.

    `created_at` is when Kapso made the newest conversation.
    """

    activity_at: int
    created_at: int = 0
    phone: str | None = None
    business_scoped_user_id: str | None = None
    profile_name: str | None = None

    @property
    def identities(self) -> tuple[str, ...]:
        return tuple(each for each in (self.phone, self.business_scoped_user_id) if each)


def create_contact(
    database: Database, workspace_id: str, contact_id: str, facts: Facts, run_at: int | None
) -> None:
    """Make a contact as the CRM makes one from a first message; raises `Conflict` if it exists by now."""
    at = facts.activity_at
    record = {
        "last_activity_at": at,
        "activity_at": at,
        "created_at": at,
        "updated_at": at,
        "lead_status": "new",
        "source": "whatsapp",
        "behind_at": None if run_at is None else at,
        "repaired_at": run_at,
        "created_by_run": run_at,
        "phone": facts.phone,
        "business_scoped_user_id": facts.business_scoped_user_id,
        "name": facts.profile_name,
        "kapso_name": facts.profile_name,
    }
    values = {name: serialize(value) for name, value in record.items() if value is not None}
    create(database, workspace_id, contact_id, values)


def mirrored_values(
    read: Item, facts: Facts, run_at: int | None, *, may_change: bool, is_newer: bool
) -> dict[str, AttributeValue]:
    """What a contact lacks of what Kapso knows: its identity, its names and, if that `is_newer`, activity.

    `behind_at` stays on a repaired contact: the slim index then says which contacts may have been repaired.
    """
    values = identity_values(read, facts, run_at, may_change=may_change) | _profile_values(
        read, facts, run_at
    )
    if is_newer:
        at = serialize(facts.activity_at)
        values |= {"last_activity_at": at, "activity_at": at, **_stamp("repaired_at", run_at)}
        if run_at is not None and (to_int(deserialize_value(read, "behind_at")) or 0) < facts.activity_at:
            values["behind_at"] = at
    return values


def _stamp(name: str, run_at: int | None) -> dict[str, AttributeValue]:
    return {} if run_at is None else {name: serialize(run_at)}


def _profile_values(read: Item, facts: Facts, run_at: int | None) -> dict[str, AttributeValue]:
    """The names that the contact lacks. `kapso_name` follows the profile; a `name` once set stays."""
    values = {}
    if facts.profile_name is not None and deserialize_value(read, "kapso_name") != facts.profile_name:
        values["kapso_name"] = serialize(facts.profile_name)
    if facts.profile_name is not None and not deserialize_value(read, "name"):
        values["name"] = serialize(facts.profile_name)
    return {**values, **_stamp("renamed_at", run_at)} if values else {}


def identity_values(
    read: Item, facts: Facts, run_at: int | None, *, may_change: bool
) -> dict[str, AttributeValue]:
    """The business-scoped user id that the contact lacks, or that replaces another one if it `may_change`."""
    bsuid, known = facts.business_scoped_user_id, deserialize_value(read, "business_scoped_user_id")
    if bsuid is None or bsuid == known or (known and not may_change):
        return {}
    changed = _stamp("identity_changed_at", run_at) if known else {}
    return {"business_scoped_user_id": serialize(bsuid), **changed}


def update_contact(
    database: Database,
    workspace_id: str,
    read: Item,
    values: Mapping[str, AttributeValue],
    notes: Sequence[Note],
    max_sync_notes: int,
) -> None:
    """Write what a contact lacks and, if there is room for them, the notes.

    Raises:
        Conflict: another writer changed the contact.
        Unwritable: DynamoDB refuses it even without the notes.
    """
    if notes:
        # What was judged is compared with what is there when this is written, so the notes may be newer.
        now = read_contact(database, workspace_id, read["contact_id"]["S"]) or {}
        read = {**read, **{name: value for name, value in now.items() if name == "notes"}}
        with suppress(Unwritable):
            with_notes = {**values, "notes": with_sync_notes(read, notes, max_sync_notes)}
            set_if_unchanged(database, workspace_id, read, (*DEPENDS_ON, "notes"), with_notes)
            return
    if values:
        set_if_unchanged(database, workspace_id, read, DEPENDS_ON, values)
