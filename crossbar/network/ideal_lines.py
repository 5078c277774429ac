"""Wires without resistance: each line has one voltage, and only those of the floating lines are unknown."""

import numpy as np
from numpy.typing import NDArray

from compact_model.support.arrays import FloatArray

from ..cells import Cells

_MOST_STEPS = 12
_SETTLED = 1e-9  # of the largest voltage: the step after one this small is below round-off


def voltages_with_floating_lines(
    cells: Cells,
    word_line: FloatArray,
    bit_line: FloatArray,
    floating_words: NDArray[np.bool_],
    floating_bits: NDArray[np.bool_],
) -> FloatArray | None:
    """The cells' voltages, V, (N, M), by Newton's method for the residual currents of the floating lines.

    None if a cell is off, so that a line may have no path to a source, if no line has a source, and if a few steps do
    not suffice: the general method then finds the solution or the reason.
    word_line, bit_line: (N,), (M,), V, of the sources; those of floating lines are ignored.  In each step the floating
    word lines, which are connected only to bit lines, are eliminated.
    """
    if floating_words.all() and floating_bits.all():
        return None
    word, bit = np.where(floating_words, 0.0, word_line), np.where(floating_bits, 0.0, bit_line)
    limit = _SETTLED * max(float(np.abs(word).max()), float(np.abs(bit).max()))
    with np.errstate(over="ignore", invalid="ignore"):  # of a step that is then rejected
        for _ in range(_MOST_STEPS):
            current, slope = cells.current_and_slope(word[:, np.newaxis] - bit)
            if not slope.min() > 0.0:
                return None
            into_words, into_bits = -current.sum(axis=1)[floating_words], current.sum(axis=0)[floating_bits]
            of_words, of_bits = slope.sum(axis=1)[floating_words], slope.sum(axis=0)[floating_bits]
            between = slope[floating_words][:, floating_bits]
            share = between / of_words[:, np.newaxis]
            try:
                bit_step = np.linalg.solve(np.diag(of_bits) - between.T @ share, into_bits + share.T @ into_words)
            except np.linalg.LinAlgError:
                return None
            word_step = into_words / of_words + share @ bit_step
            word[floating_words] += word_step
            bit[floating_bits] += bit_step
            largest = max(np.abs(word_step).max(initial=0.0), np.abs(bit_step).max(initial=0.0))
            if not np.isfinite(largest):
                return None
            if largest <= limit:
                return np.asarray(word[:, np.newaxis] - bit)
    return None
