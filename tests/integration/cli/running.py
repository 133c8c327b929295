"""`background-sync` as an operator runs it: a process of its own, in a folder of its own."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest

from background_sync.records.database import Record, serialize
from background_sync.rules.policy import HOUR_MS
from background_sync_ops.cli import app
from background_sync_ops.stack.clients import LocalClients
from background_sync_ops.stack.state import STATE_DIR, StackInfo, running_stack

AT = "2026-01-01T10:00:00Z"
AT_MS = 1_767_261_600_000
DEADLINE_S = 100
COMMAND = (sys.executable, "-W", "error", "-c", "from background_sync_ops.cli import main; main()")
ANY_PORTS = ("--api-port", "0", "--aws-port", "0")


def environment(**more: str) -> dict[str, str]:
    """An operator's environment, without AWS set-up; 80 columns wide."""
    foreign = ("AWS_", "POWERTOOLS_", "FORCE_COLOR", "TTY_")
    own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**own, "COLUMNS": "80", **more}


@dataclass(frozen=True)
class Ended:
    """What a command printed, and its exit status."""

    returncode: int
    stdout: str
    stderr: str


def run(folder: Path, *arguments: str) -> Ended:
    """One command, as a process of its own."""
    ended = subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_S,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def run_here(folder: Path, *arguments: str, **more: str) -> Ended:
    """One command in this process, which is quicker."""
    out, err = (TextIOWrapper(BytesIO(), encoding="utf-8") for _ in range(2))
    with pytest.MonkeyPatch.context() as patch, kept_binding(), redirect_stdout(out), redirect_stderr(err):
        patch.chdir(folder)
        patch.setattr(os, "environ", environment(**more))
        status = app.run(arguments)
    return Ended(status, _written(out), _written(err))


def _written(stream: TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


@contextmanager
def kept_binding() -> Iterator[None]:
    """A process binds the layer's models to tables once; a command that runs in it binds them to others."""
    before = {model: (model.Meta, vars(model).get("_connection")) for model in Record.__subclasses__()}
    names = {model: meta.table_name for model, (meta, _) in before.items()}
    try:
        yield
    finally:
        for model, (meta, connection) in before.items():
            meta.table_name = names[model]
            model._connection = connection


def until(condition: Callable[[], object], what: str) -> None:
    """Wait for it; the deadline is far beyond what it takes."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, f"not in time: {what}"
        time.sleep(0.05)


def get(url: str) -> tuple[int, str, bytes]:
    """Status, content type and body of what a stack serves."""
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - it is the test's own
        return answer.status, answer.headers["Content-Type"], answer.read()


class Up:
    """A running `background-sync up`."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self._out = (folder / "out").open("w")
        self._err = (folder / "err").open("w")
        self.process = subprocess.Popen(
            [*COMMAND, "up", *ANY_PORTS, *arguments],
            cwd=folder,
            env=environment(),
            stdout=self._out,
            stderr=self._err,
            start_new_session=True,
        )

    @property
    def out(self) -> str:
        return (self.folder / "out").read_text()

    @property
    def err(self) -> str:
        return (self.folder / "err").read_text()

    def until_printed(self, text: str) -> "Up":
        def printed() -> bool:
            assert self.process.poll() is None, self.out + self.err
            return text in self.out + self.err

        until(printed, text)
        return self

    @property
    def info(self) -> StackInfo:
        info = running_stack(self.folder / STATE_DIR)
        assert info is not None
        return info

    def descendants(self) -> set[int]:
        """Every process that it started, and they."""
        listing = subprocess.check_output(["/usr/bin/env", "ps", "-eo", "pid=,ppid="], text=True)
        parents = {int(pid): int(parent) for pid, parent in map(str.split, listing.splitlines())}
        found: set[int] = set()
        while (
            more := {pid for pid, parent in parents.items() if parent in found | {self.process.pid}} - found
        ):
            found |= more
        return found

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        """Its exit status, once it was told to end."""
        self.process.send_signal(how)
        return self.process.wait(DEADLINE_S)

    def close(self) -> None:
        if self.process.poll() is None:
            self.end()
        self._out.close()
        self._err.close()


@dataclass
class Operator:
    """Somebody in the folder of a running stack, with the command line and an AWS client."""

    folder: Path
    info: StackInfo
    aws: LocalClients

    def run(self, *arguments: str, **more: str) -> Ended:
        return run_here(self.folder, *arguments, **more)

    def json(self, *arguments: str, status: int = 0) -> Any:
        """What a command with --json prints; everything else went to stderr."""
        ended = self.run(*arguments, "--json")
        assert ended.returncode == status, ended.stderr
        return json.loads(ended.stdout)

    def put(self, table: str, item: Mapping[str, object]) -> None:
        record = {name: serialize(value) for name, value in item.items()}
        self.aws.client("dynamodb").put_item(TableName=self.info.outputs[table], Item=record)

    def add_workspace(self, workspace_id: str, **more: object) -> str:
        active = {"kapso_phone_id": "1", "kapso_token_parameter": "/background-sync/kapso-tokens/x"}
        self.put("WorkspacesTableName", {"workspace_id": workspace_id, **active, **more})
        return workspace_id

    def add_contact(self, workspace_id: str, contact_id: str, **more: object) -> None:
        at = AT_MS - 30 * HOUR_MS
        times = {"last_activity_at": at, "activity_at": at}
        self.put(
            "ContactsTableName", {"workspace_id": workspace_id, "contact_id": contact_id, **times, **more}
        )

    def messages(self, queue: str) -> int:
        answer = self.aws.client("sqs").get_queue_attributes(
            QueueUrl=self.info.outputs[queue], AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def write_snapshot(
    folder: Path, workspaces: Sequence[Mapping[str, object]], contacts: Sequence[object]
) -> Path:
    """A Convex export; contacts that are texts are lines as they are."""
    for table, documents in (("workspaces", workspaces), ("contacts", contacts)):
        lines = [each if isinstance(each, str) else json.dumps(each) for each in documents]
        (folder / table).mkdir(parents=True)
        (folder / table / "documents.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return folder


def workspace(workspace_id: str, **more: object) -> dict[str, object]:
    token = {"meta_access_token": "a-token", "kapso_phone_id": "1"}
    return {"_id": workspace_id, "_creationTime": 1_000.0, "name": workspace_id, **token, **more}


def contact(workspace_id: str, number: int, quiet_ms: int, **more: object) -> dict[str, object]:
    who = {"_id": f"{workspace_id}-{number}", "workspace_id": workspace_id, "phone": f"+62 8{number:03d}"}
    return {**who, "_creationTime": 1_000.0, "lastActivityAt": float(AT_MS - quiet_ms), **more}
