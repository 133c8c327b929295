"""The workspaces that a command acts on."""

from collections.abc import Mapping

from background_sync.records.database import Database
from background_sync.records.workspaces import all_workspaces
from background_sync.records.workspaces import find_workspace as find
from background_sync.rules.workspace import SKIP_REASONS, skip_reason
from background_sync_ops.errors import CommandError
from background_sync_ops.target import Target


def find_workspace(target: Target, database: Database, workspace_id: str) -> Mapping[str, object]:
    """A workspace's record; raises `CommandError` if there is no such workspace."""
    workspace = find(database, workspace_id)
    if workspace is None:
        raise CommandError(f"there is no workspace {workspace_id} in {target.name}")
    return workspace


def find_active_workspace(target: Target, database: Database, workspace_id: str) -> Mapping[str, object]:
    """The same; raises `CommandError` also if the workspace is not active."""
    workspace = find_workspace(target, database, workspace_id)
    reason = skip_reason(workspace)
    if reason is not None:
        raise CommandError(f"workspace {workspace_id} is not active: {SKIP_REASONS[reason]}")
    return workspace


def active_workspaces(database: Database) -> list[Mapping[str, object]]:
    return [each for each in all_workspaces(database) if skip_reason(each) is None]
