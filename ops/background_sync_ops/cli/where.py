"""The stack that a command acts on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from background_sync.records.database import Database
from background_sync.records.workspaces import find_workspace
from background_sync.rules.workspace import SKIPPED, skip_reason
from background_sync_ops.cli.errors import USAGE, CommandError
from background_sync_ops.cli.output import waiting
from background_sync_ops.stack.state import STATE_DIR
from background_sync_ops.target import Target, aws_target, running_target


def workspace_of(target: Target, database: Database, workspace_id: str) -> Mapping[str, object]:
    """A workspace that must be there; raises `CommandError`."""
    workspace = find_workspace(database, workspace_id)
    if workspace is None:
        raise CommandError(f"there is no workspace {workspace_id} in {target.name}")
    return workspace


def active_workspace(target: Target, database: Database, workspace_id: str) -> Mapping[str, object]:
    """A workspace that must be there, and active; raises `CommandError`."""
    workspace = workspace_of(target, database, workspace_id)
    reason = skip_reason(workspace)
    if reason is not None:
        raise CommandError(f"workspace {workspace_id} is not active: {SKIPPED[reason]}")
    return workspace


@dataclass(frozen=True)
class Where:
    """What the options say: the stack on AWS that is named, else the local one that runs on `state_dir`."""

    stack_name: str | None = None
    profile: str | None = None
    region: str | None = None
    state_dir: Path | None = None

    def target(self) -> Target:
        """Raises `CommandError`, `TargetError` and botocore's errors."""
        if self.stack_name is None:
            if self.profile is not None or self.region is not None:
                raise CommandError("--profile and --region need --stack-name", USAGE)
            return running_target(self.state_dir or STATE_DIR)
        if self.state_dir is not None:
            raise CommandError("--state-dir is the local stack's, --stack-name is AWS's: choose one", USAGE)
        with waiting(f"looking at stack {self.stack_name}"):
            return aws_target(self.stack_name, self.profile, self.region)
