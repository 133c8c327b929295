"""The webhooks of workspaces' numbers, read from Kapso with each workspace's own key.

Requests count against the key's budget, like those of a run, so the CRM keeps its share.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from background_sync.clock import Clock, Deadline
from background_sync.kapso.client import KapsoClient
from background_sync.kapso.errors import KapsoError, RateLimited
from background_sync.kapso.webhooks import change_webhook, create_webhook, list_webhooks
from background_sync.records.budgets import Budget, BudgetSpent
from background_sync.rules.policy import MINUTE_MS
from background_sync.rules.times import remembered_time
from background_sync.rules.webhooks import INCOMPLETE, Changes, Webhook, missing_events, webhook_state
from background_sync.rules.workspace import Workspace, read_workspace
from background_sync.tokens import NoToken, Tokens
from background_sync_ops.errors import CommandError
from background_sync_ops.target import Target

MASK = "***"
ANSWER_MS = 30_000
THREADS = 8
Document = dict[str, Any]


class KapsoUnreachable(CommandError):
    """Kapso gave no usable answer, or there was no key to ask it with. The message shows no key."""


@dataclass(frozen=True)
class WebhookClient:
    """Asks Kapso at `base_url`. The records must be connected to the stack's tables.

    Every method raises `KapsoUnreachable`.
    """

    base_url: str
    tokens: Tokens
    clock: Clock

    def webhooks(self, workspace: Workspace) -> tuple[Webhook, ...]:
        with self._client(workspace) as client:
            return list_webhooks(client, workspace.account.phone_id)

    def change(self, workspace: Workspace, webhook_id: str, changes: Changes) -> None:
        """Change these fields of a webhook, and nothing else about it."""
        with self._client(workspace) as client:
            change_webhook(client, workspace.account.phone_id, webhook_id, changes)

    def create(self, workspace: Workspace, url: str, secret_key: str) -> None:
        with self._client(workspace) as client:
            create_webhook(client, workspace.account.phone_id, url, secret_key)

    @contextmanager
    def _client(self, workspace: Workspace) -> Iterator[KapsoClient]:
        parameter = workspace.account.token_parameter
        budget = Budget(parameter.rsplit("/", 1)[-1], workspace.policy.verify_rate_share, self.clock)
        try:
            yield KapsoClient(
                self.base_url,
                self.tokens.get(parameter),
                clock=self.clock,
                deadline=Deadline(self.clock, self.clock.now() + ANSWER_MS),
                on_request=lambda: self._take(budget),
            )
        except RateLimited as error:
            budget.block(error.retry_after_s)
            raise KapsoUnreachable(str(error)) from None
        except BudgetSpent as error:
            raise KapsoUnreachable(f"the key has no requests left until {_time(error.until)}") from None
        except (KapsoError, NoToken, ValueError) as error:
            raise KapsoUnreachable(str(error)) from None

    def _take(self, budget: Budget) -> None:
        """If this minute's share is used up, wait for the next minute, but not for a longer pause."""
        try:
            budget.take()
        except BudgetSpent as spent:
            wait_ms = spent.until - self.clock.now()
            if wait_ms > MINUTE_MS:
                raise
            self.clock.sleep(wait_ms / 1000)
            budget.take()


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def webhook_client(target: Target) -> WebhookClient:
    tokens = Tokens(target.outputs["TokenParameterPrefix"], target.clock, target.client("ssm"))
    return WebhookClient(target.outputs["KapsoBaseUrl"], tokens, target.clock)


def webhook_reports(client: WebhookClient, records: Iterable[Mapping[str, object]]) -> Iterator[Document]:
    """The webhooks of each active workspace, in the order of `records`."""
    with ThreadPoolExecutor(THREADS) as pool:
        yield from pool.map(lambda record: _report(client, record), records)


def _report(client: WebhookClient, record: Mapping[str, object]) -> Document:
    """`remembered` is the state that the last run stored; `error` says why Kapso did not answer."""
    workspace = read_workspace(record, client.clock.now())
    webhooks: Sequence[Webhook] = ()
    error = None
    try:
        webhooks = client.webhooks(workspace)
    except KapsoUnreachable as reason:
        error = str(reason)
    return {
        "workspace_id": workspace.workspace_id,
        **(number_state(webhooks) if error is None else {"state": "unknown", "missing": []}),
        "remembered": {
            "webhook": workspace.webhook,
            "webhook_since": remembered_time(record, "webhook_since", client.clock.now()),
        },
        "webhooks": list(map(webhook_document, webhooks)),
        "error": error,
    }


def number_state(webhooks: Collection[Webhook]) -> Document:
    """The state of a number's webhooks; `missing` names the events that an incomplete one lacks."""
    state = webhook_state(webhooks)
    return {"state": state, "missing": list(missing_events(webhooks)) if state == INCOMPLETE else []}


def webhook_document(webhook: Webhook) -> Document:
    return {**asdict(webhook), "url": masked(webhook.url), "events": list(webhook.events)}


def masked(url: str | None) -> str | None:
    """A URL without what may be secret: user and password, the values of the query, the fragment."""
    if url is None:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return MASK
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return MASK
    user, at, host = parts.netloc.rpartition("@")
    query = "&".join(map(_masked_pair, parts.query.split("&"))) if parts.query else ""
    fragment = MASK if parts.fragment else ""
    return urlunsplit((parts.scheme, (MASK if user else "") + at + host, parts.path, query, fragment))


def _masked_pair(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}={MASK}" if equals else MASK
