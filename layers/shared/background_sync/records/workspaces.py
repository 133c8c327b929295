"""Workspaces: the CRM's tenants, and what sync remembers of each.

They are the CRM's records, so they are read as values of any type. What sync remembers is written by
conditional updates of those attributes alone.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path

from background_sync.records.database import Database, not_number, projection, update_item_if
from background_sync.records.typed import Item, deserialize, serialize
from background_sync.rules.policy import MINUTE_MS
from background_sync.rules.reception import LOST
from background_sync.rules.times import latest_own
from background_sync.rules.workspace import KapsoAccount

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.literals import ReturnValueType

SCAN_PAGE = 200
SCANNED = (
    *("workspace_id", "kapso_phone_id", "kapso_token_parameter"),
    *("audited_at", "settings.audit_interval_ms"),
)
"""The attributes that dispatching needs."""
MAX_UNWRITABLE_BYTES = 100_000
ID_OVERHEAD_BYTES = 3
TIMES = ("latest_run_at", "audited_at", "watermark", "verified_from", "settled_from", "settled_until")
"""Those of `MEMORY` that are replaced if they are in the future."""
MEMORY = (
    "latest_run_at",
    "audited_at",
    "unwritable",
    "watermark",
    "scan_ms",
    "verified_phone_id",
    "verified_from",
    "settled_from",
    "settled_until",
    "pending_scan",
    "webhook",
    "webhook_missing",
    "webhook_since",
    "webhook_failing",
    "reception",
    "reception_at",
    "reception_phone_id",
    "intake_at",
)
"""What sync remembers of a workspace (times in ms).

`latest_run_at` is the newest run ever claimed, `audited_at` the last audit, `unwritable` the contacts that
DynamoDB refused to write. Everything in Kapso of the number `verified_phone_id` has been compared from
`verified_from` to `watermark`; the last scan took `scan_ms`. From `settled_from` to `settled_until`,
everybody who wrote had a contact: one that is missing was deleted. `pending_scan` is a scan that was deferred
half way. `webhook` is the state of the number's webhooks and `webhook_missing` the needed events that they
lack, both since `webhook_since`; `webhook_failing` is whether Kapso may switch one off. `reception` is
whether Kapso hears Meta about the number `reception_phone_id`, by the answer of `reception_at`. The intake
last received something about the workspace at `intake_at`, or up to `INTAKE_STEP_MS` later.
"""
INTAKE_STEP_MS = 5 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class WorkspacesPage:
    """A page of workspaces; `after` is the id after which the next page begins, None at the end."""

    records: Sequence[Mapping[str, object]]
    after: str | None


def scan_page(
    database: Database,
    attributes: Collection[str],
    limit: int,
    after: str | None,
    **segment: int,
) -> WorkspacesPage:
    """The next `limit` workspaces with these attributes; `Segment` and `TotalSegments` choose a part."""
    start: dict[str, Any] = {} if after is None else {"ExclusiveStartKey": {"workspace_id": {"S": after}}}
    answer: Any = database.client.scan(
        TableName=database.tables.workspaces,
        Limit=limit,
        ReturnConsumedCapacity="TOTAL",
        **projection(tuple(attributes)),
        **start,
        **segment,  # type: ignore[arg-type]
    )
    last = answer.get("LastEvaluatedKey")
    records = [deserialize(item) for item in answer["Items"]]
    return WorkspacesPage(records, None if last is None else last["workspace_id"]["S"])


def find_workspace(database: Database, workspace_id: str) -> Mapping[str, object] | None:
    """A workspace as it is now, or None."""
    answer = database.client.get_item(
        TableName=database.tables.workspaces,
        Key=_key(workspace_id),
        ConsistentRead=True,
        ReturnConsumedCapacity="TOTAL",
    )
    return deserialize(answer["Item"]) if "Item" in answer else None


def all_workspaces(database: Database) -> Iterator[Mapping[str, object]]:
    """Every workspace with all its attributes; for operators."""
    for page in database.client.get_paginator("scan").paginate(TableName=database.tables.workspaces):
        yield from (deserialize(item) for item in page["Items"])


def claim_newest(
    database: Database, workspace_id: str, run_at: int
) -> tuple[Mapping[str, object] | None, bool]:
    """Store the run at `run_at` as the newest; returns the workspace as it was, and whether that is stored.

    It is not if a newer run was claimed, or the workspace is gone: then there is none.
    """
    condition = _not_after(database, "latest_run_at", run_at)
    before = _update(database, workspace_id, {"latest_run_at": run_at}, condition, returns="ALL_OLD")
    return (find_workspace(database, workspace_id), False) if before is None else (deserialize(before), True)


def remember_audit(database: Database, workspace_id: str, run_at: int) -> bool:
    """Store the audit at `run_at`; False if a newer one is stored."""
    condition = _not_after(database, "audited_at", run_at)
    return _remember(database, workspace_id, {"audited_at": run_at}, condition)


def remember_unwritable(
    database: Database, workspace_id: str, run_at: int, contact_ids: Collection[str]
) -> bool:
    """Store the contacts that DynamoDB refused to write: from now on they are tried last.

    False if a newer run than `run_at` was claimed: an older run that overlaps it must not restore old state.
    """
    values = {"unwritable": _fitting(sorted(contact_ids))}
    return _remember(database, workspace_id, values, _is_newest(run_at))


def _fitting(contact_ids: Iterable[str]) -> list[str]:
    """As many as a workspace's record has room for: some thousands."""
    sizes = accumulate(len(each.encode()) + ID_OVERHEAD_BYTES for each in contact_ids)
    return [each for each, size in zip(contact_ids, sizes, strict=True) if size <= MAX_UNWRITABLE_BYTES]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Everything of the number `phone_id` was compared from `verified_from` to `watermark` (ms).

    The last scan took `scan_ms`. `settled` as `rules.scan.settled_period` gives it.
    """

    phone_id: str
    verified_from: int
    watermark: int
    scan_ms: int
    settled: tuple[int, int] | None = None


def remember_scan(database: Database, workspace_id: str, compared: Compared) -> bool:
    """Move the watermark, never backwards; False if it is there already, or further."""
    values = {
        "watermark": compared.watermark,
        "scan_ms": compared.scan_ms,
        "verified_phone_id": compared.phone_id,
        "verified_from": compared.verified_from,
    }
    gone = ["pending_scan"]
    if compared.settled is None:
        gone += ["settled_from", "settled_until"]
    else:
        values["settled_from"], values["settled_until"] = compared.settled
    condition = _not_after(database, "watermark", compared.watermark)
    return _remember(database, workspace_id, values, condition, remove=gone)


def remember_pending(database: Database, workspace_id: str, pending: Mapping[str, Any]) -> None:
    """Store a deferred scan for a later run to continue, unless a newer scan has completed."""
    behind = _not_past(database, "watermark") | (Path("watermark") < pending["started_at"])
    _remember(database, workspace_id, {"pending_scan": pending}, behind)


def remember_webhook(
    database: Database, workspace_id: str, run_at: int, state: str, now: int, *, missing: str | None = None
) -> bool:
    """Store the state of the number's webhooks, and since when; False if a newer run was claimed."""
    values = {"webhook": state, "webhook_since": now} | ({"webhook_missing": missing} if missing else {})
    gone = () if missing else ("webhook_missing",)
    return _remember(database, workspace_id, values, _is_newest(run_at), remove=gone)


