"""Workspaces: the CRM's tenants, and what sync itself remembers of each.

They are the CRM's records, so they are read as plain values that may be of any type; what sync remembers is
written by conditional updates of those attributes alone.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pynamodb.attributes import ListAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError

from background_sync.records.database import Database
from background_sync.records.items import plain
from background_sync.records.model import Record
from background_sync.records.runs import CONDITION_FAILED

SCAN_PAGE = 100
SCANNED = ("workspace_id", "kapso_phone_id", "kapso_token_parameter", "audited_at")
MAX_REFUSED = 200


class WorkspaceMemory(Record):
    """The attributes of a workspace that sync owns (times in ms).

    `latest_run_at` is the newest run ever claimed, `audited_at` the last audit, `unwritable` the contacts
    that DynamoDB refused to write.
    """

    class Meta:
        table_name = ""

    table = "workspaces"

    workspace_id = UnicodeAttribute(hash_key=True)
    latest_run_at = NumberAttribute(null=True)
    audited_at = NumberAttribute(null=True)
    unwritable: ListAttribute[Any] = ListAttribute(null=True)


@dataclass(frozen=True, slots=True)
class ScannedPage:
    """One page of a scan segment; `cursor` is None at its end."""

    workspaces: list[dict[str, object]]
    cursor: str | None


def scan_page(database: Database, segment: int, segments: int, cursor: str | None) -> ScannedPage:
    """The next workspaces of a segment, with the attributes that dispatching needs."""
    start: dict[str, Any] = {} if cursor is None else {"ExclusiveStartKey": {"workspace_id": {"S": cursor}}}
    answer = database.client.scan(
        TableName=database.tables.workspaces,
        Segment=segment,
        TotalSegments=segments,
        Limit=SCAN_PAGE,
        ProjectionExpression=", ".join(SCANNED),
        ReturnConsumedCapacity="TOTAL",
        **start,
    )
    last = answer.get("LastEvaluatedKey")
    return ScannedPage(
        [plain(item) for item in answer["Items"]], None if last is None else last["workspace_id"]["S"]
    )


def find_workspace(database: Database, workspace_id: str) -> Mapping[str, object] | None:
    """A workspace as it is now, or None."""
    answer = database.client.get_item(
        TableName=database.tables.workspaces,
        Key={"workspace_id": {"S": workspace_id}},
        ConsistentRead=True,
        ReturnConsumedCapacity="TOTAL",
    )
    return plain(answer["Item"]) if "Item" in answer else None


def all_workspaces(database: Database) -> Iterator[Mapping[str, object]]:
    """Every workspace, whole; for operators."""
    for page in database.client.get_paginator("scan").paginate(TableName=database.tables.workspaces):
        yield from (plain(item) for item in page["Items"])


def remember_run(workspace_id: str, run_at: int) -> bool:
    """Note that the run at `run_at` was claimed; False where a newer one was before, or the workspace is
    gone."""
    newer = WorkspaceMemory.latest_run_at.does_not_exist() | (WorkspaceMemory.latest_run_at <= run_at)
    return _remember(workspace_id, WorkspaceMemory.latest_run_at.set(run_at), newer)


def remember_audit(workspace_id: str, run_at: int) -> bool:
    """Note that the audit at `run_at` is done; False where a newer one was before."""
    newer = WorkspaceMemory.audited_at.does_not_exist() | (WorkspaceMemory.audited_at <= run_at)
    return _remember(workspace_id, WorkspaceMemory.audited_at.set(run_at), newer)


def remember_unwritable(workspace_id: str, contact_ids: Collection[str]) -> None:
    """Note which contacts DynamoDB refused to write, `MAX_REFUSED` at most: they are tried last from
    now on."""
    kept = sorted(contact_ids)[:MAX_REFUSED]
    _remember(workspace_id, WorkspaceMemory.unwritable.set(kept), WorkspaceMemory.workspace_id.exists())


def _remember(workspace_id: str, action: Any, condition: Any) -> bool:  # noqa: ANN401 - PynamoDB's, generic
    there = WorkspaceMemory.workspace_id.exists()
    try:
        WorkspaceMemory(workspace_id).update(actions=[action], condition=there & condition)
    except UpdateError as error:
        if error.cause_response_code == CONDITION_FAILED:
            return False
        raise
    return True
