"""The requests that a key may still send to Kapso: one item a key, shared by all workspaces with that key.

The window is Kapso's own: one minute. The CRM uses the same key, so only a share of the limit is ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from background_sync.clock import Clock
from background_sync.records.database import Record
from background_sync.rules.policy import DAY_MS, MINUTE_MS

SMALLEST_LIMIT = 100
"""Requests a minute on Kapso's smallest plan: assumed until an answer has said otherwise."""


class BudgetSpent(Exception):
    """No request may be sent with this key before `until` (ms)."""

    def __init__(self, until: int) -> None:
        super().__init__(f"the key's share is spent until {until}")
        self.until = until


class KeyBudget(Record):
    """A key's budget (`#rate#` + the name of its parameter, 0); times in ms, `expires_at` in seconds."""

    class Meta:
        table_name = ""

    table = "sync_health"

    workspace_id = UnicodeAttribute(hash_key=True)
    run_at = NumberAttribute(range_key=True, default=0)
    minute = NumberAttribute(null=True)
    used = NumberAttribute(null=True)
    limit_per_minute = NumberAttribute(null=True)
    blocked_until = NumberAttribute(null=True)
    expires_at = NumberAttribute(null=True)


@dataclass(frozen=True, slots=True)
class Budget:
    """Takes requests from one key's budget; `share_percent` of the limit is ours."""

    key_name: str
    share_percent: int
    clock: Clock

    def take(self) -> None:
        """Take one request.

        Raises:
            BudgetSpent: our share of this minute is used up, or Kapso asked for a pause.
        """
        now = self.clock.now()
        minute = now - now % MINUTE_MS
        known = self._read()
        allowed = max(1, int(known.limit_per_minute or SMALLEST_LIMIT) * self.share_percent // 100)
        free = KeyBudget.blocked_until.does_not_exist() | (KeyBudget.blocked_until <= now)
        here = free & (KeyBudget.minute >= minute) & (KeyBudget.used < allowed)  # clocks differ a little
        later = free & (KeyBudget.minute.does_not_exist() | (KeyBudget.minute < minute))
        begin = [KeyBudget.minute.set(minute), KeyBudget.used.set(1)]
        one_more = [KeyBudget.used.add(1)]
        # Two may begin a minute at once: who comes second finds it begun.
        if not any(self._update(*each) for each in ((one_more, here), (begin, later), (one_more, here))):
            raise BudgetSpent(max(minute + MINUTE_MS, int(known.blocked_until or 0)))

    def learn_limit(self, limit: int) -> None:
        """Remember the limit that an answer stated."""
        if limit > 0:
            other = KeyBudget.limit_per_minute.does_not_exist() | (KeyBudget.limit_per_minute != limit)
            self._update([KeyBudget.limit_per_minute.set(limit)], other)

    def block(self, seconds: float) -> None:
        """Nobody with this key sends anything for so long: Kapso said 429."""
        until = self.clock.now() + round(seconds * 1000)
        longer = KeyBudget.blocked_until.does_not_exist() | (KeyBudget.blocked_until < until)
        self._update([KeyBudget.blocked_until.set(until)], longer)

    def _read(self) -> KeyBudget:
        return KeyBudget.find(self._partition, 0) or KeyBudget(self._partition, 0)

    def _update(self, actions: Sequence[Action], condition: Condition) -> bool:
        expires = KeyBudget.expires_at.set((self.clock.now() + DAY_MS) // 1000)
        return KeyBudget(self._partition, 0).update_if(condition, *actions, expires)

    @property
    def _partition(self) -> str:
        return f"#rate#{self.key_name}"
