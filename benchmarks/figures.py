"""What is measured: rows of the table, and curves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log
from typing import TypeVar

Points = Sequence[tuple[float, float]]
LINEAR, FLAT = 1.0, 0.0
TOLERANCE = 0.2
NOISE = 0.1
"""What a flat curve may rise, as a share."""
Spent = TypeVar("Spent")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A figure of the original and of the product: exact, or a multiple of what `figure` names, of the same run."""

    figure: str
    product: float
    to_reach: float
    original: float | None = None
    digits: int = 0
    remark: str = ""

    @property
    def reached(self) -> bool:
        return round(self.product, self.digits) <= self.to_reach


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A cost `y` that grows with `x` at most by the power of `limit`. The first point is the fixed cost."""

    y: str
    x: str
    product: Points
    original: Points = ()
    limit: float = LINEAR

    @property
    def reached(self) -> bool:
        return power(self.product) <= self.limit + TOLERANCE


def power(points: Points) -> float:
    """The power of x with which y grows above its first point: the slope of the least squares of both logarithms.

    The last two decades count: below them, the fixed cost hides what grows.
    """
    (_, fixed), *rest = points
    last = rest[-1][0]
    grown = [(log(x), log(y - fixed)) for x, y in rest if x >= last / 100 and y > fixed]
    if max(y for _, y in rest) <= fixed * (1 + NOISE) or len(grown) < 2:
        return FLAT
    mean_x, mean_y = (sum(axis) / len(grown) for axis in zip(*grown, strict=True))
    covariance = sum((x - mean_x) * (y - mean_y) for x, y in grown)
    return covariance / sum((x - mean_x) ** 2 for x, _ in grown)
