"""Whether a number's webhooks bring what the mirror needs, and whether Kapso is about to switch one off."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypedDict

from background_sync.rules.policy import MINUTE_MS

ACTIVE, OFF, NONE, INCOMPLETE = "active", "off", "none", "incomplete"
NOT_WORKING: Final = (OFF, NONE, INCOMPLETE)
NEEDED_EVENTS: Final = ("whatsapp.message.received", "whatsapp.message.sent")
"""What moves a contact's activity: messages of the person, and messages to the person."""
EVERYTHING: Final = "meta"
"""The kind of webhook that gets every event, whatever its list says."""
FAILURES, FAILURES_WITHIN_MS = 10, 15 * MINUTE_MS
"""Kapso switches a webhook off when, within 15 minutes, at least 10 of at least 40 deliveries failed, and
85 % or more. The log lists failures only, so the first of these marks is the one that can be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where Kapso sends a number's events. `url` is as its owner wrote it, and may hold a password."""

    id: str
    url: str | None
    active: bool
    kind: str | None
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WebhookState:
    """The state of a number's webhooks, and the needed events that they lack, if it is `incomplete`."""

    state: str = NONE
    missing: str | None = None

    @staticmethod
    def of(webhooks: Collection[Webhook]) -> "WebhookState":
        state = webhook_state(webhooks)
        return WebhookState(state, ", ".join(missing_events(webhooks)) if state == INCOMPLETE else None)


class Changes(TypedDict, total=False):
    """Fields of a webhook with new values."""

    active: bool
    events: list[str]
    secret_key: str


def webhook_state(webhooks: Collection[Webhook]) -> str:
    """`none`; `off` if none is on; `incomplete` if those that are on lack a needed event; else `active`."""
    if not any(webhook.active for webhook in webhooks):
        return OFF if webhooks else NONE
    return INCOMPLETE if missing_events(webhooks) else ACTIVE


def missing_events(webhooks: Collection[Webhook]) -> tuple[str, ...]:
    """The needed events that no active webhook gets; they may be spread over several webhooks."""
    active = [webhook for webhook in webhooks if webhook.active]
    if any(webhook.kind == EVERYTHING for webhook in active):
        return ()
    events = {event for webhook in active for event in webhook.events}
    return tuple(event for event in NEEDED_EVENTS if event not in events)


def needed_changes(webhook: Webhook, webhooks: Collection[Webhook]) -> Changes:
    """The fields of `webhook`, one of `webhooks`, that must change to make the number's state `active`."""
    others = [each for each in webhooks if each.id != webhook.id]
    missing = missing_events([*others, replace(webhook, active=True)])
    changes: Changes = {} if webhook.active else {"active": True}
    return {**changes, "events": [*webhook.events, *missing]} if missing else changes


def is_failing(failed_at: Sequence[int]) -> bool:
    """Whether so many deliveries failed within so short a time (ms) that Kapso may switch the webhook off."""
    times = sorted(failed_at)
    spans = zip(times, times[FAILURES - 1 :], strict=False)
    return any(last - first < FAILURES_WITHIN_MS for first, last in spans)
