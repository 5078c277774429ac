"""A device and its transistor in series, between a source line and a bit line."""

from dataclasses import dataclass

import numpy as np

from compact_model.support.arrays import FloatArray
from compact_model.support.validation import ConvergenceError

from ..cells import Cells, Resistors
from .law import MosTransistor

_MOST_STEPS = 300
_PRECISION = 1e-15


@dataclass(frozen=True)
class SeriesState:
    """The currents of all cells; each of shape (word lines, bit lines).

    current: A, from the source line to the bit line; by_source, by_bit: its slopes with the two lines' potentials, S,
    at least and at most 0; between: V, of the node between transistor and device.
    """

    current: FloatArray
    by_source: FloatArray
    by_bit: FloatArray
    between: FloatArray


def series(
    cells: Cells, transistor: MosTransistor, source: FloatArray, bit: FloatArray, gate: FloatArray, start: FloatArray
) -> SeriesState:
    """The common current: Newton's method for the potential of the node between them, within shrinking bounds.

    source, bit, gate, start: V, (word lines, bit lines); start: initial potential of the node between.  In cells
    without a resistance only the transistor remains.
    """
    shorted = np.isinf(cells.conductance) if isinstance(cells, Resistors) else np.zeros(source.shape, dtype=bool)
    low, high = (np.where(shorted, bit, each(source, bit)) for each in (np.minimum, np.maximum))
    middle = np.clip(start, low, high)
    close = _PRECISION * np.maximum(np.abs(source), np.abs(bit))
    for number in range(_MOST_STEPS):
        through, at_source, at_middle = transistor.current_and_slopes(source, middle, gate)
        with np.errstate(invalid="ignore"):  # the current of a shorted cell does not follow from its voltage
            beside, slope = cells.current_and_slope(middle - bit)
        excess = through - beside  # decreases as the node's potential rises
        low = np.where(excess >= 0.0, middle, low)
        high = np.where(excess <= 0.0, middle, high)
        with np.errstate(invalid="ignore", divide="ignore"):
            proposed = middle + excess / (slope - at_middle)
        inside = (proposed >= low) & (proposed <= high) & (number % 3 < 2)  # False for NaN too
        following = np.where(inside, proposed, 0.5 * (low + high))
        done = (high - low <= close) | (inside & (np.abs(following - middle) <= close))
        middle = following
        if done.all():
            break
    else:
        raise ConvergenceError(f"cells: no common current of transistor and device within {_MOST_STEPS} steps")
    through, at_source, at_middle = transistor.current_and_slopes(source, middle, gate)
    with np.errstate(invalid="ignore", divide="ignore"):
        beside, slope = cells.current_and_slope(middle - bit)
        share = np.where(shorted, 1.0, slope / (slope - at_middle))
        by_source, by_bit = share * at_source, share * at_middle
    nothing = ~(slope - at_middle > 0.0)
    # From the law that is less sensitive to the rounding of the potential.
    current = np.where(slope <= -at_middle, beside, through)
    return SeriesState(current, np.where(nothing, 0.0, by_source), np.where(nothing, 0.0, by_bit), middle)
