"""What every method of solving a network gives back."""

from dataclasses import dataclass

import numpy as np

from compact_model.support.arrays import FloatArray


@dataclass(frozen=True, kw_only=True)
class NetworkSolution:
    """Voltages and currents of a network of N word lines and M bit lines, for K inputs.

    word_voltage, bit_voltage: (K, N, M), V, of the nodes of the word lines and of the bit lines.
    device_current: (K, N, M), A, from the word line to the bit line.
    word_start_current, word_stop_current: (K, N), A, into the array from the source at that end; 0 at an open end.
    bit_start_current, bit_stop_current: (K, M), A, the same.
    method: one of solve.METHODS; reason: why that one, and what went wrong before.
    iterations: the most over the inputs; 0 for a direct method.
    residual: the largest over the inputs of the measured relative error; see `solve.solve_network`.
    converged: whether the residual is below the tolerance, or as small as voltages in float64 allow.
    """

    word_voltage: FloatArray
    bit_voltage: FloatArray
    device_current: FloatArray
    word_start_current: FloatArray
    word_stop_current: FloatArray
    bit_start_current: FloatArray
    bit_stop_current: FloatArray
    method: str
    iterations: int
    residual: float
    converged: bool
    reason: str


def norm(values: FloatArray) -> float:
    """The Euclidean norm, without BLAS: its threads spin for tens of ms after a call, on the cores that ours need."""
    return float(np.sqrt(np.square(values).sum()))
