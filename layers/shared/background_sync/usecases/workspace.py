"""What a run needs to know of its workspace, read from a record that may hold anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from background_sync.rules.contact import LATEST_MS, InvalidRecord, time_of
from background_sync.rules.policy import REPAIR, REPORT, Policy, read_policy, read_verify
from background_sync.rules.rounding import whole
from background_sync.usecases.compare import Mode
from background_sync.usecases.verify import Number

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
    since, started_at, pages = (whole(pending.get(name)) for name in ("since", "started_at", "pages"))
    after, follows_from = pending.get("after"), whole(pending.get("follows_from"))
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
        return time_of(record, name)
    except InvalidRecord:
        return None
