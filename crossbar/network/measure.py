"""The error of a solution, from the correction that one more refinement step would make."""

import math
from typing import NamedTuple

import numpy as np

from .linear_network import Network
from .refinement import Floats

ROUND_OFF_REASON = "; as accurate as voltages in float64 allow"
_ROUND_OFF = 64 * 2.2e-16


class Error(NamedTuple):
    """residual: relative; converged: below the tolerance, or as small as the voltages' precision allows (rounded)."""

    residual: float
    converged: bool
    rounded: bool


class ShortCurrents(NamedTuple):
    """Of shorted cells, (K, cells), A: the currents, their errors, and the magnitudes of their terms."""

    current: Floats
    wrong: Floats
    size: Floats


def measured_error(
    network: Network, voltage: Floats, wrong: Floats, tolerance: float, shorts: ShortCurrents | None = None
) -> Error:
    """The largest error over the inputs, of the devices' currents, of the voltages and of the shunts' currents, in the
    norm.

    voltage, wrong: (K, 2, N, M), V, of the nodes of the word lines and of the bit lines, and their errors.
    shorts: the currents of the cells without resistance, which do not follow from differences of voltages.
    """
    cells = network.conductance
    siemens = float(np.maximum.reduce(cells, axis=None))
    if siemens == math.inf:
        cells = np.where(np.isinf(cells), 0.0, cells)
        siemens = float(cells.max())
    # In units of the largest, so that no relevant square underflows.
    volt = np.maximum.reduce(np.abs(voltage), axis=(1, 2, 3), keepdims=True)
    if not (volt.all() and volt.max() < np.inf):  # also for NaN
        volt = np.where((volt > 0.0) & np.isfinite(volt), volt, 1.0)
    siemens = siemens or 1.0
    both = np.empty((2, *voltage.shape), voltage.dtype)
    np.divide(voltage, volt, out=both[0])
    np.divide(wrong, volt, out=both[1])
    cells = cells / siemens
    least = max(tolerance, _ROUND_OFF)
    size, error = _norm(cells * (both[:, :, 0] - both[:, :, 1]))
    if shorts is not None:
        of_shorts = _norm(np.stack(shorts) / (siemens * volt[:, 0, 0]))
        size, error = np.hypot(size, of_shorts[0]), np.hypot(error, of_shorts[1])
    relative = _share(error, size)
    of_volts, of_wrong = _norm(both)
    others = _share(of_wrong, of_volts)
    if network.shunted:
        leak = np.empty((2, *cells.shape))
        leak[0], leak[1] = network.word_shunt[:, np.newaxis] / siemens, network.bit_shunt / siemens
        leaking, wrongly = _norm(leak * both)
        others = np.maximum(others, _share(wrongly, np.hypot(size, leaking)))
    worst = float(np.maximum(relative, others).max())
    if worst <= least:  # the usual case
        return Error(worst, True, False)
    rounded = np.zeros(relative.shape, dtype=bool)
    if not (relative <= least).all():
        unit = _ROUND_OFF / np.finfo(np.float64).eps * np.finfo(voltage.dtype).eps
        sizes = np.abs(both[0])
        most = _norm(cells * (sizes[:, :1] + sizes[:, 1:]))[:, 0]
        if shorts is not None:
            most = np.hypot(most, of_shorts[2])
        rounded = (relative > least) & (error <= unit * most)
    small = (others <= least) & ((relative <= least) | rounded)
    return Error(worst if not math.isnan(worst) else math.inf, bool(small.all()), bool(rounded.any()))


def _norm(values: Floats) -> Floats:
    """The norms over all axes but the first two."""
    squares = np.square(values).reshape(*values.shape[:2], -1)
    return np.asarray(np.sqrt(np.add.reduce(squares, axis=2)))


def _share(error: Floats, size: Floats) -> Floats:
    if size.all():
        return np.asarray(error / size)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(error > 0.0, error / size, np.where(error == 0.0, 0.0, np.inf))
