"""What comparing with Kapso came to, and which contacts it confirms as merely quiet.

verified = in_step + behind + missing + repaired + created + ahead + unknown
"""

from dataclasses import asdict, dataclass, replace


@dataclass(frozen=True, slots=True)
class Verified:
    """The people that were compared: each stands in exactly one of the first seven.

    `behind` and `missing` were left as they are, `repaired` and `created` were not. `reported` of those
    behind were flagged, `renamed` of those in step or ahead got the profile name, `unreadable` conversations
    were none.
    """

    in_step: int = 0
    behind: int = 0
    missing: int = 0
    repaired: int = 0
    created: int = 0
    ahead: int = 0
    unknown: int = 0
    reported: int = 0
    renamed: int = 0
    unreadable: int = 0

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


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a scan without an error lets a run conclude (ms): all activity since `verified_from` was compared,
    by runs from `verified_since` on."""

    verified_from: int
    verified_since: int

    def is_quiet(self, activity_at: int, flagged_at: int | None) -> bool:
        """Whether Kapso confirms that a contact has been quiet since `activity_at`.

        Not so when a verified run flagged it after that activity: it was seen to be behind, and was reported.
        """
        reported = flagged_at is not None and flagged_at >= self.verified_since and flagged_at > activity_at
        return activity_at >= self.verified_from and not reported
