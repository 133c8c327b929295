"""What is measured: rows of the table, and curves."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from statistics import linear_regression
from typing import TypeVar

Points = Sequence[tuple[float, float]]
LINEAR, FLAT = 1.0, 0.0
TOLERANCE = 0.2
NOISE = 0.1
"""What a flat curve may rise, as a share."""
CLEAR = 1.5
"""A point so many times above the fixed cost stands out from the noise of the fixed cost."""
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A figure of the original and the product: exact, or a multiple of what the same run measured."""

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
    """A cost `y` that grows with `x` at most by the power `limit`. The first point is the fixed cost."""

    y: str
    x: str
    product: Points
    original: Points = ()
    limit: float = LINEAR

    @property
    def reached(self) -> bool:
        return power(self.product) <= self.limit + TOLERANCE


def curves(
    x: str, spent: Sequence[tuple[float, T]], costs: Mapping[str, Callable[[T], float]]
) -> Iterator[Curve]:
    """A curve of each of the costs of what was spent at each size."""
    for name, cost in costs.items():
        yield Curve(y=name, x=x, product=[(size, cost(each)) for size, each in spent])


def power(points: Points) -> float:
    """The power of x with which y grows above its first point: the slope of a line through both logarithms.

    The last two decades count: below them, noise hides what grows.
    """
    (_, fixed), *rest = points
    grown = [(x, y) for x, y in rest if x >= rest[-1][0] / 100 and y > fixed]
    if rest[-1][1] <= fixed * (1 + NOISE) or not grown[1:]:
        return FLAT
    clear = [(x, y) for x, y in grown if y >= fixed * CLEAR]
    logs = [(log(x), log(y - fixed)) for x, y in (clear if clear[1:] else grown)]
    return linear_regression(*zip(*logs, strict=True)).slope
