"""The built reconciler, killed by SIGKILL at a request and delivered again, does its work exactly once."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Any

import pytest
from urllib3 import PoolManager
from werkzeug import Request, Response

from background_sync.records.typed import deserialize
from background_sync_ops.stack.loopback import LoopbackServer, listen
from background_sync_ops.stack.stack import LocalStack
from tests.conftest import Tally
from tests.e2e.conftest import RUN_AT, put_workspace

RECONCILER = "ReconcilerFunction"
LEASE_MS = 150_000


class DeadlyProxy:
    """Passes requests on, and kills the reconciler before or after request number `at`."""

    def __init__(self) -> None:
        self.at, self.when, self.seen = 0, "", 0
        self._lock = Lock()
        self.stack: LocalStack
        self._pool = PoolManager(retries=False)

    def aim(self, at: int, when: str) -> None:
        self.at, self.when, self.seen = at, when, 0

    def __call__(self, request: Request) -> Response:
        with self._lock:  # flags are written by several threads
            self.seen += 1
            number = self.seen
        if (number, self.when) == (self.at, "before"):
            return self._kill()
        headers = {name: value for name, value in request.headers if name != "Host"}
        url = self.stack.endpoint_url + request.full_path
        answer = self._pool.request(request.method, url, request.get_data(), headers=headers)
        if (number, self.when) == (self.at, "after"):
            return self._kill()
        return Response(answer.data, answer.status, list(answer.headers.items()))

    def _kill(self) -> Response:
        for sandbox in self.stack.functions[RECONCILER]._busy:
            sandbox.kill()
        return Response(status=500)


@pytest.fixture(scope="module")
def proxy() -> DeadlyProxy:
    return DeadlyProxy()


@pytest.fixture(scope="module")
def stack(built: Path, proxy: DeadlyProxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    listener = listen(0)
    environment = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{listener.getsockname()[1]}"}
    state_dir = tmp_path_factory.mktemp("killed")
    offset_ms = RUN_AT - time.time_ns() // 1_000_000
    template = built / "template.yaml"
    with (
        LoopbackServer(proxy, listener),
        LocalStack(
            template, state_dir=state_dir, environment=environment, clock_offset_ms=offset_ms
        ) as proxy.stack,
    ):
        yield proxy.stack


def deliver(stack: LocalStack, workspace_id: str, receive_count: int) -> Any:
    body = {"version": 1, "kind": "run", "workspace_id": workspace_id, "run_at": RUN_AT}
    record = json.loads((Path(__file__).parents[2] / "events" / "reconciler-run.json").read_text())[
        "Records"
    ][0]
    record |= {"body": json.dumps(body)}
    record["attributes"] |= {"ApproximateReceiveCount": str(receive_count)}
    return stack.invoke(RECONCILER, {"Records": [record]})


def outcome(stack: LocalStack, workspace_id: str) -> tuple[dict[str, Any], list[int]]:
    """The counts of the run, and the number of notes of each contact."""
    client = stack.client("dynamodb")

    def items(table: str) -> list[dict[str, Any]]:
        found = client.query(
            TableName=stack.outputs[table],
            KeyConditionExpression="workspace_id = :w",
            ExpressionAttributeValues={":w": {"S": workspace_id}},
        )
        return [deserialize(each) for each in found["Items"]]

    [run] = items("SyncHealthTableName")
    names = ("status", "contacts_checked", "stale_found", "flagged", "lost_race")
    return {name: run.get(name, 0) for name in names}, [
        len(each.get("notes", [])) for each in items("ContactsTableName")
    ]


def test_a_killed_reconciler_flags_each_contact_once(
    stack: LocalStack, proxy: DeadlyProxy, exhaustive: bool, tally: Tally
) -> None:
    put_workspace(stack, "undisturbed", 0, 2, 3, 5)
    proxy.aim(0, "")
    assert deliver(stack, "undisturbed", 1).result() == {"batchItemFailures": []}
    expected, requests = outcome(stack, "undisturbed"), proxy.seen
    assert expected == (
        {"status": "completed", "contacts_checked": 4, "stale_found": 3, "flagged": 3, "lost_race": 0},
        [0, 1, 1, 1],
    )
    kills = [(at, when) for at in range(1, requests + 1) for when in ("before", "after")]
    tried = kills if exhaustive else kills[1::7]
    for at, when in tried:
        workspace_id = f"killed-{when}-{at}"
        put_workspace(stack, workspace_id, 0, 2, 3, 5)
        proxy.aim(at, when)
        assert deliver(stack, workspace_id, 1).error_type == "Runtime.ExitError"
        stack.set_clock(stack.clock_offset_ms + LEASE_MS)
        assert deliver(stack, workspace_id, 2).result() == {"batchItemFailures": []}
        assert outcome(stack, workspace_id) == expected, f"killed {when} request {at} of {requests}"
    tally("the built reconciler is killed by SIGKILL", len(tried))
