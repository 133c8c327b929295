"""The original algorithm, ported: reads all contacts whole, rewrites the notes of 50 stale ones."""

import os
from typing import Any

import boto3
from boto3.dynamodb.conditions import Key

HOUR_MS = 3_600_000
THRESHOLD_MS, COOLDOWN_MS, CAP = HOUR_MS, 24 * HOUR_MS, 50
AUTHOR = "background-sync"
tables = boto3.resource("dynamodb")
workspaces, contacts, health = (
    tables.Table(os.environ[name]) for name in ("WORKSPACES_TABLE", "CONTACTS_TABLE", "SYNC_HEALTH_TABLE")
)


def handler(event: dict[str, Any], _: object) -> None:
    workspace_id, now = event["workspace_id"], event["run_at"]
    workspaces.get_item(Key={"workspace_id": workspace_id})
    stale = [each for each in _all(workspace_id) if _is_stale(each, now)]
    for each in stale[:CAP]:
        _flag(each, now)
    health.put_item(Item={"workspace_id": workspace_id, "run_at": now, "flagged": len(stale[:CAP])})


def _all(workspace_id: str) -> list[dict[str, Any]]:
    asked: dict[str, Any] = {"KeyConditionExpression": Key("workspace_id").eq(workspace_id)}
    page = contacts.query(**asked)
    found = list(page["Items"])
    while start := page.get("LastEvaluatedKey"):
        page = contacts.query(**asked, ExclusiveStartKey=start)
        found += page["Items"]
    return found


def _is_stale(contact: dict[str, Any], now: int) -> bool:
    if contact["lead_status"] in ("archived", "converted"):
        return False
    ours = [note["added_at"] for note in contact.get("notes", []) if note["added_by"] == AUTHOR]
    return contact["last_activity_at"] < now - THRESHOLD_MS and all(at <= now - COOLDOWN_MS for at in ours)


def _flag(contact: dict[str, Any], now: int) -> None:
    hours = round((now - contact["last_activity_at"]) / HOUR_MS)
    note = {"content": f"Sync check: No activity for {hours} hours", "added_by": AUTHOR, "added_at": now}
    contacts.update_item(
        Key={"workspace_id": contact["workspace_id"], "contact_id": contact["contact_id"]},
        UpdateExpression="SET notes = :notes",
        ExpressionAttributeValues={":notes": [*contact.get("notes", []), note]},
    )