def remember_failing(database: Database, workspace_id: str, run_at: int, failing: bool) -> bool:
    """Store whether Kapso may switch the number's webhook off; False if a newer run was claimed."""
    return _remember(database, workspace_id, {"webhook_failing": failing}, _is_newest(run_at))


def remember_reception(database: Database, account: KapsoAccount, reception: str, now: int) -> bool:
    """Store whether Kapso hears Meta; False if a newer answer is stored.

    While it does not, nothing is compared: comparing begins anew after each such answer.
    """
    values: dict[str, object] = {
        "reception": reception,
        "reception_at": now,
        "reception_phone_id": account.phone_id,
    }
    if reception in LOST:
        values["verified_from"] = now
    return _remember(database, account.workspace_id, values, _not_after(database, "reception_at", now))


def remember_intake(database: Database, workspace_id: str) -> None:
    """Store that the intake received something now, unless that was stored a little ago."""
    now = database.clock.now()
    _remember(
        database, workspace_id, {"intake_at": now}, _not_after(database, "intake_at", now - INTAKE_STEP_MS)
    )


def forget_verification(database: Database, workspace_id: str, run_at: int) -> bool:
    """Verification was switched off, so nobody looks at the webhooks and the reception from now on.

    The watermark stays: when verification is switched on again, the scan continues there without a gap.
    False if a newer run was claimed.
    """
    reception = ("reception", "reception_at", "reception_phone_id")
    webhook = ("webhook", "webhook_missing", "webhook_since", "webhook_failing")
    gone = ("pending_scan", *webhook, *reception)
    return _remember(database, workspace_id, {}, _is_newest(run_at), remove=gone)


def _is_newest(run_at: int) -> Condition:
    condition: Condition = Path("latest_run_at") == run_at
    return condition


def _not_past(database: Database, name: str) -> Condition:
    """Not a time that sync can have stored: not a number, or in the future."""
    condition: Condition = not_number(name) | (Path(name) > latest_own(database.clock.now()))
    return condition


def _not_after(database: Database, name: str, at: int) -> Condition:
    """Times only move forwards. A value that is not a number, or in the future, counts as forgotten."""
    condition: Condition = _not_past(database, name) | (Path(name) <= at)
    return condition


def _remember(
    database: Database,
    workspace_id: str,
    values: Mapping[str, object],
    condition: Condition | None = None,
    *,
    remove: Collection[str] = (),
) -> bool:
    return _update(database, workspace_id, values, condition, remove=remove) is not None


def _update(
    database: Database,
    workspace_id: str,
    values: Mapping[str, object],
    condition: Condition | None,
    *,
    remove: Collection[str] = (),
    returns: "ReturnValueType" = "NONE",
) -> Item | None:
    """Write on a workspace that exists; None if it does not, or if the condition fails."""
    actions = [
        *(Path(name).set(serialize(value)) for name, value in values.items()),
        *(Path(name).remove() for name in remove),
    ]
    exists: Condition = Path("workspace_id").exists()
    condition = exists if condition is None else exists & condition
    table = database.tables.workspaces
    return update_item_if(database, table, _key(workspace_id), actions, condition, returns)


def _key(workspace_id: str) -> Item:
    return {"workspace_id": {"S": workspace_id}}
