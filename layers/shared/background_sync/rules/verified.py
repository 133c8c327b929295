"""What comparing with Kapso came to, and which contacts it confirms as merely quiet.

verified = in_step + behind + missing + repaired + created + ahead + unknown
"""

from dataclasses import asdict, dataclass, replace


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


WEIGHT = ("in_step", "ahead", "unknown", "missing", "behind", "created", "repaired")
"""Of the outcomes of a person's several conversations, the one that comes last here counts."""


def weightier(one: str | None, other: str) -> str:
    """What a person counts as that one conversation says `one` of, and another `other`."""
    return other if one is None else max(one, other, key=WEIGHT.index)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a whole scan lets a run conclude: all activity since `verified_from` (ms) was compared."""

    verified_from: int

    def is_quiet(self, activity_at: int, *, behind: bool) -> bool:
        """Whether Kapso confirms that a contact has been quiet since `activity_at`.

        `behind` is whether a scan showed it as newer than the table, as far as is known.
        """
        return activity_at >= self.verified_from and not behind
