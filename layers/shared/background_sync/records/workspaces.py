"""Workspaces: the CRM's tenants, and what sync itself remembers of each.

They are the CRM's records, so they are read as plain values that may be of any type; what sync remembers is
written by conditional updates of those attributes alone.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from botocore.exceptions import ClientError

from background_sync.records.database import CONDITION_FAILED, Database, deserialize, serialize

SCAN_PAGE = 100
SCANNED = ("workspace_id", "kapso_phone_id", "kapso_token_parameter", "audited_at")
MAX_REFUSED_BYTES = 100_000
ID_OVERHEAD_BYTES = 3
MEMORY = (
    "latest_run_at",
    "audited_at",
    "unwritable",
    "watermark",
    "scan_ms",
    "verified_phone_id",
    "verified_from",
    "pending_scan",
    "webhook",
    "webhook_since",
)
"""What sync itself remembers of a workspace (times in ms).

`latest_run_at` is the newest run ever claimed, `audited_at` the last audit, `unwritable` the contacts that
DynamoDB refused to write. Up to `watermark` everything in Kapso of the number `verified_phone_id` has been
compared, the last time within `scan_ms`; from `verified_from` on without a gap. `pending_scan` was deferred
half way. `webhook` is the state of the number's webhooks since `webhook_since`: active, off or none.
"""


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
        [deserialize(item) for item in answer["Items"]], None if last is None else last["workspace_id"]["S"]
    )


def find_workspace(database: Database, workspace_id: str) -> Mapping[str, object] | None:
    """A workspace as it is now, or None."""
    answer = database.client.get_item(
        TableName=database.tables.workspaces,
        Key={"workspace_id": {"S": workspace_id}},
        ConsistentRead=True,
        ReturnConsumedCapacity="TOTAL",
    )
    return deserialize(answer["Item"]) if "Item" in answer else None


def all_workspaces(database: Database) -> Iterator[Mapping[str, object]]:
    """Every workspace, whole; for operators."""
    for page in database.client.get_paginator("scan").paginate(TableName=database.tables.workspaces):
        yield from (deserialize(item) for item in page["Items"])


def remember_run(database: Database, workspace_id: str, run_at: int) -> bool:
    """Note that the run at `run_at` was claimed; False where a newer one was before, or it is gone."""
    return _remember(database, workspace_id, {"latest_run_at": run_at}, _newest("latest_run_at"))


def remember_audit(database: Database, workspace_id: str, run_at: int) -> bool:
    """Note that the audit at `run_at` is done; False where a newer one was before."""
    return _remember(database, workspace_id, {"audited_at": run_at}, _newest("audited_at"))


def remember_unwritable(database: Database, workspace_id: str, contact_ids: Collection[str]) -> None:
    """Note which contacts DynamoDB refused to write: they are tried last from now on."""
    _remember(database, workspace_id, {"unwritable": _fitting(sorted(contact_ids))})


def _fitting(contact_ids: Iterable[str]) -> list[str]:
    """As many as a workspace's record has room for: some thousands."""
    sizes = accumulate(len(each.encode()) + ID_OVERHEAD_BYTES for each in contact_ids)
    return [each for each, size in zip(contact_ids, sizes, strict=True) if size <= MAX_REFUSED_BYTES]


@dataclass(frozen=True, slots=True)
class Compared:
    """A number (`phone_id`) of which all was compared from `verified_from` to `watermark` (ms).

    `scan_ms` is how long the last scan took.
    """

    phone_id: str
    verified_from: int
    watermark: int
    scan_ms: int


def remember_scan(database: Database, workspace_id: str, compared: Compared) -> bool:
    """Move the watermark, never backwards; False where it is there or further."""
    moved = {
        "watermark": compared.watermark,
        "scan_ms": compared.scan_ms,
        "verified_phone_id": compared.phone_id,
        "verified_from": compared.verified_from,
    }
    return _remember(database, workspace_id, moved, _newest("watermark"), remove=("pending_scan",))


def remember_pending(database: Database, workspace_id: str, pending: Mapping[str, object]) -> None:
    """Note a scan that was deferred half way, and no newer one has ended: a later run goes on with it."""
    behind = "(NOT attribute_type(watermark, :number) OR watermark < :started_at)"
    values = {"pending_scan": pending}
    _remember(database, workspace_id, values, behind, given={"started_at": pending["started_at"]})


def forget_verification(database: Database, workspace_id: str) -> None:
    """Verification was switched off: nobody looks at the webhooks from now on.

    The watermark stays: once it is on again, the scan goes on from there, and leaves no gap.
    """
    gone = ("pending_scan", "webhook", "webhook_since")
    _remember(database, workspace_id, {}, remove=gone)


def remember_webhook(database: Database, workspace_id: str, state: str, now: int) -> None:
    """Note the state of the number's webhooks, and since when it is that."""
    _remember(database, workspace_id, {"webhook": state, "webhook_since": now})


def _newest(name: str) -> str:
    """Only forwards; what is no number, however it came there, counts as forgotten."""
    return f"(NOT attribute_type(#{name}, :number) OR #{name} <= :{name})"


def _remember(
    database: Database,
    workspace_id: str,
    values: Mapping[str, object],
    condition: str = "",
    *,
    remove: Collection[str] = (),
    given: Mapping[str, object] | None = None,
) -> bool:
    """Write on a workspace that is there; False where the condition fails.

    The record is the CRM's too, and may hold anything: nothing of it is read back.
    """
    sets = [f"#{name} = :{name}" for name in values]
    clauses = [f"SET {', '.join(sets)}"] if sets else []
    clauses += [f"REMOVE {', '.join(f'#{name}' for name in remove)}"] if remove else []
    parameters = {f":{name}": serialize(value) for name, value in {**values, **(given or {})}.items()}
    if condition:
        parameters[":number"] = {"S": "N"}
    options: dict[str, Any] = {"ExpressionAttributeValues": parameters} if parameters else {}
    try:
        database.client.update_item(
            TableName=database.tables.workspaces,
            Key={"workspace_id": {"S": workspace_id}},
            UpdateExpression=" ".join(clauses),
            ConditionExpression=" AND ".join(filter(None, ["attribute_exists(workspace_id)", condition])),
            ExpressionAttributeNames={f"#{name}": name for name in {*values, *remove}},
            ReturnConsumedCapacity="TOTAL",
            **options,
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == CONDITION_FAILED:
            return False
        raise
    return True
