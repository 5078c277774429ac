"""Conjugate gradients for arrays with segments that differ along a line, or with lines shorted to each other.

The preconditioner is the regular array, with equal segments along each line and without bridges, which `iterative`
solves fast.  With segments that differ by a tenth, each step leaves a tenth of the error; a break or a bridge takes a
few more steps.
"""

from dataclasses import replace

import numpy as np

from compact_model.support.arrays import FloatArray
from compact_model.support.memory import check_memory
from compact_model.support.validation import ConvergenceError

from .connected import check_connected
from .direct import Indices, Matrix, solve_nodes
from .iterative import BYTES_PER_CELL, BYTES_PER_CELL_AND_INPUT, IterativeSolver, unsupported
from .linear_network import Network, Sources
from .solution import NetworkSolution

_FEWEST_CELLS = 96 * 96  # for fewer, a factorisation is faster
_MOST_INPUTS = 8  # at 96 x 96, because a factorisation serves many; more where it takes longer
_MOST_STEPS = 100
_FIRST_REDUCTION = 0.1  # of an error, in units of the tolerance
_NEXT_REDUCTION = 0.1  # of the remaining error, which is refined and measured
_PRECONDITIONER_TOLERANCE = 1e-2
_BYTES_OF_EQUATIONS = 900.0  # per cell
_BYTES_OF_VECTORS = 150.0  # per cell and input


def supported(network: Network) -> bool:
    """Whether this method covers a network."""
    return bool(
        (network.bridged or network.word_segment.ndim + network.bit_segment.ndim > 2)
        and np.isfinite(network.conductance.max())
        and not unsupported(regular(network))
    )


def fastest(network: Network, inputs: int) -> bool:
    """Whether it covers the network, and is the fastest for this number of inputs."""
    cells = network.conductance.size
    return cells >= _FEWEST_CELLS and inputs * _FEWEST_CELLS <= _MOST_INPUTS * cells and supported(network)


def regular(network: Network) -> Network:
    """The array with the mean conductance of each line's segments, without bridges."""
    return network.replace(
        word_segment=_mean(network.word_segment, 1),
        bit_segment=_mean(network.bit_segment, 0),
        word_bridge=None,
        bit_bridge=None,
    )


def _mean(segment: FloatArray, along: int) -> FloatArray:
    """One segment for each line, Ohm: 0 if one of its own is 0, the mean of all lines if all are broken."""
    if segment.ndim == 1:
        return segment
    with np.errstate(divide="ignore"):
        siemens = (1.0 / segment).mean(axis=along)
        return np.asarray(1.0 / np.where(siemens > 0.0, siemens, siemens.mean()))


def solve_irregular(network: Network, sources: Sources, *, tolerance: float, reason: str) -> NetworkSolution:
    """Voltages and currents of a checked network that this method covers; see `solve.solve_network`.

    ConvergenceError if the segments, bridges and cells are too different for it.
    """
    check_connected(network)
    cells = float(network.conductance.size)
    check_memory(
        "the iterative method",
        cells * (BYTES_PER_CELL + _BYTES_OF_EQUATIONS)
        + cells * sources.inputs * (BYTES_PER_CELL_AND_INPUT + _BYTES_OF_VECTORS),
    )
    solver = IterativeSolver(regular(network))

    def inverse(matrix: Matrix, nodes: Indices) -> _ConjugateGradients:
        return _ConjugateGradients(matrix, nodes, solver, _FIRST_REDUCTION * tolerance)

    return solve_nodes(network, sources, inverse, tolerance=tolerance, method="iterative", reason=reason)


class _ConjugateGradients:
    """The inverse of a symmetric matrix, with a regular array as the preconditioner.

    The array is also solved iteratively, so it is not quite the same matrix in every step; the direction is therefore
    made conjugate to the last one by using the preconditioned change (the formula of Polak and Ribiere).
    """

    def __init__(self, matrix: Matrix, nodes: Indices, solver: IterativeSolver, reduction: float) -> None:
        self._matrix, self._nodes, self._solver = matrix, nodes, solver
        self._reduction = reduction  # of the error, by the next call

    def __call__(self, right: FloatArray) -> FloatArray:
        """Voltages (unknowns, K), V, from currents (unknowns, K), A."""
        voltage, left = np.zeros_like(right), right.copy()
        guess = self._precondition(left)
        direction, size = guess, _products(left, guess)
        enough = self._reduction**2 * size
        for _ in range(_MOST_STEPS):
            taken = self._matrix @ direction
            curvature = _products(direction, taken)
            length = np.divide(size, curvature, out=np.zeros_like(size), where=(curvature > 0.0) & (size > enough))
            voltage += length * direction
            change = length * taken
            left -= change
            guess = self._precondition(left)
            before, size = size, _products(left, guess)
            if (size <= enough).all():
                self._reduction = _NEXT_REDUCTION
                return voltage
            if not np.isfinite(size).all():
                break
            share = np.divide(-_products(change, guess), before, out=np.zeros_like(size), where=before > 0.0)
            direction = guess + np.maximum(share, 0.0) * direction
        raise ConvergenceError(
            f"iterative: {_MOST_STEPS} steps left more than {self._reduction:g} of an error; the segments of a line "
            "differ too much"
        )

    def _precondition(self, left: FloatArray) -> FloatArray:
        """The voltages of the regular array's nodes in response to currents into them."""
        network = self._solver.network
        fed = np.zeros((left.shape[1], 2 * network.conductance.size))
        fed[:, self._nodes] = left.T
        word, bit = fed.reshape(left.shape[1], 2, *network.shape).transpose(1, 0, 2, 3)
        sources = replace(Sources.zero(network, left.shape[1]), word_current=word, bit_current=bit)
        found = self._solver.solve(sources, tolerance=_PRECONDITIONER_TOLERANCE)
        voltage = np.stack([found.word_voltage, found.bit_voltage], axis=1).reshape(left.shape[1], -1)
        return np.ascontiguousarray(voltage[:, self._nodes].T)


def _products(first: FloatArray, second: FloatArray) -> FloatArray:
    """The scalar products of the columns."""
    return np.asarray(np.einsum("ij,ij->j", first, second))
