"""The numbers of the story."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from background_sync_ops.story.truth import Missed, SweepEffect

RUN_COUNTS = ("verified", "in_step", "repaired", "created", "flagged", "confirmed_quiet")


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepResult:
    """A sweep, compared with what was really missed before it.

    `requests` counts requests to Kapso. `behind` and `missing` were really missed. `found` were repaired,
    created or flagged. `others_changed` had not been missed but differ after the sweep. `recall` is null if
    no one was missed, `precision` is null if no one was found.
    """

    requests: int
    behind: int
    missing: int
    verified: int
    in_step: int
    repaired: int
    created: int
    flagged: int
    confirmed_quiet: int
    webhook: str | None
    found: int
    left_behind: int
    others_changed: int
    recall: float | None
    precision: float | None

    @property
    def ok(self) -> bool:
        """Everything that was missed was repaired, and no other contact was changed."""
        found_exactly_the_missed = {self.recall, self.precision} <= {None, 1.0}
        repaired_all = (self.repaired, self.created) == (self.behind, self.missing)
        return found_exactly_the_missed and repaired_all and not (self.left_behind or self.others_changed)


def sweep_result(
    run: Mapping[str, Any], requests: int, effect: SweepEffect, missed: Missed, in_kapso: Mapping[str, int]
) -> SweepResult:
    """`run` is the run's record; `in_kapso` is the last activity of each contact id (ms)."""
    hits = effect.found & missed.all
    return SweepResult(
        requests=requests,
        behind=len(missed.behind),
        missing=len(missed.missing),
        **{name: int(run[name] or 0) for name in RUN_COUNTS},
        webhook=run["webhook"],
        found=len(effect.found),
        left_behind=len(effect.left_behind(in_kapso)),
        others_changed=len(effect.changed - missed.all),
        recall=_share(hits, missed.all),
        precision=_share(hits, effect.found),
    )


def _share(part: frozenset[str], total: frozenset[str]) -> float | None:
    return len(part) / len(total) if total else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day of messages. `arrived` and `lost` count their webhooks; `people_with_losses` lost one or more."""

    people: int
    messages: int
    arrived: int
    lost: int
    people_with_losses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainRule:
    """What a sweep without verification would do at the same time.

    It would flag `flagged` contacts; only `really_missed` of them had been missed. It cannot find the
    `not_in_crm` people, because it sees only contacts that the CRM has.
    """

    flagged: int
    really_missed: int
    not_in_crm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSwitchOff:
    """An endpoint fails until Kapso switches its webhook off, and later the webhook is switched on again.

    `failed_deliveries` were attempted before the switch-off. `missed_messages` did not reach the CRM.
    `delivered_after_resume` messages reached it after the webhook was switched on.
    """

    failed_deliveries: int
    missed_messages: int
    sweep_while_off: SweepResult
    delivered_after_resume: int
    sweep_after_resume: SweepResult

    @property
    def ok(self) -> bool:
        """Both sweeps saw the state of the webhook and repaired everything."""
        states = self.sweep_while_off.webhook, self.sweep_after_resume.webhook
        return self.sweep_while_off.ok and self.sweep_after_resume.ok and states == ("off", "active")


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """`first_sweep` runs before the day, when Kapso and the CRM agree."""

    seed: int
    loss: float
    contacts: int
    first_sweep: SweepResult
    day: Day
    sweep: SweepResult
    plain_rule: PlainRule
    webhook_switch_off: WebhookSwitchOff

    @property
    def ok(self) -> bool:
        """Every sweep is ok, and every webhook of the day either arrived or was lost."""
        all_counted = self.day.arrived + self.day.lost == self.day.messages
        return all_counted and self.first_sweep.ok and self.sweep.ok and self.webhook_switch_off.ok

    def document(self) -> dict[str, Any]:
        """For --json."""
        return {**asdict(self), "ok": self.ok}
