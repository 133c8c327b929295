"""The built functions and layer, run by AWS's own runtime client."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from background_sync.records.typed import serialize
from background_sync_ops.stack.stack import LocalStack

ROOT = Path(__file__).parents[2]
BUILT = Path(os.environ.get("BACKGROUND_SYNC_BUILD", ROOT / ".aws-sam" / "build"))
EVENTS = ROOT / "events"
# 2026-01-01T10:00:00Z: the sweep of the events, and the functions' time.
RUN_AT = 1_767_261_600_000
HOUR_MS = 3_600_000


@pytest.fixture(scope="session")
def built() -> Path:
    if not (BUILT / "template.yaml").is_file():
        pytest.fail(f"{BUILT} has no build: run `make build` first")
    return BUILT


@pytest.fixture(scope="module")
def stack(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    offset_ms = RUN_AT - time.time_ns() // 1_000_000
    state_dir = tmp_path_factory.mktemp("built")
    stack = LocalStack(
        built / "template.yaml",
        state_dir=state_dir,
        clock_offset_ms=offset_ms,
        parameters={"Intake": "on", "NoticeBusName": "notices"},
    )
    with stack:
        stack.client("events").create_event_bus(Name="notices")
        yield stack


def put(stack: LocalStack, table: str, **record: object) -> None:
    item = {name: serialize(value) for name, value in record.items()}
    stack.client("dynamodb").put_item(TableName=stack.outputs[table], Item=item)


def event(name: str) -> Any:
    """An example of events/."""
    return json.loads((EVENTS / f"{name}.json").read_text())


def put_workspace(stack: LocalStack, workspace_id: str, *contact_ages_h: int, **attributes: object) -> None:
    """A workspace with one contact per age: the hours since its last activity."""
    kapso = {"kapso_phone_id": "110987654321", "kapso_token_parameter": "/background-sync/kapso-tokens/abc"}
    put(stack, "WorkspacesTableName", workspace_id=workspace_id, **kapso, **attributes)
    for number, age_h in enumerate(contact_ages_h):
        at = RUN_AT - age_h * HOUR_MS
        contact = {"contact_id": f"62{number}", "last_activity_at": at, "activity_at": at}
        put(stack, "ContactsTableName", workspace_id=workspace_id, **contact)
