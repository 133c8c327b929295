"""What verification writes on a contact.

A write never replaces newer data, and is stamped with the run, so that a repeated attempt counts it once.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from background_sync.records.contacts import COMPARED, Unwritable, create, set_if_unchanged, with_sync_note
from background_sync.records.database import AttributeValue, Database, Item, deserialize_value, serialize
from background_sync.rules.notes import Note

DEPENDS_ON = tuple(name for name in COMPARED if name != "contact_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What Kapso knows of a person; `activity_at` in ms."""

    activity_at: int
    phone: str | None = None
    business_scoped_user_id: str | None = None
    profile_name: str | None = None


def create_contact(database: Database, workspace_id: str, contact_id: str, facts: Facts, run_at: int) -> None:
    """Make a contact as the CRM makes one from a first message; raises `Conflict` if it exists by now."""
    at = facts.activity_at
    record = {
        "last_activity_at": at,
        "activity_at": at,
        "created_at": at,
        "updated_at": at,
        "lead_status": "new",
        "source": "whatsapp",
        "repaired_at": run_at,
        "created_by_run": run_at,
        "phone": facts.phone,
        "business_scoped_user_id": facts.business_scoped_user_id,
        "name": facts.profile_name,
        "kapso_name": facts.profile_name,
    }
    values = {name: serialize(value) for name, value in record.items() if value is not None}
    create(database, workspace_id, contact_id, values)


def repair(
    database: Database,
    workspace_id: str,
    read: Item,
    facts: Facts,
    run_at: int,
    note: Note | None,
    max_sync_notes: int,
) -> None:
    """Store a contact's newer activity, its names and, if there is room for it, a note.

    Raises:
        Conflict: another writer changed the contact.
        Unwritable: DynamoDB refuses it even without a note.
    """
    at = serialize(facts.activity_at)
    stamped = {"last_activity_at": at, "activity_at": at, "repaired_at": serialize(run_at)}
    values = {**stamped, **missing_profile(read, facts, run_at)}
    if note is not None:
        with suppress(Unwritable):
            with_note = {**values, "notes": with_sync_note(read, note, max_sync_notes)}
            set_if_unchanged(database, workspace_id, read, DEPENDS_ON, with_note)
            return
    set_if_unchanged(database, workspace_id, read, DEPENDS_ON, values)


def update_profile(database: Database, workspace_id: str, read: Item, facts: Facts, run_at: int) -> bool:
    """Bring names and identity up to date; returns whether a name was written.

    Raises:
        Conflict, Unwritable: nothing was written.
    """
    values = missing_profile(read, facts, run_at)
    if values:
        set_if_unchanged(database, workspace_id, read, DEPENDS_ON, values)
    return "renamed_at" in values


def missing_profile(read: Item, facts: Facts, run_at: int) -> Mapping[str, AttributeValue]:
    """What the contact lacks of Kapso's profile.

    `kapso_name` follows the profile. A `name` that a person set stays, and so does a known identity.
    """
    values = {}
    if facts.profile_name is not None and deserialize_value(read, "kapso_name") != facts.profile_name:
        values["kapso_name"] = serialize(facts.profile_name)
    if facts.profile_name is not None and not deserialize_value(read, "name"):
        values["name"] = serialize(facts.profile_name)
    if values:
        values["renamed_at"] = serialize(run_at)
    bsuid = facts.business_scoped_user_id
    if bsuid is not None and not deserialize_value(read, "business_scoped_user_id"):
        values["business_scoped_user_id"] = serialize(bsuid)
    return values
