"""A cost that grows faster than it may is told from one that does not."""

from collections.abc import Callable

import pytest

from benchmarks.figures import FLAT, LINEAR, Curve

SIZES = (0, 100, 1_000, 10_000)


def curve(cost: Callable[[float], float], limit: float) -> Curve:
    return Curve(y="cost", x="size", product=[(size, cost(size)) for size in SIZES], limit=limit)


@pytest.mark.parametrize(
    ("cost", "limit"),
    [
        (lambda x: 7 + x / 4, LINEAR),
        (lambda x: 7 + (x // 100) * 3, LINEAR),
        (lambda _: 7, FLAT),
        (lambda _: 0, FLAT),
    ],
)
def test_a_linear_cost_and_a_flat_one_are_held(cost: Callable[[float], float], limit: float) -> None:
    assert curve(cost, limit).reached


@pytest.mark.parametrize(("cost", "limit"), [(lambda x: 7 + x * x, LINEAR), (lambda x: 7 + x, FLAT)])
def test_a_quadratic_cost_is_not_linear_and_a_linear_one_is_not_flat(
    cost: Callable[[float], float], limit: float
) -> None:
    assert not curve(cost, limit).reached
