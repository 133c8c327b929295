"""Workspaces: which are active (rule 1), their settings and Kapso account, and what sync remembers of them.

A workspace is a record of the CRM, so every value may be of any type.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from background_sync.rules.identity import MAX_WORKSPACE_ID_BYTES, RESERVED_PREFIX
from background_sync.rules.policy import DAY_MS, REPAIR, REPORT, Policy, read_policy, read_verify
from background_sync.rules.times import is_future, remembered_time
from background_sync.rules.values import stable_hash, to_int, valid_text, valid_time

SKIP_REASONS: Mapping[str, str] = {
    "no_phone": "it has no kapso_phone_id",
    "no_token": "it has no kapso_token_parameter",
    "invalid": "its kapso_phone_id or kapso_token_parameter is not text",
    "reserved_id": "its id is reserved",
    "long_id": f"its id has more than {MAX_WORKSPACE_ID_BYTES} bytes",
}
"""The results of `skip_reason`, in words."""


class Mode(Enum):
    """What a scan does about drift."""

    COUNT = "count"
    REPORT = "report"
    REPAIR = "repair"


MODES = {REPORT: Mode.REPORT, REPAIR: Mode.REPAIR}


@dataclass(frozen=True, slots=True, kw_only=True)
class KapsoAccount:
    """A workspace's number in Kapso, and the SSM parameter that holds its key."""

    workspace_id: str
    phone_id: str
    token_parameter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """An active workspace. `mode` is None when it does not ask for verification.

    The attributes from `unwritable` on are what sync remembers; `records.workspaces.MEMORY` describes them.
    """

    workspace_id: str
    policy: Policy
    invalid_settings: tuple[str, ...]
    mode: Mode | None
    account: KapsoAccount
    unwritable: frozenset[str]
    watermark: int | None
    scan_ms: int
    verified_from: int | None
    settled: tuple[int, int] | None
    pending_scan: Mapping[str, Any] | None
    webhook: str | None
    webhook_missing: str | None
    webhook_failing: bool
    reception: str | None
    reception_at: int | None
    intake_at: int | None


def skip_reason(record: Mapping[str, object]) -> str | None:
    """Why a workspace takes no part in a sweep, or None when it is active."""
    phone, token = record.get("kapso_phone_id"), record.get("kapso_token_parameter")
    workspace_id = str(record.get("workspace_id"))
    if workspace_id.startswith(RESERVED_PREFIX):
        return "reserved_id"
    if len(workspace_id.encode()) > MAX_WORKSPACE_ID_BYTES:
        return "long_id"
    if not all(each is None or isinstance(each, str) for each in (phone, token)):
        return "invalid"
    if not phone:
        return "no_phone"
    return None if token else "no_token"


def read_workspace(record: Mapping[str, object], now: int) -> Workspace:
    """An active workspace from its record at `now` (ms).

    What sync remembers counts as forgotten if it has become invalid, is in the future, or belongs to another
    number.
    """
    policy, invalid_policy = read_policy(record.get("settings"))
    verify, invalid_verify = read_verify(record.get("settings"))
    account = read_account(record)
    unwritable = record.get("unwritable")
    same_number = record.get("verified_phone_id", account.phone_id) == account.phone_id
    compared = record if same_number else {}
    watermark = remembered_time(compared, "watermark", now)
    return Workspace(
        workspace_id=account.workspace_id,
        policy=policy,
        invalid_settings=(*invalid_policy, *invalid_verify),
        mode=MODES.get(verify),
        account=account,
        unwritable=frozenset(map(str, unwritable)) if isinstance(unwritable, list) else frozenset(),
        watermark=watermark,
        scan_ms=valid_time(compared, "scan_ms") or 0,
        verified_from=None if watermark is None else remembered_time(compared, "verified_from", now),
        settled=_settled(compared, now),
        pending_scan=_pending_scan(record, account.phone_id, now),
        webhook=valid_text(record, "webhook"),
        webhook_missing=valid_text(record, "webhook_missing"),
        webhook_failing=record.get("webhook_failing") is True,
        reception=known_reception(record),
        reception_at=remembered_time(record, "reception_at", now),
        intake_at=remembered_time(record, "intake_at", now),
    )


def read_account(record: Mapping[str, object]) -> KapsoAccount:
    """The Kapso account of an active workspace."""
    return KapsoAccount(
        workspace_id=str(record["workspace_id"]),
        phone_id=str(record["kapso_phone_id"]),
        token_parameter=str(record["kapso_token_parameter"]),
    )


def known_reception(record: Mapping[str, object]) -> str | None:
    """Whether Kapso hears Meta, by the last answer about the workspace's present number."""
    same_number = record.get("reception_phone_id") == record.get("kapso_phone_id")
    return valid_text(record, "reception") if same_number else None


def _pending_scan(record: Mapping[str, object], phone_id: str, now: int) -> Mapping[str, Any] | None:
    """A deferred scan to continue, with its numbers as int; None if there is none, or it is invalid."""
    pending = record.get("pending_scan")
    if not isinstance(pending, Mapping) or pending.get("phone_id") != phone_id:
        return None
    after, follows_from = pending.get("after"), to_int(pending.get("follows_from"))
    deferred_since = remembered_time(pending, "deferred_since", now)
    since, started_at, pages = (to_int(pending.get(name)) for name in ("since", "started_at", "pages"))
    if since is None or started_at is None or pages is None or not isinstance(after, str | None):
        return None
    unplaced_at = to_int(pending.get("unplaced_at")) or 0
    times = (since, started_at, unplaced_at, 0 if follows_from is None else follows_from)
    if pages < 0 or not all(time >= 0 and not is_future(time, now) for time in times):
        return None
    return {
        "phone_id": phone_id,
        "since": since,
        "started_at": started_at,
        "after": after,
        "pages": pages,
        "follows_from": follows_from,
        "unplaced_at": unplaced_at,
        "deferred_since": deferred_since,
    }


def _settled(record: Mapping[str, object], now: int) -> tuple[int, int] | None:
    begun, until = (remembered_time(record, name, now) for name in ("settled_from", "settled_until"))
    return None if begun is None or until is None else (begun, until)


def audit_due(record: Mapping[str, object], audited_at: int | None, run_at: int, interval_ms: int) -> bool:
    """Whether the sweep at `run_at` asks for the workspace's audit: `audit_interval_ms` after the last one.

    A workspace that was never audited waits for its own time of day, so that the first day of a million
    workspaces is as even as the days after it. `interval_ms` is the time between two sweeps.
    """
    if audited_at is not None:
        policy, _ = read_policy(record.get("settings"))
        return run_at - audited_at >= policy.audit_interval_ms
    return (run_at - stable_hash(str(record["workspace_id"])) % DAY_MS) % DAY_MS < interval_ms
