"""The addresses of a running local stack, and how to use it."""

import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import which

from rich.console import Group, RenderableType
from rich.text import Text

from background_sync_ops.cli.output import clean, facts
from background_sync_ops.stack.clients import CREDENTIALS
from background_sync_ops.stack.state import STATE_DIR
from background_sync_ops.target import Target

LABELS = {
    "WorkspacesTableName": "Workspaces",
    "ContactsTableName": "Contacts",
    "SyncHealthTableName": "Sync health",
    "WorkQueueUrl": "Work queue",
    "DeadLetterQueueUrl": "Dead letters",
    "DispatcherFailuresQueueUrl": "Not dispatched",
}


def local_stack_page(target: Target, state_dir: Path) -> RenderableType:
    return Group(facts(_addresses(target, state_dir)), Text(_usage(target, state_dir)))


def _addresses(target: Target, state_dir: Path) -> Iterator[tuple[str, str]]:
    yield "Status page", f"{target.outputs['ApiUrl']}/"
    yield "Health", f"{target.outputs['ApiUrl']}/health"
    yield "AWS endpoint", target.endpoints["*"]
    yield "Kapso", clean(target.outputs["KapsoBaseUrl"])
    for output, label in LABELS.items():
        yield label, clean(target.outputs[output].rpartition("/")[2])
    yield "Logs", clean(state_dir / "logs")


def _usage(target: Target, state_dir: Path) -> str:
    keys = " ".join(f"{name}={CREDENTIALS[name]}" for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
    program = "background-sync" if which("background-sync") else os.path.relpath(sys.argv[0])
    option = "" if state_dir == STATE_DIR else f" --state-dir {shlex.quote(str(state_dir))}"
    return f"""
Any AWS client works with it if these variables are set:
  export AWS_ENDPOINT_URL={target.endpoints["*"]} AWS_DEFAULT_REGION={target.region}
  export {keys}
  aws dynamodb scan --table-name {target.outputs["WorkspacesTableName"]}
  python -c 'import boto3; print(boto3.client("dynamodb").list_tables())'
In another terminal, in this folder (also sweep, contacts, logs):
  {program} health{option}
"""
