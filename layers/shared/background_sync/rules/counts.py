"""What a run found and did, as counts that add up.

contacts_checked = fresh + closed_leads + invalid + stale_found
stale_found = flagged + in_cooldown + over_cap + lost_race + confirmed_quiet + unverified + unwritable
"""

from dataclasses import asdict, dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class Verified:
    """The people that were compared: each stands in exactly one of the first seven.

    `behind` and `missing` were left as they are, `repaired` and `created` were not. `renamed` of those in
    step or ahead got the profile name, `unreadable` conversations were none.
    """

    in_step: int = 0
    behind: int = 0
    missing: int = 0
    repaired: int = 0
    created: int = 0
    ahead: int = 0
    unknown: int = 0
    renamed: int = 0
    unreadable: int = 0

    def moved(self, was: str | None, name: str) -> "Verified":
        """With a person who counted as `was` counting as `name`."""
        return self.plus(name) if was is None else self.plus(was, -1).plus(name)

    def plus(self, name: str, by: int = 1) -> "Verified":
        """With `by` more in the count called `name`."""
        return replace(self, **{name: getattr(self, name) + by})

    @property
    def verified(self) -> int:
        """How many people were compared."""
        compared = (self.in_step, self.behind, self.missing, self.repaired, self.created, self.ahead)
        return sum(compared) + self.unknown

    def counts(self) -> dict[str, int]:
        """All of it, `verified` included."""
        return {"verified": self.verified, **asdict(self)}


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
    "confirmed_quiet",
    "unverified",
    "reported",
    "invalid_setting",
    "superseded",
    "skipped",
    "verified",
    *(each.name for each in fields(Verified)),
    "deferred",
    "webhook_off",
    "failed_deliveries",
)
"""The outcome counts of a run, each of which a sweep totals over its completed runs."""

FLAGGED = "flagged"
REPORTED = "reported"
FLAGS = (FLAGGED, REPORTED)
"""What a contact that was flagged came to: for being quiet, or for activity that was missed."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What the index showed: every contact stands in exactly one of these."""

    fresh: int = 0
    closed_leads: int = 0
    invalid: int = 0
    in_cooldown: int = 0
    confirmed_quiet: int = 0
    due: int = 0

    def __add__(self, other: "Survey") -> "Survey":
        ours, theirs = asdict(self), asdict(other)
        return Survey(**{name: ours[name] + theirs[name] for name in ours})


@dataclass(frozen=True, slots=True)
class Flagging:
    """What became of the due contacts that were tried: each stands in exactly one of the first six.

    `not_stale` were flagged beside them, for missed activity alone; `reported` of all that were flagged were
    told what was missed.
    """

    flagged: int = 0
    in_cooldown: int = 0
    lost_race: int = 0
    unwritable: int = 0
    confirmed_quiet: int = 0
    invalid: int = 0
    not_stale: int = 0
    reported: int = 0

    def after(self, outcome: str, *, stale: bool) -> "Flagging":
        """With one contact more, that came to `outcome`; of one that is not `stale` only a flag counts."""
        if outcome not in FLAGS:
            return self._plus(outcome) if stale else self
        flagged = self._plus("flagged" if stale else "not_stale")
        return flagged._plus(REPORTED) if outcome == REPORTED else flagged

    def _plus(self, count: str) -> "Flagging":
        return replace(self, **{count: getattr(self, count) + 1})

    @property
    def tried(self) -> int:
        """How many due contacts were tried."""
        counts: dict[str, int] = asdict(self)
        return sum(counts.values()) - self.not_stale - self.reported

    @property
    def flags(self) -> int:
        """How many flags were left: what the cap bounds."""
        return self.flagged + self.not_stale


def run_counts(survey: Survey, flagging: Flagging, *, unverified: bool = False) -> dict[str, int]:
    """The counts of a whole run; `unverified` when verification was deferred, and so nobody was flagged.

    A contact that turned out unreadable when it was read for its flag moves to the invalid ones.
    """
    stale_found = survey.in_cooldown + survey.confirmed_quiet + survey.due - flagging.invalid
    invalid = survey.invalid + flagging.invalid
    untried = survey.due - flagging.tried
    return {
        "contacts_checked": survey.fresh + survey.closed_leads + invalid + stale_found,
        "stale_found": stale_found,
        "flagged": flagging.flagged,
        "fresh": survey.fresh,
        "closed_leads": survey.closed_leads,
        "invalid": invalid,
        "in_cooldown": survey.in_cooldown + flagging.in_cooldown,
        "confirmed_quiet": survey.confirmed_quiet + flagging.confirmed_quiet,
        "over_cap": 0 if unverified else untried,
        "unverified": untried if unverified else 0,
        "lost_race": flagging.lost_race,
        "unwritable": flagging.unwritable,
        "reported": flagging.reported,
    }


WEIGHT = ("in_step", "ahead", "unknown", "missing", "behind", "created", "repaired")
"""Of the outcomes of a person's several conversations, the one that comes last here counts."""


def higher_priority(one: str | None, other: str) -> str:
    """What a person counts as that one conversation says `one` of, and another `other`."""
    return other if one is None else max(one, other, key=WEIGHT.index)
