"""Newton's method for small arrays of non-linear cells: all inputs at once, with the band matrix of `banded`.

The residual at the nodes is summed from the currents themselves, so factors of slightly different slopes lead to the
same solution, only in more steps: as long as no slope of a cell differs from the factorised one by more than a share r,
a step leaves at most about r of an error (the two matrices differ by no more in any direction).  Factors are therefore
kept as long as that is cheaper, from one solution to the next if an array is followed in time, and the remaining error
after a step is known without another one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpbtrf, dpbtrs

from compact_model.support.arrays import FloatArray

from ..cells import Cells, Law
from .banded import Equations, Matrix
from .ends import with_ends
from .linear_network import Network, Sources
from .measure import Error
from .solution import NetworkSolution, norms

_MOST_STEPS = 60
_SHORTEST_STEP = 2.0**-10
_KEPT_WITHIN = 0.03  # of the slopes: a new factorisation costs about as much as three steps
_KEPT_WHERE_CHEAP = 1e-3
_CHEAP = 16.0 * 16.0**3  # nodes times the square of the bandwidth, up to which it costs less than a step
_INACCURACY = 1e-5  # of an error, left by the factors themselves, by round-off
_SMALLEST_SLOPE = 1e-13  # of the largest
_NEARLY_THERE = 1e-3  # relative error below which full steps are taken
_ROUND_OFF = 64 * 2.2e-16
_BYTES_AT_ONCE = 1 << 26


@dataclass
class _Factors:
    """Factors for all inputs in common, or one each, and their slopes (1 or K, N, M)."""

    slope: FloatArray
    each: list[FloatArray]

    def solve(self, right: FloatArray) -> FloatArray:
        """Solve for right-hand sides (nodes, K)."""
        if len(self.each) == 1:
            return np.asarray(dpbtrs(self.each[0], right, lower=1)[0])
        found = np.empty_like(right)
        for index, factor in enumerate(self.each):
            found[:, index] = dpbtrs(factor, right[:, index], lower=1)[0]
        return found

    def distance(self, slope: FloatArray) -> FloatArray:
        """The largest relative deviation of slopes (K, N, M) from those of the factors, for each input."""
        if self.slope.shape[0] not in (1, slope.shape[0]):
            return np.full(slope.shape[0], np.inf)
        return np.asarray(np.maximum.reduce(np.abs(slope / self.slope - 1.0), axis=(1, 2)))


class SmallNewton:
    """The method for one circuit, which keeps its factors; the wires as in `banded.covers`."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._factors: _Factors | None = None

    def forget(self) -> None:
        """Discard the factors, so that the last digits of the next solution do not depend on earlier ones."""
        self._factors = None

    def set_shunts(self, word_shunt: FloatArray, bit_shunt: FloatArray) -> None:
        """Other conductances from the lines' nodes to ground, (word lines,) and (bit lines,), S."""
        before = self.network
        if not (np.array_equal(before.word_shunt, word_shunt) and np.array_equal(before.bit_shunt, bit_shunt)):
            self._factors = None
        self.network = before.with_shunts(word_shunt, bit_shunt)

    def solve(
        self, cells: Cells, sources: Sources, tolerance: float, start: FloatArray | None = None
    ) -> tuple[NetworkSolution, int] | None:
        """The solution for all inputs, and the number of Newton steps; None if a few steps do not suffice.

        A correction with the slopes of the factors is a refinement of the same linear solution and not counted.

        start: initial voltages (K, 2, N, M) of the nodes of the word lines and the bit lines.
        """
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # of a step that is then halved
            return self._solve(cells, sources, tolerance, start)

    def _solve(
        self, cells: Cells, sources: Sources, tolerance: float, start: FloatArray | None
    ) -> tuple[NetworkSolution, int] | None:
        network = self.network.with_cells(np.zeros(self.network.shape))
        matrix = Matrix(network)
        equations = Equations(matrix, sources)
        nodes = equations.start.copy() if start is None else equations.nodes_of(start)
        law = cells.at_successive_inputs()
        voltage, current, slope, left = _look(equations, law, nodes)
        size = norms(left.T)
        kept_within = _KEPT_WITHIN if matrix.layout.nodes * matrix.layout.band**2 > _CHEAP else _KEPT_WHERE_CHEAP
        distance = None if self._factors is None else self._factors.distance(slope)
        newton_steps = 0
        for _ in range(_MOST_STEPS):
            if self._factors is None or distance is None or not (distance <= kept_within).all():
                far = np.full(nodes.shape[1], True) if distance is None else ~(distance <= kept_within)
                self._factors = _factorised(matrix, slope, far, self._factors)
                if self._factors is None:
                    return None
                distance = np.zeros(nodes.shape[1]) if distance is None else np.where(far, 0.0, distance)
                newton_steps += 1
            elif distance.any():
                newton_steps += 1
            correction = self._factors.solve(left)
            wrong = np.asarray(matrix.at_cells(correction), dtype=np.float64)
            error, rounded = _error(network, voltage, current, slope, wrong)
            if not np.isfinite(error).all():
                return None
            length = np.ones(nodes.shape[1])
            while True:
                trial = nodes + length * correction
                voltage, current, slope, left = _look(equations, law, trial)
                found = norms(left.T)
                worse = (error > _NEARLY_THERE) & ~(found <= (1.0 - 0.1 * length) * size)
                if not worse.any():
                    break
                length[worse] *= 0.5
                if length.min() < _SHORTEST_STEP:
                    return None
            nodes, size = trial, found
            after = self._factors.distance(slope)
            remains = error * np.maximum(2.0 * np.maximum(distance, after), _INACCURACY)
            distance = after
            small = (error <= _NEARLY_THERE) & (remains <= max(tolerance, _ROUND_OFF))
            if (small | rounded).all():
                worst = float(np.where(small, remains, error).max())
                return _solution(self.network, sources, voltage, current, worst, bool(rounded.any())), max(
                    newton_steps, 1
                )
        return None


