"""Whole numbers: of whatever was stored, and rounded as people do it."""

from decimal import Decimal
from math import floor


def round_half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` to the nearest whole number, .5 upwards; exact at any size."""
    return (2 * numerator + denominator) // (2 * denominator)


def whole(value: object) -> int | None:
    """A stored number, rounded down; None for what is no finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        return floor(value)
    except (ValueError, OverflowError):  # NaN and the infinities
        return None
