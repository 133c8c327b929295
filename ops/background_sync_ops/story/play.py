"""What happens in the story.

before       Kapso and the CRM agree                               sweep
day          messages; some of their webhooks are lost               sweep
first hour   the secret is lost, Kapso switches the webhook off   sweep
second hour  the webhook is connected again                         sweep
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from background_sync_ops.kapso import Channel
from background_sync_ops.story.people import DemoContact, make_contacts
from background_sync_ops.story.results import Day, PlainRule, Story, WebhookSwitchOff
from background_sync_ops.story.stage import Stage
from background_sync_ops.story.traffic import DemoMessage, conversations, one_message_each
from background_sync_ops.story.truth import Missed, SweepEffect, stale_by_plain_rule

WRITING_SHARE = 0.6
"""The share of the known contacts that write during the day. The others are quiet."""
NEW_SHARE = 0.2
DUPLICATES_SHARE = 0.02
# No one writes so close to a sweep, because a webhook that is still on its way is not a missed one.
SETTLED_MS = 10 * MINUTE_MS
# Kapso switches a webhook off after 40 deliveries.
MESSAGES_WHILE_FAILING = 50
MESSAGES_WHILE_OFF = 30
MESSAGES_AFTER_RESUME = 10

ReportProgress = Callable[[str, int, int | None], None]
"""Called with a description, how much is done, and the total, which may be unknown."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`contacts` are known at first, `loss` is the share of lost webhooks, the day ends at `end` (ms)."""

    contacts: int
    loss: float
    seed: int
    end: int


def play(plan: Plan, report_progress: ReportProgress) -> Story:
    """Raises `StoryError`, `StackError`, and the errors of the AWS clients."""
    rng = random.Random(plan.seed)  # noqa: S311 - a story is no secret
    begin = plan.end - DAY_MS
    known, new = make_contacts(rng, known=plan.contacts, new=round(plan.contacts * NEW_SHARE), begin=begin)
    report_progress("starting the local stack", 0, None)
    with Stage(plan.seed, f"demo-key-{rng.randrange(16**16):016x}", begin) as stage:
        return _Play(plan, rng, stage, report_progress, known, new).play(begin)


@dataclass(frozen=True, slots=True)
class _Play:
    plan: Plan
    rng: random.Random
    stage: Stage
    report_progress: ReportProgress
    known: Sequence[DemoContact]
    new: Sequence[DemoContact]

    def play(self, begin: int) -> Story:
        end = self.plan.end
        self.report_progress(f"importing {len(self.known)} contacts", 0, None)
        self.stage.import_contacts(self.known)
        self.report_progress("first sweep, nothing missed yet", 0, None)
        first_sweep, _ = self.stage.sweep(begin)
        day = self._day(begin + SETTLED_MS, end - SETTLED_MS)
        missed = self.stage.missed()
        self.report_progress("sweep after the day", 0, None)
        sweep, effect = self.stage.sweep(end)
        return Story(
            seed=self.plan.seed,
            loss=self.plan.loss,
            contacts=self.plan.contacts,
            first_sweep=first_sweep,
            day=day,
            sweep=sweep,
            plain_rule=_plain_rule(effect, missed),
            webhook_switch_off=self._webhook_switch_off(end),
        )

    def _day(self, begin: int, end: int) -> Day:
        courier = self.stage.kapso.courier
        courier.channel = Channel(loss=self.plan.loss, duplicates=DUPLICATES_SHARE, seed=self.plan.seed)
        writing = self.rng.sample(self.known, round(len(self.known) * WRITING_SHARE))
        messages = conversations(self.rng, [*writing, *self.new], begin, end)
        self._send("a day of messages", messages)
        return Day(
            people=len({message.contact.contact_id for message in messages}),
            messages=len(messages),
            arrived=self.stage.deliveries(arrived=True),
            lost=len(courier.lost),
            people_with_losses=len({event.person.id for event in courier.lost}),
        )

    def _webhook_switch_off(self, begin: int) -> WebhookSwitchOff:
        self.stage.kapso.courier.channel = Channel()
        while_failing, while_off, after_resume = (
            self.rng.sample(self.known, count)
            for count in (MESSAGES_WHILE_FAILING, MESSAGES_WHILE_OFF, MESSAGES_AFTER_RESUME)
        )
        self.stage.lose_secret()
        messages = one_message_each(while_failing, begin + 5 * MINUTE_MS, begin + 15 * MINUTE_MS)
        self._send("the secret is lost", messages)
        messages = one_message_each(while_off, begin + 20 * MINUTE_MS, begin + 50 * MINUTE_MS)
        self._send("the webhook is off", messages)
        failed_deliveries = self.stage.deliveries(arrived=False)
        self.report_progress("sweep while the webhook is off", 0, None)
        sweep_while_off, _ = self.stage.sweep(begin + HOUR_MS)
        delivered_before = self.stage.deliveries(arrived=True)
        self.stage.connect()
        messages = one_message_each(after_resume, begin + 65 * MINUTE_MS, begin + 75 * MINUTE_MS)
        self._send("the webhook is on again", messages)
        self.report_progress("last sweep", 0, None)
        sweep_after_resume, _ = self.stage.sweep(begin + 2 * HOUR_MS)
        return WebhookSwitchOff(
            failed_deliveries=failed_deliveries,
            missed_messages=len(while_failing) + len(while_off),
            sweep_while_off=sweep_while_off,
            delivered_after_resume=self.stage.deliveries(arrived=True) - delivered_before,
            sweep_after_resume=sweep_after_resume,
        )

    def _send(self, description: str, messages: Sequence[DemoMessage]) -> None:
        self.stage.set_time(messages[-1].at)
        for done, message in enumerate(messages, start=1):
            self.stage.send(message)
            self.report_progress(description, done, len(messages))


def _plain_rule(effect: SweepEffect, missed: Missed) -> PlainRule:
    stale = stale_by_plain_rule(effect.before, effect.run_at)
    return PlainRule(
        flagged=len(stale), really_missed=len(stale & missed.all), not_in_crm=len(missed.missing)
    )
