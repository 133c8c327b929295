"""The pages of a local stack, and the data that they show."""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Browser, BrowserContext

from background_sync.records.typed import serialize
from background_sync.rules.policy import HOUR_MS, MINUTE_MS
from background_sync_ops.pages.local import LocalPages
from background_sync_ops.stack.stack import LocalStack

AT = 1_767_261_600_000
"""2026-01-01T10:00:00Z: the last sweep."""
HOSTILE = "<script>alert(1)</script>"
HARBOR = "harbor"
STRANGE = 'a/b?c&d="e"#f'
PATIENCE_S = 60
"""How long a busy machine may take for one thing."""
ARTEFACTS = Path(__file__).parent / "artefacts"


@dataclass(frozen=True)
class Site:
    stack: LocalStack
    pages: LocalPages

    def __post_init__(self) -> None:
        self.stack.http_api.local_routes["/"] = self.pages

    def address(self, **parameters: str) -> str:
        return f"{self.stack.api_url}/" + (f"?{urlencode(parameters)}" if parameters else "")

    @contextmanager
    def later(self, ms: int) -> Iterator[None]:
        """The same stack, `ms` later."""
        offset_ms = self.stack.clock_offset_ms
        self.stack.set_clock(offset_ms + ms)
        try:
            yield
        finally:
            self.stack.set_clock(offset_ms)

    @contextmanager
    def in_public(self) -> Iterator[None]:
        """The page of the function, as on AWS, instead of the local pages."""
        del self.stack.http_api.local_routes["/"]
        try:
            yield
        finally:
            self.stack.http_api.local_routes["/"] = self.pages

    @contextmanager
    def with_dead_letter(self) -> Iterator[None]:
        sqs, url = self.stack.aws.client("sqs"), self.stack.outputs["DeadLetterQueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="dead", MessageGroupId="w")
        try:
            yield
        finally:
            sqs.purge_queue(QueueUrl=url)


def new_context(browser: Browser, **options: bool) -> BrowserContext:
    context = browser.new_context(**options)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_S * 1000)
    return context


def populate(stack: LocalStack) -> None:
    """Workspaces, contacts, two days of made-up sweeps, and then a real sweep."""
    _put(
        stack,
        "WorkspacesTableName",
        [_workspace(HARBOR, HOSTILE), _workspace(STRANGE, "Alpine Outdoor Gear")],
    )
    _put(stack, "ContactsTableName", [*_contacts(HARBOR, 12, 5), *_contacts(STRANGE, 20, 0), _hostile()])
    _put(stack, "SyncHealthTableName", [item for hour in range(1, 48) for item in _sweep(hour)])
    _put(stack, "SyncHealthTableName", [{"workspace_id": "#intake", "run_at": 0, "heard_at": AT}])
    stack.invoke("DispatcherFunction", {"run_at": AT}).result()
    stack.mapping.drain()
    # As if a workspace verified, too.
    stack.aws.client("dynamodb").update_item(
        TableName=stack.outputs["SyncHealthTableName"],
        Key=_item({"workspace_id": "#sweep-shard#00", "run_at": AT}),
        UpdateExpression="ADD verified :five, confirmed_quiet :one",
        ExpressionAttributeValues=_item({":five": 5, ":one": 1}),
    )


def _put(stack: LocalStack, table: str, records: list[dict[str, Any]]) -> None:
    client, name = stack.aws.client("dynamodb"), stack.outputs[table]
    for start in range(0, len(records), 25):
        puts: Any = [{"PutRequest": {"Item": _item(record)}} for record in records[start : start + 25]]
        client.batch_write_item(RequestItems={name: puts})


def _item(record: Mapping[str, object]) -> dict[str, Any]:
    return {name: serialize(value) for name, value in record.items()}


def _workspace(workspace_id: str, name: str) -> dict[str, Any]:
    return {
        "workspace_id": workspace_id,
        "name": name,
        "kapso_phone_id": "1",
        "kapso_token_parameter": "/background-sync/kapso-tokens/abc",
    }


def _contacts(workspace_id: str, fresh: int, stale: int) -> list[dict[str, Any]]:
    ages = [*range(1, fresh + 1), *(90 + 60 * number for number in range(stale))]
    return [
        _contact(workspace_id, f"62823{number:04d}", age, "Amara Weber") for number, age in enumerate(ages)
    ]


def _contact(workspace_id: str, contact_id: str, age_min: int, name: str) -> dict[str, Any]:
    at = AT - age_min * MINUTE_MS
    return {
        "workspace_id": workspace_id,
        "contact_id": contact_id,
        "name": name,
        "last_activity_at": at,
        "activity_at": at,
    }


def _hostile() -> dict[str, Any]:
    note = {"content": f"said {HOSTILE}", "added_by": HOSTILE, "added_at": AT - 9 * HOUR_MS}
    flagged_at = {"flagged_at": AT - 2 * HOUR_MS, "notes": [note]}
    return {**_contact(HARBOR, HOSTILE, 600, f"Mallory {HOSTILE}"), **flagged_at}


def _sweep(hours_ago: int) -> list[dict[str, Any]]:
    rng, run_at = random.Random(hours_ago), AT - hours_ago * HOUR_MS  # noqa: S311 - made-up numbers
    checked = 1_200 + rng.randrange(40)
    counts = {
        "contacts_checked": checked,
        "stale_found": checked * 3 // 10 + rng.randrange(200),
        "flagged": 30 + rng.randrange(60),
        "repaired": rng.choice((0, 0, 0, 1, 3, 6)),
        "verified": 60,
        "completed": 40,
    }
    sweep = {"status": "dispatched", "pass_number": 1, "shards": 1, "segments": 1, "dispatched": 40}
    times = {"started_at": run_at, "dispatched_at": run_at}
    return [
        {"workspace_id": "#sweep", "run_at": run_at, "skipped_why": "{}", **sweep, **times},
        {"workspace_id": "#sweep-shard#00", "run_at": run_at, **counts},
    ]
