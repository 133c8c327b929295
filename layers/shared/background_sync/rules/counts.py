"""What a run found and did, as counts that add up.

contacts_checked = fresh + closed_leads + invalid + stale_found
stale_found      = flagged + in_cooldown + over_cap + lost_race + unwritable
"""

from dataclasses import asdict, dataclass, replace

TOTALLED = (
    "contacts_checked",
    "stale_found",
    "flagged",
    "fresh",
    "closed_leads",
    "invalid",
    "in_cooldown",
    "over_cap",
    "lost_race",
    "unwritable",
    "invalid_setting",
    "superseded",
    "skipped",
)
"""The outcome counts of a run, each of which a sweep totals over its completed runs."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What the index showed: every contact stands in exactly one of these."""

    fresh: int = 0
    closed_leads: int = 0
    invalid: int = 0
    in_cooldown: int = 0
    due: int = 0

    def __add__(self, other: "Survey") -> "Survey":
        ours, theirs = asdict(self), asdict(other)
        return Survey(**{name: ours[name] + theirs[name] for name in ours})


@dataclass(frozen=True, slots=True)
class Flagging:
    """What became of the due contacts that were tried: each stands in exactly one of these."""

    flagged: int = 0
    in_cooldown: int = 0
    lost_race: int = 0
    unwritable: int = 0
    invalid: int = 0

    def plus(self, outcome: str) -> "Flagging":
        """With one more in the count called `outcome`."""
        return replace(self, **{outcome: getattr(self, outcome) + 1})

    @property
    def tried(self) -> int:
        """How many contacts were tried."""
        return self.flagged + self.in_cooldown + self.lost_race + self.unwritable + self.invalid


def run_counts(survey: Survey, flagging: Flagging) -> dict[str, int]:
    """The counts of a whole run. A contact that turned out unreadable when it was read for its flag moves
    from the stale ones to the invalid ones."""
    stale_found = survey.in_cooldown + survey.due - flagging.invalid
    invalid = survey.invalid + flagging.invalid
    return {
        "contacts_checked": survey.fresh + survey.closed_leads + invalid + stale_found,
        "stale_found": stale_found,
        "flagged": flagging.flagged,
        "fresh": survey.fresh,
        "closed_leads": survey.closed_leads,
        "invalid": invalid,
        "in_cooldown": survey.in_cooldown + flagging.in_cooldown,
        "over_cap": survey.due - flagging.tried,
        "lost_race": flagging.lost_race,
        "unwritable": flagging.unwritable,
    }
