"""Rounding as people do it: half up, in whole numbers."""


def round_half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` to the nearest whole number, .5 upwards; exact at any size."""
    return (2 * numerator + denominator) // (2 * denominator)
