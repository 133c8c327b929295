"""The webhooks of workspaces' numbers, asked of Kapso with each workspace's own key.

Requests count against the key's budget like those of a run, so that the CRM keeps its share.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

from background_sync.clock import Clock, Deadline
from background_sync.kapso.client import KapsoClient
from background_sync.kapso.errors import KapsoError, RateLimited
from background_sync.kapso.webhooks import Webhook, activate, list_webhooks
from background_sync.records.budgets import Budget, BudgetSpent
from background_sync.rules.policy import MINUTE_MS
from background_sync.rules.workspace import Workspace
from background_sync.tokens import NoToken, Tokens
from background_sync_ops.target import Target

ACTIVE, OFF, NONE = "active", "off", "none"
MASK = "***"
ANSWER_MS = 30_000


class KapsoUnreachable(Exception):
    """Kapso gave no usable answer, or could not be asked; the message is one line and shows no key."""


@dataclass(frozen=True)
class WebhookClient:
    """Asks Kapso at `base_url`; the models are connected to the stack's tables. Raises `KapsoUnreachable`."""

    base_url: str
    tokens: Tokens
    clock: Clock

    def webhooks(self, workspace: Workspace) -> tuple[Webhook, ...]:
        """The webhooks of a workspace's number."""
        with self._asking(workspace) as client:
            return list_webhooks(client, workspace.number.phone_id)

    def resume(self, workspace: Workspace, webhook_id: str) -> None:
        """Switch a webhook on, and change nothing else of it."""
        with self._asking(workspace) as client:
            activate(client, workspace.number.phone_id, webhook_id)

    @contextmanager
    def _asking(self, workspace: Workspace) -> Iterator[KapsoClient]:
        parameter = workspace.number.token_parameter
        budget = Budget(parameter.rsplit("/", 1)[-1], workspace.policy.verify_rate_share, self.clock)
        try:
            yield self._client(parameter, budget)
        except RateLimited as error:
            budget.block(error.retry_after_s)
            raise KapsoUnreachable(str(error)) from None
        except BudgetSpent as error:
            raise KapsoUnreachable(f"the key has no request to spare before {_time(error.until)}") from None
        except (KapsoError, NoToken, ValueError) as error:
            raise KapsoUnreachable(str(error)) from None

    def _client(self, parameter: str, budget: Budget) -> KapsoClient:
        return KapsoClient(
            self.base_url,
            self.tokens.get(parameter),
            clock=self.clock,
            deadline=Deadline(self.clock, self.clock.now() + ANSWER_MS),
            on_request=lambda: self._take(budget),
        )

    def _take(self, budget: Budget) -> None:
        """Wait for the next minute where this one's share is spent, but for no longer pause."""
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
    """For the workspaces of a stack."""
    tokens = Tokens(target.outputs["TokenParameterPrefix"], target.clock, target.client("ssm"))
    return WebhookClient(target.outputs["KapsoBaseUrl"], tokens, target.clock)


def state_of(webhooks: Collection[Webhook]) -> str:
    """`none`, `off` when one is switched off, else `active`: as a run records it."""
    if not webhooks:
        return NONE
    return ACTIVE if all(webhook.active for webhook in webhooks) else OFF


def masked(url: str | None) -> str | None:
    """A URL without what may be secret in it: user and password, the query's values, the fragment."""
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
