"""The result of every method of solving a network."""

from dataclasses import dataclass, fields, replace
from typing import Any

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
    """The Euclidean norm, without BLAS, whose threads spin for tens of ms after a call, on the cores that ours need."""
    return float(np.sqrt(np.square(values).sum()))


def norms(values: FloatArray) -> FloatArray:
    """The norm for each input, over all axes but the first."""
    # `sum` takes twice as long to reach the same addition, and small arrays ask for many norms.
    return np.asarray(np.sqrt(np.add.reduce(np.square(values).reshape(values.shape[0], -1), axis=1)))


_ARRAYS = tuple(field.name for field in fields(NetworkSolution) if field.name.endswith(("voltage", "current")))


def inputs_of(solution: NetworkSolution, part: slice) -> NetworkSolution:
    """Some of the inputs of a solution."""
    arrays: dict[str, Any] = {name: getattr(solution, name)[part] for name in _ARRAYS}
    return replace(solution, **arrays)


def difference(solution: NetworkSolution, other: NetworkSolution) -> NetworkSolution:
    """All voltages and currents minus those of another solution of the same shape."""
    arrays: dict[str, Any] = {name: getattr(solution, name) - getattr(other, name) for name in _ARRAYS}
    return replace(solution, **arrays)


def joined(solutions: list[NetworkSolution]) -> NetworkSolution:
    """The inputs of several solutions of one network, one after the other."""
    arrays: dict[str, Any] = {name: np.concatenate([getattr(each, name) for each in solutions]) for name in _ARRAYS}
    return replace(
        solutions[0],
        **arrays,
        method=", ".join(dict.fromkeys(each.method for each in solutions)),
        iterations=max(each.iterations for each in solutions),
        residual=max(each.residual for each in solutions),
        converged=all(each.converged for each in solutions),
    )
