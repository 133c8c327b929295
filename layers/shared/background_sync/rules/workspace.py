"""What a run needs to know of its workspace, read from a record that may hold anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from background_sync.rules.identity import RESERVED_PREFIX
from background_sync.rules.policy import DAY_MS, REPAIR, REPORT, Policy, read_policy, read_verify
from background_sync.rules.values import LATEST_MS, InvalidRecord, read_time, stable_hash, to_int


class Mode(Enum):
    """What to do about drift."""

    COUNT = "count"
    REPORT = "report"
    REPAIR = "repair"


@dataclass(frozen=True, slots=True)
class Number:
    """A workspace's number, and the name of its key's parameter."""

    workspace_id: str
    phone_id: str
    token_parameter: str


MODES = {REPORT: Mode.REPORT, REPAIR: Mode.REPAIR}


@dataclass(frozen=True, slots=True)
class Workspace:
    """An active workspace; `mode` is None for one that is not verified, the rest is what sync remembers."""

    workspace_id: str
    policy: Policy
    invalid_settings: tuple[str, ...]
    mode: Mode | None
    number: Number
    unwritable: frozenset[str]
    watermark: int | None
    scan_ms: int
    verified_from: int | None
    pending_scan: Mapping[str, Any] | None
    webhook: str | None


def read_workspace(record: Mapping[str, object]) -> Workspace:
    """An active workspace from its record.

    What somebody else spoilt of sync's memory counts as forgotten, and so does what it knows of another
    number.
    """
    policy, invalid = read_policy(record.get("settings"))
    verify, unusable = read_verify(record.get("settings"))
    workspace_id, phone_id, token = (
        str(record[name]) for name in ("workspace_id", "kapso_phone_id", "kapso_token_parameter")
    )
    refused, webhook = record.get("unwritable"), record.get("webhook")
    compared = record if record.get("verified_phone_id", phone_id) == phone_id else {}
    watermark = _time(compared, "watermark")
    return Workspace(
        workspace_id=workspace_id,
        policy=policy,
        invalid_settings=(*invalid, *unusable),
        mode=MODES.get(verify),
        number=Number(workspace_id, phone_id, token),
        unwritable=frozenset(map(str, refused)) if isinstance(refused, list) else frozenset(),
        watermark=watermark,
        scan_ms=_time(compared, "scan_ms") or 0,
        verified_from=None if watermark is None else _time(compared, "verified_from"),
        pending_scan=_pending(record, phone_id),
        webhook=webhook if isinstance(webhook, str) else None,
    )


def _pending(record: Mapping[str, object], phone_id: str) -> Mapping[str, Any] | None:
    """A scan to go on with; times and pages come back from the table as numbers of another kind."""
    pending = record.get("pending_scan")
    if not isinstance(pending, Mapping) or pending.get("phone_id") != phone_id:
        return None
    since, started_at, pages = (to_int(pending.get(name)) for name in ("since", "started_at", "pages"))
    after, follows_from = pending.get("after"), to_int(pending.get("follows_from"))
    if since is None or started_at is None or pages is None or not isinstance(after, str | None):
        return None
    times = (since, started_at, 0 if follows_from is None else follows_from)
    if pages < 0 or not all(0 <= time <= LATEST_MS for time in times):
        return None
    return {
        "phone_id": phone_id,
        "since": since,
        "started_at": started_at,
        "after": after,
        "pages": pages,
        "follows_from": follows_from,
    }


def _time(record: Mapping[str, object], name: str) -> int | None:
    try:
        return read_time(record, name)
    except InvalidRecord:
        return None


def audit_due(workspace_id: str, audited_at: int | None, run_at: int, interval_ms: int) -> bool:
    """Whether the sweep at `run_at` asks for the audit (times in ms, `interval_ms` between two sweeps).

    A workspace that was never audited waits for its own place in the day, so that the first day of a
    million workspaces is as even as all the others; from then on each keeps its place by itself.
    """
    if audited_at is not None:
        return run_at - audited_at >= DAY_MS
    return (run_at - stable_hash(workspace_id) % DAY_MS) % DAY_MS < interval_ms


SKIPPED: Mapping[str, str] = {
    "no_phone": "it has no kapso_phone_id",
    "no_token": "it has no kapso_token_parameter",
    "invalid": "its kapso_phone_id or kapso_token_parameter is no text",
    "reserved_id": "its id is reserved",
}
"""What `skip_reason` says, in words."""


def skip_reason(workspace: Mapping[str, object]) -> str | None:
    """Why a workspace takes no part in a sweep, or None for an active one."""
    workspace_id, phone, token = (
        workspace.get(name) for name in ("workspace_id", "kapso_phone_id", "kapso_token_parameter")
    )
    if str(workspace_id).startswith(RESERVED_PREFIX):
        return "reserved_id"
    if not all(each is None or isinstance(each, str) for each in (phone, token)):
        return "invalid"
    if not phone:
        return "no_phone"
    return None if token else "no_token"
