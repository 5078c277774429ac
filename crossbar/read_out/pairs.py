"""Levels of two devices whose difference is nearest to a wanted conductance; each device has its own levels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from compact_model.support.arrays import FloatArray

Numbers = NDArray[np.int64]
_EQUAL = 1e-9  # of the levels' range: differences equal except for rounding


@dataclass(frozen=True, eq=False)
class Pairs:
    """The numbers of the chosen levels, (weights, 2), plus and minus, and their difference, (weights,), S."""

    levels: Numbers
    difference: FloatArray


def pairs_beside(wanted: FloatArray, plus: FloatArray, minus: FloatArray) -> tuple[Pairs, Pairs]:
    """The pairs with the largest difference up to the wanted one, and with the smallest difference above it.

    wanted: (weights,), S; plus, minus: (weights, levels), S, increasing; their numbers of levels may differ.  Among
    equal differences, the pair with the lowest conductance.  If one side has no pair, the pair of the other is returned
    for both.
    """
    after = _first_at_least(minus, plus - wanted[:, np.newaxis])
    below, has_below = _extreme(plus, minus, after, after < minus.shape[1], 1.0)
    above, has_above = _extreme(plus, minus, after - 1, after > 0, -1.0)
    return _instead(below, has_below, above), _instead(above, has_above, below)


def nearest_pairs(wanted: FloatArray, plus: FloatArray, minus: FloatArray) -> Pairs:
    """The pairs with the nearest difference, among equally near ones the lowest conductance; see `pairs_beside`."""
    below, above = pairs_beside(wanted, plus, minus)
    lower, upper = wanted - below.difference, above.difference - wanted
    every = np.arange(wanted.size)

    def conducted(pairs: Pairs) -> FloatArray:
        result: FloatArray = plus[every, pairs.levels[:, 0]] + minus[every, pairs.levels[:, 1]]
        return result

    margin = _EQUAL * _range(plus, minus)
    equal = np.abs(np.abs(lower) - np.abs(upper)) <= margin
    first = np.where(equal, conducted(below) <= conducted(above), np.abs(lower) < np.abs(upper))
    return Pairs(
        np.where(first[:, np.newaxis], below.levels, above.levels), np.where(first, below.difference, above.difference)
    )


def _extreme(
    plus: FloatArray, minus: FloatArray, partner: Numbers, valid: NDArray[np.bool_], sign: float
) -> tuple[Pairs, NDArray[np.bool_]]:
    """For each weight the pair with the largest difference times sign, and whether there is a valid one."""
    partner = np.clip(partner, 0, minus.shape[1] - 1)
    other = np.take_along_axis(minus, partner, axis=1)
    difference = plus - other
    ranked = np.where(valid, sign * difference, -np.inf)
    near = ranked >= ranked.max(axis=1, keepdims=True) - _EQUAL * _range(plus, minus)
    first = np.where(near, plus + other, np.inf).argmin(axis=1)
    every = np.arange(len(plus))
    known = np.asarray(valid.any(axis=1), dtype=np.bool_)
    return Pairs(np.stack([first, partner[every, first]], axis=1), difference[every, first]), known


def _instead(pairs: Pairs, known: NDArray[np.bool_], others: Pairs) -> Pairs:
    return Pairs(
        np.where(known[:, np.newaxis], pairs.levels, others.levels),
        np.where(known, pairs.difference, others.difference),
    )


def _first_at_least(rising: FloatArray, values: FloatArray) -> Numbers:
    """np.searchsorted for each row: the first position with a number of at least the value; the length if there is
    none."""
    low = np.zeros(values.shape, dtype=np.int64)
    high = np.full(values.shape, rising.shape[1])
    for _ in range(int(rising.shape[1]).bit_length()):
        middle = (low + high) // 2
        short = np.take_along_axis(rising, np.minimum(middle, rising.shape[1] - 1), axis=1) < values
        low = np.where(short & (low < high), middle + 1, low)
        high = np.where(short, high, middle)
    return low


def _range(plus: FloatArray, minus: FloatArray) -> float:
    return float(max(np.ptp(plus, axis=1).max(), np.ptp(minus, axis=1).max()))
