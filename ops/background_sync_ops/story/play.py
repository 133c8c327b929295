"""The acts of the story.

begin              everything is in step; a sweep agrees
a day              messages, some of whose webhooks get lost        then a sweep
an hour            the CRM's endpoint fails, Kapso switches it off  then a sweep
another hour       it is switched on again                          then a sweep
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from background_sync_ops.kapso import Channel
from background_sync_ops.story.numbers import Day, Outage, PlainRule, Story
from background_sync_ops.story.people import Somebody, cast
from background_sync_ops.story.stage import Stage
from background_sync_ops.story.traffic import Line, conversations, one_each
from background_sync_ops.story.truth import Effect, Missed, missed, plainly_stale

WRITING = 0.6
"""The share of the contacts that write on the day; the others are merely quiet."""
NEW = 0.2
SENT_TWICE = 0.02
SETTLED_MS = 10 * MINUTE_MS
"""Nobody writes so shortly before a sweep: what is under way is no miss."""
FAILING = 50
"""Messages while the endpoint fails; Kapso switches it off after 40 deliveries within 15 minutes."""
UNHEARD = 30
HEARD_AGAIN = 10

Tell = Callable[[str, int, int | None], None]
"""Is told what is being done, how much of it is done, and of how much."""


@dataclass(frozen=True, slots=True)
class Plan:
    """So many contacts to begin with, the share of webhooks that get lost, and the end of the day (ms)."""

    contacts: int
    loss: float
    seed: int
    end: int


def play(plan: Plan, tell: Tell) -> Story:
    """Play it; raises `StoryError`, `StackError`, and what AWS's clients raise."""
    rng = random.Random(plan.seed)  # noqa: S311 - a story is no secret
    begin = plan.end - DAY_MS
    known, new = cast(rng, plan.contacts, round(plan.contacts * NEW), begin)
    tell("starting the local stack", 0, None)
    with Stage(plan.seed, f"demo-key-{rng.randrange(16**16):016x}", begin) as stage:
        return _Play(plan, rng, stage, tell, known, new).all_acts(begin)


@dataclass(frozen=True, slots=True)
class _Play:
    plan: Plan
    rng: random.Random
    stage: Stage
    tell: Tell
    known: Sequence[Somebody]
    new: Sequence[Somebody]

    def all_acts(self, begin: int) -> Story:
        end = self.plan.end
        self.tell(f"importing {len(self.known)} contacts", 0, None)
        self.stage.settle(self.known)
        self.tell("a first sweep: is everything in step?", 0, None)
        before, _ = self.stage.sweep(begin)
        day = self._day(begin + SETTLED_MS, end - SETTLED_MS)
        planted = missed(self.stage.said, self.stage.crm.heard)
        self.tell("one sweep", 0, None)
        swept, effect = self.stage.sweep(end)
        return Story(
            seed=self.plan.seed,
            loss=self.plan.loss,
            contacts=self.plan.contacts,
            before=before,
            day=day,
            sweep=swept,
            plain_rule=_plain_rule(effect, planted),
            outage=self._outage(end),
        )

    # ---------------------------------------------------------------- the day

    def _day(self, begin: int, end: int) -> Day:
        channel = Channel(loss=self.plan.loss, duplicates=SENT_TWICE, seed=self.plan.seed)
        self.stage.kapso.courier.channel = channel
        writing = [*self.rng.sample(self.known, round(len(self.known) * WRITING)), *self.new]
        lines = conversations(self.rng, writing, begin, end)
        self._say("a day of messages", lines)
        lost = self.stage.kapso.courier.lost
        return Day(
            people=len({line.who.contact_id for line in lines}),
            messages=len(lines),
            arrived=self.stage.crm.arrived,
            lost=len(lost),
            people_hit=len({event.person.id for event in lost}),
        )

    def _say(self, what: str, lines: Sequence[Line]) -> None:
        for number, _ in enumerate(self.stage.say(lines)):
            self.tell(what, number + 1, len(lines))

    # ---------------------------------------------------------------- the switched-off webhook

    def _outage(self, begin: int) -> Outage:
        self.stage.kapso.courier.channel = Channel()
        failing, unheard, again = (self._several(number) for number in (FAILING, UNHEARD, HEARD_AGAIN))
        self.stage.crm.broken = True
        lines = one_each(failing, begin + 5 * MINUTE_MS, begin + 15 * MINUTE_MS)
        self._say("the CRM's endpoint fails", lines)
        self.stage.crm.broken = False
        lines = one_each(unheard, begin + 20 * MINUTE_MS, begin + 50 * MINUTE_MS)
        self._say("the endpoint is mended, the webhook is off", lines)
        refused = self.stage.refused()
        self.tell("a sweep without webhooks", 0, None)
        swept, _ = self.stage.sweep(begin + HOUR_MS)
        before = self.stage.crm.arrived
        self.stage.resume_webhook()
        lines = one_each(again, begin + 65 * MINUTE_MS, begin + 75 * MINUTE_MS)
        self._say("the webhook is on again", lines)
        self.tell("a last sweep", 0, None)
        heard_again = self.stage.crm.arrived - before
        later, _ = self.stage.sweep(begin + 2 * HOUR_MS)
        return Outage(refused, len(failing) + len(unheard), swept, heard_again, later)

    def _several(self, number: int) -> list[Somebody]:
        return self.rng.sample(self.known, number)


def _plain_rule(effect: Effect, planted: Missed) -> PlainRule:
    stale = plainly_stale(effect.before, effect.run_at)
    return PlainRule(len(stale), len(stale & planted.everybody), len(planted.missing))
