"""Runs `background-sync` as an operator does: in a folder, with an operator's environment."""

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

from background_sync.records.database import Record
from background_sync.records.typed import serialize
from background_sync.rules.policy import HOUR_MS
from background_sync_ops.cli import app
from background_sync_ops.stack.clients import LocalClients
from background_sync_ops.stack.stack import STACK_NAME
from background_sync_ops.stack.state import STATE_DIR, StackInfo, running_stack

AT = "2026-01-01T10:00:00Z"
AT_MS = 1_767_261_600_000
DEADLINE_S = 500
"""The longest wait for an event. On an idle machine each takes seconds at most."""
COMMAND = (sys.executable, "-W", "error", "-c", "from background_sync_ops.cli import main; main()")
ANY_PORTS = ("--api-port", "0", "--aws-port", "0")


def environment(**more: str) -> dict[str, str]:
    """An operator's environment without AWS configuration."""
    foreign = ("AWS_", "POWERTOOLS_", "FORCE_COLOR", "TTY_", "COLUMNS")
    own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**own, **more}


@dataclass(frozen=True)
class Result:
    status: int
    stdout: str
    stderr: str

    @property
    def words(self) -> str:
        return " ".join(self.stdout.split())


def error(message: str, status: int = 3) -> Result:
    return Result(status, "", f"error: {message}\n")


def run(folder: Path, *arguments: str, **more: str) -> Result:
    ended = subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=environment(**more),
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_S,
    )
    return Result(ended.returncode, ended.stdout, ended.stderr)


def run_here(folder: Path, *arguments: str, **more: str) -> Result:
    """Run one command in this process, which is quicker."""
    out, err = (TextIOWrapper(BytesIO(), encoding="utf-8") for _ in range(2))
    with pytest.MonkeyPatch.context() as patch, kept_binding(), redirect_stdout(out), redirect_stderr(err):
        patch.chdir(folder)
        patch.setattr(os, "environ", environment(**more))
        status = app.run(arguments)
    return Result(status, _written(out), _written(err))


def _written(stream: TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


@contextmanager
def kept_binding() -> Iterator[None]:
    """Restores the tables that the layer's models are bound to: a process binds them once."""
    before = {model: (model.Meta, vars(model).get("_connection")) for model in Record.__subclasses__()}
    names = {model: meta.table_name for model, (meta, _) in before.items()}
    try:
        yield
    finally:
        for model, (meta, connection) in before.items():
            meta.table_name = names[model]
            model._connection = connection


def until(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, f"not within {DEADLINE_S} s: {what}"
        time.sleep(0.05)


def get(url: str) -> tuple[int, str, bytes]:
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - it is the test's own
        return answer.status, answer.headers["Content-Type"], answer.read()


class Up:
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

    def until(self, condition: Callable[[], object], what: str) -> "Up":
        def holds() -> object:
            assert self.process.poll() is None, self.out + self.err
            return condition()

        until(holds, what)
        return self

    def until_printed(self, text: str) -> "Up":
        return self.until(lambda: text in self.out + self.err, text)

    @property
    def info(self) -> StackInfo:
        info = running_stack(self.folder / STATE_DIR)
        assert info is not None
        return info

    def descendants(self) -> set[int]:
        listing = subprocess.check_output(["/usr/bin/env", "ps", "-eo", "pid=,ppid="], text=True)
        parents = {int(pid): int(parent) for pid, parent in map(str.split, listing.splitlines())}
        found: set[int] = set()
        while (
            more := {pid for pid, parent in parents.items() if parent in found | {self.process.pid}} - found
        ):
            found |= more
        return found

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(how)
        return self.process.wait(DEADLINE_S)

    def close(self) -> None:
        if self.process.poll() is None:
            self.end()
        self._out.close()
        self._err.close()


@dataclass
class Operator:
    """A person in the folder of a running stack, with the command line and an AWS client."""

    folder: Path
    info: StackInfo
    aws: LocalClients

    def run(self, *arguments: str, **more: str) -> Result:
        return run_here(self.folder, *arguments, **more)

    def run_on_aws(self, *arguments: str, stack_name: str = STACK_NAME, **more: str) -> Result:
        """The same with `--stack-name`: the local engine stands in for AWS."""
        credentials = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
        aws = {"AWS_ENDPOINT_URL": self.info.endpoint_url, **credentials, "NO_PROXY": "*"}
        stack = ("--stack-name", stack_name, "--region", "us-east-1")
        return self.run(*arguments, *stack, **{**aws, **more})

    def json(self, *arguments: str, status: int = 0) -> Any:
        result = self.run(*arguments, "--json")
        assert result.status == status, result.stderr
        return json.loads(result.stdout)

    def health(self, *arguments: str) -> Any:
        """The document of `health --json`, whatever the state of health is."""
        result = self.run("health", *arguments, "--json")
        assert result.status in (0, 1, 2), result.stderr
        return json.loads(result.stdout)

    def put(self, table: str, item: Mapping[str, object]) -> None:
        record = {name: serialize(value) for name, value in item.items()}
        self.aws.client("dynamodb").put_item(TableName=self.info.outputs[table], Item=record)

    def add_workspace(self, workspace_id: str, **more: object) -> str:
        active = {"kapso_phone_id": "1", "kapso_token_parameter": "/background-sync/kapso-tokens/x"}
        self.put("WorkspacesTableName", {"workspace_id": workspace_id, **active, **more})
        return workspace_id

    def add_contact(self, workspace_id: str, contact_id: str, **more: object) -> None:
        at = AT_MS - 30 * HOUR_MS
        key = {"workspace_id": workspace_id, "contact_id": contact_id}
        self.put("ContactsTableName", {**key, "last_activity_at": at, "activity_at": at, **more})

    def add_contact_outside_the_index(self, workspace_id: str, contact_id: str) -> None:
        key = {"workspace_id": workspace_id, "contact_id": contact_id}
        self.put("ContactsTableName", {**key, "last_activity_at": AT_MS})


def write_snapshot(
    folder: Path, workspaces: Sequence[Mapping[str, object]], contacts: Sequence[object]
) -> Path:
    """Write a Convex export. Contacts that are strings are written as they are."""
    for table, documents in (("workspaces", workspaces), ("contacts", contacts)):
        lines = [each if isinstance(each, str) else json.dumps(each) for each in documents]
        (folder / table).mkdir(parents=True)
        (folder / table / "documents.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return folder


def workspace(workspace_id: str, **more: object) -> dict[str, object]:
    token = {"meta_access_token": "a-token", "kapso_phone_id": "1"}
    return {"_id": workspace_id, "_creationTime": 1_000.0, "name": workspace_id, **token, **more}


def contact(workspace_id: str, number: int, quiet_ms: int, **more: object) -> dict[str, object]:
    key = {"_id": f"{workspace_id}-{number}", "workspace_id": workspace_id, "phone": f"+62 8{number:03d}"}
    return {**key, "_creationTime": 1_000.0, "lastActivityAt": float(AT_MS - quiet_ms), **more}
