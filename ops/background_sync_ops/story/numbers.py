"""What came of the story, as numbers."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from background_sync_ops.story.truth import Effect, Missed

PERFECT = 1.0


@dataclass(frozen=True, slots=True)
class Found:
    """A sweep, held against what was really missed before it.

    `requests` are those to Kapso, `behind` and `missing` what was really missed, `found` who was repaired,
    created or flagged. `others_touched` are people who had not been missed and are not as they were.
    `recall` and `precision` are of those found, null where nobody was to be found or nobody was.
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
    others_touched: int
    recall: float | None
    precision: float | None

    @property
    def well(self) -> bool:
        """Whether all that was missed was found and mended, and nobody else was touched."""
        exact = {self.recall, self.precision} <= {None, PERFECT}
        mended = (self.repaired, self.created) == (self.behind, self.missing)
        return exact and mended and not (self.left_behind or self.others_touched)


def found(
    run: Mapping[str, Any], requests: int, effect: Effect, planted: Missed, said: Mapping[str, int]
) -> Found:
    """The numbers of a run."""
    hits = effect.found & planted.everybody
    return Found(
        requests=requests,
        behind=len(planted.behind),
        missing=len(planted.missing),
        **{name: int(run[name] or 0) for name in COUNTS},
        webhook=run["webhook"],
        found=len(effect.found),
        left_behind=len(effect.left_behind(said)),
        others_touched=len(effect.touched - planted.everybody),
        recall=_share(hits, planted.everybody),
        precision=_share(hits, effect.found),
    )


COUNTS = ("verified", "in_step", "repaired", "created", "flagged", "confirmed_quiet")


def _share(part: frozenset[str], whole: frozenset[str]) -> float | None:
    return len(part) / len(whole) if whole else None


@dataclass(frozen=True, slots=True)
class Day:
    """A day's messages, whose webhooks arrived or were lost; so many people were hit by a loss."""

    people: int
    messages: int
    arrived: int
    lost: int
    people_hit: int


@dataclass(frozen=True, slots=True)
class PlainRule:
    """What the plain rule would have done at the same moment, by the rules.

    It would have flagged so many, of whom `really_missed` had been; `invisible` people are not in the table,
    and so no rule over it can see them.
    """

    flagged: int
    really_missed: int
    invisible: int


@dataclass(frozen=True, slots=True)
class Outage:
    """An endpoint that fails: after so many `refused` deliveries Kapso switches its webhook off.

    `unheard` are the messages of which the CRM did not hear, `sweep` the one after it. Then the webhook is
    switched on again, `heard_again` messages are heard, and `later` is the sweep after that.
    """

    refused: int
    unheard: int
    sweep: Found
    heard_again: int
    later: Found

    @property
    def well(self) -> bool:
        """Whether the cause was seen and cleared, and all that was missed was mended."""
        states = self.sweep.webhook, self.later.webhook
        return self.sweep.well and self.later.well and states == ("off", "active")


@dataclass(frozen=True, slots=True)
class Story:
    """All of it; `before` is the sweep at its beginning, when everything is in step."""

    seed: int
    loss: float
    contacts: int
    before: Found
    day: Day
    sweep: Found
    plain_rule: PlainRule
    outage: Outage

    @property
    def well(self) -> bool:
        """Whether each sweep was, and every webhook is accounted for."""
        accounted = self.day.arrived + self.day.lost == self.day.messages
        return accounted and self.before.well and self.sweep.well and self.outage.well

    def document(self) -> dict[str, Any]:
        """For --json."""
        return {**asdict(self), "well": self.well}
