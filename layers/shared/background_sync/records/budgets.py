"""How many requests a Kapso key may still make: one record for each key.

All workspaces with the same key share it. The window is one minute, as Kapso counts. The CRM uses the same
key, so sync may use only a share of the limit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from background_sync.clock import Clock
from background_sync.records.database import Record
from background_sync.rules.policy import DAY_MS, MINUTE_MS

RATE_PREFIX = "#rate#"
SMALLEST_LIMIT = 100
"""Requests a minute on Kapso's smallest plan: assumed until an answer states the limit."""


class BudgetSpent(Exception):
    """The key may not be used before `until` (ms)."""

    def __init__(self, until: int) -> None:
        super().__init__(f"the key may not be used before {until}")
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
class _Known:
    """What this process last saw of a budget. Each write is conditional on the limit, so it may be old."""

    limit: int | None
    minute: int

    @staticmethod
    def of(record: KeyBudget) -> "_Known":
        limit = None if record.limit_per_minute is None else int(record.limit_per_minute)
        return _Known(limit, int(record.minute or 0))


_known: dict[str, _Known] = {}


@dataclass(slots=True)
class Budget:
    """One key's budget; sync may use `share_percent` of the limit."""

    key_name: str
    share_percent: int
    clock: Clock
    _limit: int | None = None

    def take(self) -> None:
        """Take one request.

        Raises:
            BudgetSpent: sync's share of this minute is used up, or Kapso asked for a pause.
        """
        now = self.clock.now()
        minute = now - now % MINUTE_MS
        known = _known.get(self._partition)
        if known is not None and self._take(now, minute, known):
            return
        # Nothing is known yet, or another function has learned another limit, or the budget is spent.
        read = self._read()
        fresh = _Known.of(read)
        is_spent = known is not None and known.limit == fresh.limit
        if is_spent or not self._take(now, minute, fresh):
            raise BudgetSpent(max(minute + MINUTE_MS, int(read.blocked_until or 0)))

    def _take(self, now: int, minute: int, known: _Known) -> bool:
        """Take one request, if the stored limit is the known one."""
        allowed = max(1, (known.limit or SMALLEST_LIMIT) * self.share_percent // 100)
        free = KeyBudget.blocked_until.does_not_exist() | (KeyBudget.blocked_until <= now)
        free &= _limit_is(known.limit)
        # A later minute counts as this one: the clocks of two functions differ a little.
        here = free & (KeyBudget.minute >= minute) & (KeyBudget.used < allowed)
        later = free & (KeyBudget.minute.does_not_exist() | (KeyBudget.minute < minute))
        begin = [KeyBudget.minute.set(minute), KeyBudget.used.set(1)]
        one_more = [KeyBudget.used.add(1)]
        # Two functions may begin a minute at the same time: the second one finds it begun.
        tries: list[tuple[Sequence[Action], Condition]]
        tries = [(one_more, here), (begin, later), (one_more, here)]
        return any(self._update(*each) for each in tries[known.minute < minute :])

    def learn_limit(self, limit: int) -> None:
        """Store the limit that an answer stated, if it is another one."""
        if limit > 0 and limit != self._limit:
            other = KeyBudget.limit_per_minute.does_not_exist() | (KeyBudget.limit_per_minute != limit)
            self._update([KeyBudget.limit_per_minute.set(limit)], other)
            self._limit = limit

    def block(self, seconds: float) -> None:
        """Let nobody use this key for that long: Kapso answered 429."""
        until = self.clock.now() + round(seconds * 1000)
        longer = KeyBudget.blocked_until.does_not_exist() | (KeyBudget.blocked_until < until)
        self._update([KeyBudget.blocked_until.set(until)], longer)

    def _read(self) -> KeyBudget:
        return KeyBudget.find(self._partition, 0) or KeyBudget(self._partition, 0)

    def _update(self, actions: Sequence[Action], condition: Condition) -> bool:
        expires = KeyBudget.expires_at.set((self.clock.now() + DAY_MS) // 1000)
        record = KeyBudget(self._partition, 0)
        is_written = record.update_if(condition, *actions, expires)
        if is_written:
            _known[self._partition] = known = _Known.of(record)
            self._limit = known.limit
        return is_written

    @property
    def _partition(self) -> str:
        return RATE_PREFIX + self.key_name


def _limit_is(limit: int | None) -> Condition:
    condition: Condition = KeyBudget.limit_per_minute.does_not_exist()
    return condition if limit is None else KeyBudget.limit_per_minute == limit
