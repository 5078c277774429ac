"""How far off a solution is, from the correction that one more step of refinement would make."""

import math
from typing import NamedTuple

import numpy as np

from .linear_network import Network, Sources
from .refinement import Floats

ROUND_OFF_REASON = "; as accurate as voltages in float64 allow"
_ROUND_OFF = 64 * 2.2e-16


class Error(NamedTuple):
    """residual: relative; converged: below the tolerance, or as small as the voltages' precision allows (rounded)."""

    residual: float
    converged: bool
    rounded: bool


def measured_error(
    network: Network,
    sources: Sources,
    word: Floats,
    bit: Floats,
    word_error: Floats,
    bit_error: Floats,
    tolerance: float,
) -> Error:
    """The largest over the inputs, of the devices' currents, of the voltages and of the shunts' currents, in the norm.

    word, bit and their errors: (K, N, M), V.
    """
    cells = network.conductance
    if np.isinf(cells).any():
        cells = np.where(np.isinf(cells), 0.0, cells)
    # In units of the largest, so that no square that matters falls below the smallest double.
    volt = np.maximum(np.abs(word).max(axis=(1, 2)), np.abs(bit).max(axis=(1, 2)))[:, np.newaxis, np.newaxis]
    volt = np.where((volt > 0.0) & np.isfinite(volt), volt, 1.0)
    siemens = float(cells.max()) or 1.0
    word, bit, word_error, bit_error = word / volt, bit / volt, word_error / volt, bit_error / volt
    cells = cells / siemens
    least = max(tolerance, _ROUND_OFF)
    size, error = _norm(cells * (word - bit)), _norm(cells * (word_error - bit_error))
    relative = _share(error, size)
    of_volts = _share(np.hypot(_norm(word_error), _norm(bit_error)), np.hypot(_norm(word), _norm(bit)))
    others = of_volts
    if network.word_shunt.any() or network.bit_shunt.any():
        leak = network.word_shunt[:, np.newaxis] / siemens, network.bit_shunt / siemens
        through = np.hypot(size, np.hypot(_norm(leak[0] * word), _norm(leak[1] * bit)))
        wrong = np.hypot(_norm(leak[0] * word_error), _norm(leak[1] * bit_error))
        others = np.maximum(others, _share(wrong, through))
    rounded = np.zeros(relative.shape, dtype=bool)
    if not (relative <= least).all():
        unit = _ROUND_OFF / np.finfo(np.float64).eps * np.finfo(word.dtype).eps
        rounded = (relative > least) & (error <= unit * _norm(cells * (np.abs(word) + np.abs(bit))))
    small = (others <= least) & ((relative <= least) | rounded)
    relative = np.maximum(relative, others)
    worst = float(relative.max())
    return Error(worst if not math.isnan(worst) else math.inf, bool(small.all()), bool(rounded.any()))


def _norm(values: Floats) -> Floats:
    return np.asarray(np.sqrt(np.einsum("knm,knm->k", values, values)))


def _share(error: Floats, size: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(error > 0.0, error / size, np.where(error == 0.0, 0.0, np.inf))
