"""The webhooks of all numbers of a Kapso key, as one run of each sweep reads them for all the others."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute

from background_sync.records.database import Record
from background_sync.rules.policy import DAY_MS
from background_sync.rules.webhooks import WebhookState


class KeyWebhooks(Record):
    """What one sweep found (`#webhooks#` + the name of the key's parameter, 0); `expires_at` in seconds."""

    class Meta:
        table_name = ""

    table = "sync_health"

    workspace_id = UnicodeAttribute(hash_key=True)
    run_at = NumberAttribute(range_key=True, default=0)
    swept_at = NumberAttribute(null=True)
    states = JSONAttribute(null=True)
    expires_at = NumberAttribute(null=True)


@dataclass(frozen=True, slots=True)
class SweptWebhooks:
    """The state of each number of a key; None stands for one that could not be read."""

    states: Mapping[str, WebhookState | None]

    def of(self, phone_id: str) -> WebhookState | None:
        """A number that Kapso does not list has no webhook."""
        return self.states.get(phone_id, WebhookState())


def find_webhooks(key_name: str, run_at: int) -> SweptWebhooks | None:
    """What a run of the sweep at `run_at` has found; None if none has looked yet."""
    known = KeyWebhooks.find(_partition(key_name), 0)
    if known is None or known.swept_at != run_at:
        return None
    states = {name: each and WebhookState(**each) for name, each in known.states.items()}
    return SweptWebhooks(states)


def remember_webhooks(key_name: str, run_at: int, found: SweptWebhooks) -> None:
    """Store what a run has found, unless a later sweep has looked by now."""
    document = {name: each and asdict(each) for name, each in found.states.items()}
    older = KeyWebhooks.swept_at.does_not_exist() | (KeyWebhooks.swept_at < run_at)
    KeyWebhooks(_partition(key_name), 0).update_if(
        older,
        KeyWebhooks.swept_at.set(run_at),
        KeyWebhooks.states.set(document),
        KeyWebhooks.expires_at.set((run_at + 2 * DAY_MS) // 1000),
    )


def _partition(key_name: str) -> str:
    return f"#webhooks#{key_name}"
