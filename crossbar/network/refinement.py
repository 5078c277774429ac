"""Iterative refinement of voltages that a factorisation gave, and how far off they still are.

A factorisation is wrong by the round-off of its matrix's diagonal, which a few strong cells may fill.  The currents
left over at the nodes, summed from differences of voltages along the edges, know better; a step takes away what the
factors make of them.  Where currents nearly cancel, voltages in double precision cannot carry them: the steps are then
repeated in the processor's extended precision, which on most has eleven bits more.
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

    residual: the currents into the nodes that are left over; once: what the factors make of them; enough: whether such
    a step from such voltages is so small that it may be the last one.
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
