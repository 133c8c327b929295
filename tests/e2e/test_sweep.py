"""A whole sweep by the built functions: the queue's messages delivered, the API read over HTTP."""

import json
from typing import Any
from urllib.request import urlopen

from background_sync.records.database import serialize
from background_sync_ops.stack.stack import LocalStack
from tests.e2e.conftest import RUN_AT

HOUR_MS = 3_600_000


def put(stack: LocalStack, output: str, **record: object) -> None:
    item = {name: serialize(value) for name, value in record.items()}
    stack.aws.client("dynamodb").put_item(TableName=stack.outputs[output], Item=item)


def get(stack: LocalStack, path: str) -> Any:
    with urlopen(f"{stack.api_url}{path}") as answer:  # noqa: S310 - loopback
        return json.load(answer)


def populate(stack: LocalStack, workspace_id: str, ages_h: list[int]) -> None:
    put(
        stack,
        "WorkspacesTableName",
        workspace_id=workspace_id,
        kapso_phone_id="1",
        kapso_token_parameter="/background-sync/kapso-tokens/abc",
    )
    for number, age_h in enumerate(ages_h):
        at = RUN_AT - age_h * HOUR_MS
        put(
            stack,
            "ContactsTableName",
            workspace_id=workspace_id,
            contact_id=f"62{number}",
            last_activity_at=at,
            activity_at=at,
        )


def test_a_sweep_from_dispatch_to_health(stack: LocalStack) -> None:
    populate(stack, "acme", [0, 2, 3])
    populate(stack, "bolt", [5])
    put(stack, "WorkspacesTableName", workspace_id="idle")
    result = stack.invoke("DispatcherFunction", {"run_at": RUN_AT}).result()
    assert (result["dispatched"], result["skipped"]) == (2, 1)
    stack.mapping.drain()
    [sweep] = get(stack, "/health/sweeps")["sweeps"]
    assert (sweep["completed"], sweep["failed"], sweep["finished"]) == (2, 0, True)
    assert (sweep["contacts_checked"], sweep["stale_found"], sweep["flagged"]) == (4, 3, 3)
    listed = get(stack, "/health/runs")
    assert [run["workspace_id"] for run in listed["runs"]] == ["acme", "bolt"]
    assert listed["summary"] == {"last_run": RUN_AT, "avg_stale": 2, "total_flagged": 3}
