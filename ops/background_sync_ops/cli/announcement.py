"""Where everything of a running local stack is, and how to call it."""

import os
import shlex
import sys
from pathlib import Path
from shutil import which

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from background_sync_ops.cli.output import clean, facts
from background_sync_ops.stack.clients import CREDENTIALS
from background_sync_ops.stack.state import STATE_DIR
from background_sync_ops.target import Target

TABLES = {
    "WorkspacesTableName": "Workspaces",
    "ContactsTableName": "Contacts",
    "SyncHealthTableName": "Sync health",
}
QUEUES = {
    "WorkQueueUrl": "Work queue",
    "DeadLetterQueueUrl": "Dead letters",
    "DispatcherFailuresQueueUrl": "Not dispatched",
}


def announcement(target: Target, folder: Path) -> RenderableType:
    """For the operator to read and to copy from; `folder` is where the stack says that it runs."""
    return Group(_places(target, folder / "logs"), Text(_calls(target, folder)))


def _places(target: Target, logs: Path) -> Table:
    table = facts()
    table.add_row("Status page", f"{target.outputs['ApiUrl']}/")
    table.add_row("Health", f"{target.outputs['ApiUrl']}/health")
    table.add_row("AWS endpoint", target.endpoints["*"])
    table.add_row("Kapso", clean(target.outputs["KapsoBaseUrl"]))
    for output, label in TABLES.items():
        table.add_row(label, clean(target.outputs[output]))
    for output, label in QUEUES.items():
        table.add_row(label, clean(target.outputs[output].rpartition("/")[2]))
    table.add_row("Logs", clean(logs))
    return table


def _calls(target: Target, folder: Path) -> str:
    keys = " ".join(f"{name}={CREDENTIALS[name]}" for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
    return f"""
Any AWS client works on it, with these variables set:
  export AWS_ENDPOINT_URL={target.endpoints["*"]} AWS_DEFAULT_REGION={target.region}
  export {keys}
  aws dynamodb scan --table-name {target.outputs["WorkspacesTableName"]}
  python -c 'import boto3; print(boto3.client("dynamodb").list_tables())'
In another terminal, from this folder (sweep, contacts and logs likewise):
  {command("health", folder)}
"""


def command(name: str, folder: Path) -> str:
    """A command as it is typed here to reach the stack that runs on `folder`."""
    program = "background-sync" if which("background-sync") else os.path.relpath(sys.argv[0])
    return f"{program} {name}" + ("" if folder == STATE_DIR else f" --state-dir {shlex.quote(str(folder))}")