def inputs_at_once(network: Network, inputs: int) -> int:
    """The number of inputs that fit into a few tens of MB."""
    shorter, cells = min(network.shape), network.conductance.size
    return max(1, min(inputs, _BYTES_AT_ONCE // (16 * cells * (2 * shorter + 1))))


def _look(equations: Equations, law: Law, nodes: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Voltages (K, 2, N, M), currents and slopes (K, N, M), and residuals at the nodes (nodes, K)."""
    voltage = np.asarray(equations.matrix.at_cells(nodes), dtype=np.float64)
    current, slope = law(voltage[:, 0] - voltage[:, 1])
    # A cell that is off must not isolate a floating line; the residual is measured without this floor.
    slope = np.maximum(slope, _SMALLEST_SLOPE * np.maximum.reduce(slope, axis=(1, 2), keepdims=True))
    return voltage, current, slope, np.asarray(equations.residual(nodes, current), dtype=np.float64)


def _factorised(matrix: Matrix, slope: FloatArray, far: NDArray[np.bool_], before: _Factors | None) -> _Factors | None:
    """Factors for all inputs, new only for those far from their earlier factors; None if a matrix is singular in
    float64.
    """
    if not np.isfinite(slope).all():
        return None
    if slope.shape[0] > 1 and (slope == slope[0]).all():
        slope, far = slope[:1], np.full(1, True)
    if before is None or len(before.each) != slope.shape[0]:
        far = np.full(slope.shape[0], True)
    each = []
    for band in matrix.bands(slope[far]):
        factor, failure = dpbtrf(band, lower=1, overwrite_ab=1)
        if failure:
            return None
        each.append(factor)
    if before is None or far.all():
        return _Factors(slope, each)
    new = iter(each)
    kept = [next(new) if renewed else factor for renewed, factor in zip(far, before.each, strict=True)]
    return _Factors(np.where(far[:, np.newaxis, np.newaxis], slope, before.slope), kept)


def _error(
    network: Network, voltage: FloatArray, current: FloatArray, slope: FloatArray, wrong: FloatArray
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """For each input, the relative error that a correction of the voltages removes, and whether it is round-off."""
    volt = np.maximum.reduce(np.abs(voltage), axis=(1, 2, 3))
    volt = np.where(volt > 0.0, volt, 1.0)
    siemens = np.maximum.reduce(slope, axis=(1, 2))
    each = volt[:, np.newaxis, np.newaxis, np.newaxis]
    at, off = voltage / each, wrong / each
    relative_slope = slope / siemens[:, np.newaxis, np.newaxis]
    amps = norms(current / (siemens * volt)[:, np.newaxis, np.newaxis])
    missing = norms(relative_slope * (off[:, 0] - off[:, 1]))
    apart = norms(off)
    with np.errstate(divide="ignore", invalid="ignore"):
        # From 0, the first step is the whole solution.
        error = np.where(missing > 0.0, missing / amps, 0.0)
        voltages = np.where(apart > 0.0, apart / norms(at), 0.0)
        if network.shunted:
            leak = np.stack([np.broadcast_to(network.word_shunt[:, np.newaxis], network.shape),
                             np.broadcast_to(network.bit_shunt, network.shape)])  # fmt: skip
            leak = leak / siemens[:, np.newaxis, np.newaxis, np.newaxis]
            voltages = np.maximum(voltages, norms(leak * off) / np.hypot(amps, norms(leak * at)))
    rounded = np.asarray(voltages <= _ROUND_OFF)
    if rounded.any():  # seldom
        rounded &= missing <= _ROUND_OFF * norms(relative_slope * np.abs(at).sum(axis=1))
    error = np.maximum(np.minimum(error, 1e300), np.minimum(voltages, 1e300))  # NaN stays NaN
    return error, rounded


def _solution(
    network: Network, sources: Sources, voltage: FloatArray, current: FloatArray, residual: float, rounded: bool
) -> NetworkSolution:
    word, bit = (np.ascontiguousarray(voltage[:, side]) for side in (0, 1))
    error = Error(residual, True, rounded)
    return with_ends(network, sources, word, bit, current, method="banded", error=error, reason="a small array")
