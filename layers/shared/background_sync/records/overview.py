"""A page of workspaces, and how the last runs of each went: what it costs rests on the page alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from background_sync.records.batches import projection, read_many, run_key
from background_sync.records.database import Database
from background_sync.records.items import plain
from background_sync.records.runs import COMPLETED

KNOWN = (
    "workspace_id",
    "name",
    "kapso_phone_id",
    "kapso_token_parameter",
    "settings",
    "latest_run_at",
    "watermark",
    "webhook",
    "webhook_since",
)
RUN = (
    "workspace_id",
    "run_at",
    "status",
    "finished_at",
    "error",
    "deferred",
    "deferred_why",
    "superseded",
    "skipped",
    "stale_found",
    "flagged",
    "repaired",
    "created",
)
LOOK_BACK = 24
"""Runs: a day of hourly ones."""
Record = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class WorkspacesPage:
    """Workspaces in no particular order; `after` is the last one's id, None at the end."""

    records: list[Record]
    after: str | None


def workspaces_page(database: Database, limit: int, after: str | None) -> WorkspacesPage:
    """The `limit` workspaces that come after the id `after`."""
    start: dict[str, Any] = {} if after is None else {"ExclusiveStartKey": {"workspace_id": {"S": after}}}
    answer = database.client.scan(
        TableName=database.tables.workspaces, Limit=limit, **projection(KNOWN), **start
    )
    last = answer.get("LastEvaluatedKey")
    return WorkspacesPage(
        [plain(item) for item in answer["Items"]], None if last is None else last["workspace_id"]["S"]
    )


def runs_at(database: Database, keys: Iterable[tuple[str, int]]) -> list[Record]:
    """Those of the runs (workspace id, run_at) that are there."""
    asked = [run_key(*key) for key in sorted(set(keys))]
    return [plain(item) for item in read_many(database, database.tables.sync_health, asked, RUN)]


def last_success(database: Database, workspace_id: str) -> Record | None:
    """The newest run that did its work, of the last `LOOK_BACK`."""
    answer = database.client.query(
        TableName=database.tables.sync_health,
        KeyConditionExpression="workspace_id = :workspace",
        FilterExpression=f"#p{RUN.index('status')} = :completed",
        ExpressionAttributeValues={":workspace": {"S": workspace_id}, ":completed": {"S": COMPLETED}},
        ScanIndexForward=False,
        Limit=LOOK_BACK,
        **projection(RUN),
    )
    return next((run for item in answer["Items"] if is_success(run := plain(item))), None)


def is_success(run: Record) -> bool:
    """Whether the run did its work, and was not merely closed."""
    return run.get("status") == COMPLETED and not run.get("superseded") and not run.get("skipped")
