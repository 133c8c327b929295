"""What `up` shows about a running local stack: what runs where, and what to try next."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from background_sync_ops.cli.command import program
from background_sync_ops.cli.output import clean, facts
from background_sync_ops.cli.times import SECOND_MS, span
from background_sync_ops.stack.clients import CREDENTIALS
from background_sync_ops.stack.state import STATE_DIR
from background_sync_ops.target import Target

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


def what_runs_where(target: Target, state_dir: Path, every: timedelta) -> RenderableType:
    flow = f"""\
The stack of template.yaml, on this machine. Every {span(every.total_seconds() * SECOND_MS)}:
  dispatcher --> queue --> reconciler --> tables <-- health --> status page
"""
    return Group(Text(flow), facts(_addresses(target, state_dir)), Text(_aws_clients(target)))


def _addresses(target: Target, state_dir: Path) -> Iterator[tuple[str, str]]:
    api = target.outputs["ApiUrl"]
    yield "Status page", f"{api}/"
    yield "Workspaces", f"{api}/#workspaces"
    yield "Health", f"{api}/health"
    yield "AWS endpoint", f"{target.endpoints['*']} (DynamoDB, SQS, SSM, Lambda)"
    yield "Kapso", f"{clean(target.outputs['KapsoBaseUrl'])} (for workspaces that verify)"
    yield "Logs", clean(state_dir / "logs")


def _aws_clients(target: Target) -> str:
    keys = " ".join(f"{name}={CREDENTIALS[name]}" for name in KEYS)
    return f"""
AWS clients work with it (`aws sqs` needs --endpoint-url too), after
  export AWS_ENDPOINT_URL={target.endpoints["*"]} AWS_DEFAULT_REGION={target.region}
  export {keys}
"""


def what_to_try(state_dir: Path, runs: Sequence[Mapping[str, Any]]) -> str:
    """Three commands; one is about the workspace with the most flags."""
    option = "" if state_dir == STATE_DIR else f" --state-dir {shlex.quote(str(state_dir))}"
    most = max(runs, key=lambda run: run["flagged"] or 0, default=None)
    second = ("sweep", "sweep now")
    if most is not None:
        second = (f"contacts {shlex.quote(clean(most['workspace_id']))}", "who was flagged")
    commands = {
        f"health{option}": "is all in order?",
        f"{second[0]}{option}": second[1],
        "demo": "finds lost messages",
    }
    width = max(map(len, commands))
    lines = (f"  {program()} {command:{width}}  # {meaning}" for command, meaning in commands.items())
    return "\n".join(("In another terminal, in this folder:", *lines, ""))
