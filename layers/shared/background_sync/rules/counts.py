"""What a run found and did, as counts that add up.

contacts_checked = fresh + closed_leads + invalid + stale_found
stale_found = flagged + in_cooldown + over_cap + lost_race + confirmed_quiet + unverified + unwritable
verified = in_step + behind + missing + repaired + created + deleted + ahead + unknown
"""

from dataclasses import asdict, dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class Verified:
    """The people that were compared with Kapso: each counts in exactly one of the first eight.

    `behind` and `missing` were found and left as they are; `repaired` and `created` were fixed; `deleted`
    people had a contact that somebody deleted. `renamed` people, in step or ahead, got their profile name;
    `identity_changed` people have another business-scoped user id than before. `unreadable` counts
    conversations, not people.
    """

    in_step: int = 0
    behind: int = 0
    missing: int = 0
    repaired: int = 0
    created: int = 0
    deleted: int = 0
    ahead: int = 0
    unknown: int = 0
    renamed: int = 0
    identity_changed: int = 0
    unreadable: int = 0

    def moved(self, was: str | None, name: str) -> "Verified":
        """The counts after a person who counted as `was` (None: not yet) counts as `name`."""
        return self.plus(name) if was is None else self.plus(was, -1).plus(name)

    def plus(self, name: str, by: int = 1) -> "Verified":
        """The counts with `by` added to the one called `name`."""
        return replace(self, **{name: getattr(self, name) + by})

    @property
    def verified(self) -> int:
        left = (self.in_step, self.behind, self.missing, self.deleted, self.ahead, self.unknown)
        return sum(left) + self.repaired + self.created

    @property
    def lost(self) -> int:
        """How many people a webhook was lost of."""
        return self.behind + self.missing + self.repaired + self.created

    def counts(self) -> dict[str, int]:
        """All counts by name, with their sum `verified`."""
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
    "future_times",
    "superseded",
    "skipped",
    "verified",
    *(each.name for each in fields(Verified)),
    "deferred",
    "uncompared",
    "webhook_off",
    "webhook_failing",
    "reception_lost",
    "failed_deliveries",
    "number_moved",
    "intake_silent",
)
"""The counts of a run. A sweep totals each of them over its completed runs."""

DRIFT = ("repaired", "created", "behind", "missing")
"""The contacts that missed a webhook, whether they were fixed or only reported."""
FLAGGED = "flagged"
REPORTED = "reported"
FLAGS = (FLAGGED, REPORTED)
"""The outcomes of a flagged contact: flagged as quiet, or with a report of missed activity."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What the index showed: each contact counts in exactly one of the first six.

    `future_times` of them have a time of sync's own that is in the future.
    """

    fresh: int = 0
    closed_leads: int = 0
    invalid: int = 0
    in_cooldown: int = 0
    confirmed_quiet: int = 0
    due: int = 0
    future_times: int = 0


@dataclass(frozen=True, slots=True)
class Flagging:
    """What happened to the due contacts that were tried: each counts in exactly one of the first six.

    `not_stale` contacts were flagged too, for missed activity alone. `reported` flags reported missed
    activity, on stale contacts or others.
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
        """The counts with one more contact. Of a contact that is not stale, only a flag counts."""
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
        """How many flags were written: the number that the cap limits."""
        return self.flagged + self.not_stale


def run_counts(survey: Survey, flagging: Flagging, *, unverified: bool = False) -> dict[str, int]:
    """The counts of a run; `unverified` when its verification was deferred, so that nobody was flagged.

    A contact that proved invalid only when it was read for its flag counts as invalid, and not as stale.
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
        "future_times": survey.future_times,
    }


PRIORITY = ("in_step", "ahead", "deleted", "unknown", "missing", "behind", "created", "repaired")
"""The outcomes of a person's conversations; the one that comes last here counts."""


def higher_priority(one: str | None, other: str) -> str:
    """The outcome that counts for a person with two conversations."""
    return other if one is None else max(one, other, key=PRIORITY.index)
