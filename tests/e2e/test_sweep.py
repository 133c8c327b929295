"""A full sweep by the built functions: the queue's messages delivered, the API read over HTTP."""

import json
from typing import Any
from urllib.request import urlopen

from background_sync_ops.stack.stack import LocalStack
from tests.e2e.conftest import RUN_AT, put, put_workspace


def get(stack: LocalStack, path: str) -> Any:
    with urlopen(f"{stack.api_url}{path}") as answer:  # noqa: S310 - loopback
        return json.load(answer)


def test_a_sweep_from_dispatch_to_health(stack: LocalStack) -> None:
    put_workspace(stack, "acme", 0, 2, 3)
    put_workspace(stack, "bolt", 5)
    put(stack, "WorkspacesTableName", workspace_id="idle")
    result = stack.invoke("DispatcherFunction", {"run_at": RUN_AT}).result()
    assert (result["dispatched"], result["skipped"]) == (2, 1)
    stack.mappings["ReconcilerFunctionWork"].drain()
    [sweep] = get(stack, "/health/sweeps")["sweeps"]
    assert (sweep["completed"], sweep["failed"], sweep["finished"]) == (2, 0, True)
    assert (sweep["contacts_checked"], sweep["stale_found"], sweep["flagged"]) == (4, 3, 3)
    listed = get(stack, "/health/runs")
    assert [run["workspace_id"] for run in listed["runs"]] == ["acme", "bolt"]
    assert listed["summary"] == {"last_run": RUN_AT, "avg_stale": 2, "total_flagged": 3}
