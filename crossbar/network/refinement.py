"""Iterative refinement of voltages from a factorisation, and their remaining error.

A factorisation has the round-off error of its matrix's diagonal, which a few strong cells may dominate.  The residual
currents at the nodes, summed from differences of voltages along the edges, are more accurate; a step subtracts the
response of the factors to them.  Where currents nearly cancel, voltages in double precision cannot represent them; the
steps are then repeated in the processor's extended precision, which usually has eleven more bits.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from compact_model.support.arrays import FloatArray

Floats = NDArray[np.floating]

MOST_STEPS = 8


def refine(
    voltage: FloatArray,
    residual: Callable[[Floats], Floats],
    once: Callable[[FloatArray], FloatArray],
    enough: Callable[[Floats, FloatArray], bool],
) -> tuple[Floats, FloatArray]:
    """The refined voltages (nodes, K), in double or extended precision, and the last step.

    residual: the residual currents into the nodes; once: the response of the factors to them; enough: whether such a
    step from such voltages is small enough to be the last one.
    """
    refined: Floats = voltage
    first = True
    for precision in (np.float64, np.longdouble):
        refined = refined.astype(precision)
        before = np.full(voltage.shape[1], np.inf)
        for _ in range(MOST_STEPS):
            correction = once(residual(refined).astype(np.float64, copy=False))
            done = not first and enough(refined, correction)
            first = False
            size = np.abs(correction).max(axis=0)
            better = size < 0.5 * before
            if better.all():
                refined += correction
            else:
                refined += np.where(better, correction, 0.0)
            if done:
                return refined, correction
            if not better.any():
                break
            before = np.where(better, size, before)
    return refined, correction
