"""What only sync writes on a contact is never taken from a snapshot."""

import pytest

from background_sync_ops.snapshot.documents import contact_record
from background_sync_ops.snapshot.merge import merge_contacts


@pytest.mark.parametrize("name", ["behind_at", "reported_at", "repaired_at", "created_by_run", "renamed_at"])
def test_a_field_called_like_ours_changes_nothing(name: str) -> None:
    stored = {"workspace_id": "w1", "contact_id": "62", "last_activity_at": 5, "activity_at": 5, name: 900}
    document = contact_record({"workspaceId": "w1", "phone": "62", "lastActivityAt": 6, name: 1})
    assert merge_contacts(stored, document)[name] == 900
