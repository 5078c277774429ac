"""Non-linear cells between the wires: Newton's method, with the solvers of the linear network inside."""

import math
from dataclasses import replace

import numpy as np

from compact_model.support.arrays import FloatArray
from compact_model.support.validation import ConvergenceError

from ..cells import Cells
from . import banded
from .iterative import IterativeSolver, unsupported
from .linear_network import Network, Sources, check_connected
from .solution import NetworkSolution, norm
from .solve import SMALLEST_TOLERANCE, solve_network

_MOST_ITERATIONS = 100
_SHORTEST_STEP = 2.0**-20
_SMALLEST_SLOPE = 1e-13  # of the largest
_ROUND_OFF = 16 * 2.2e-16


class Tangents:
    """The network with every cell replaced by a conductance and a current source, solved again and again.

    many: whether thousands of times are to be expected: small arrays, too, are then solved by the iterative method,
    which has to be compiled but takes half as long as `banded`.
    """

    def __init__(self, network: Network, method: str | None, entrywise: bool, *, many: bool = False) -> None:
        self.network, self.method, self.entrywise = network, method, entrywise
        self._small = (method == "banded" or (method is None and not many)) and banded.covers(network)
        iterative = method in (None, "iterative") and not self._small and not unsupported(network)
        self.solver = IterativeSolver(network, entrywise=entrywise) if iterative else None

    def set_shunts(self, word_shunt: FloatArray, bit_shunt: FloatArray) -> None:
        """Other conductances from the lines' nodes to ground, (word lines,) and (bit lines,), S."""
        self.network = self.network.with_shunts(word_shunt, bit_shunt)
        if self.solver is not None:
            self.solver.set_shunts(word_shunt, bit_shunt)

    def solve(
        self, sources: Sources, slope: FloatArray, offset: FloatArray, tolerance: float, start: NetworkSolution | None
    ) -> NetworkSolution:
        """Cells with I = slope V + offset."""
        sources = sources.with_cell_current(-offset[np.newaxis])
        if self._small and np.isfinite(slope.max()):
            try:
                found = banded.solve_checked(self.network.with_cells(slope), sources, tolerance, self.entrywise)
            except ConvergenceError:
                pass  # another method may do, below
            else:
                if found.converged:
                    return found
        if self.solver is not None:
            if not np.isfinite(slope.max()):
                self.solver.set_conductance(slope)  # says what is wrong with it
            self.solver.set_checked_conductance(slope)  # above 0 everywhere, so that all lines stay connected
            found = self.solver.solve(sources, tolerance=tolerance, start=start)
            if found.converged:
                return found
        network = self.network.replace(conductance=slope)
        return solve_network(
            network, sources, tolerance=tolerance, entrywise=self.entrywise, method=self.method, start=start
        )


def _check_kirchhoff(network: Network, sources: Sources, solution: NetworkSolution, scale: float, floor: float) -> None:
    """ConvergenceError where what enters a line is not what its devices and shunts take.

    scale: norm of the devices' currents, A; floor: what of it voltages in float64 cannot tell.
    """
    current = solution.device_current[0]
    word = (solution.word_start_current + solution.word_stop_current)[0] - current.sum(axis=1)
    bit = (solution.bit_start_current + solution.bit_stop_current)[0] + current.sum(axis=0)
    for line, along, shunt, voltage, fed in (
        (word, 1, network.word_shunt[:, np.newaxis], solution.word_voltage[0], sources.word_current),
        (bit, 0, network.bit_shunt, solution.bit_voltage[0], sources.bit_current),
    ):
        if fed is not None or shunt.any():
            taken = shunt * voltage
            floor += _ROUND_OFF * norm(taken)
            if fed is not None:
                taken -= fed[0]
            line -= taken.sum(axis=along)
            scale = math.hypot(scale, norm(taken))
    worst = max(float(np.abs(word).max()), float(np.abs(bit).max()))
    if not worst <= max(1e-6 * scale, 10.0 * floor):
        raise ConvergenceError(
            f"cells: the currents of a line are out of balance by {worst:.3g} A; their slopes span too many decades"
        )


def at_rest(network: Network) -> NetworkSolution:
    """Nothing drives the array: all voltages and currents are 0."""
    check_connected(network)
    words, bits = network.shape
    cells, word, bit = np.zeros((1, words, bits)), np.zeros((1, words)), np.zeros((1, bits))
    return NetworkSolution(
        word_voltage=cells,
        bit_voltage=cells.copy(),
        device_current=cells.copy(),
        word_start_current=word,
        word_stop_current=word.copy(),
        bit_start_current=bit,
        bit_stop_current=bit.copy(),
        method="none",
        iterations=0,
        residual=0.0,
        converged=True,
        reason="all sources are at 0 V and 0 A",
    )


def solve_nonlinear(
    network: Network,
    cells: Cells,
    sources: Sources,
    *,
    tolerance: float = 1e-10,
    entrywise: bool = False,
    method: str | None = None,
    start: NetworkSolution | None = None,
    tangents: Tangents | None = None,
) -> tuple[NetworkSolution, int]:
    """The solution with non-linear cells, for one input, and the number of Newton's steps.

    Each step solves the network with every cell replaced by its tangent.  What is then left over at a cell's two nodes
    is by how much its current differs from the tangent, so trying a shorter step costs no solution: it is halved until
    the rest shrinks.  Laws that rise monotonically make the problem convex, and such steps converge from any start.
    tolerance: of the currents, in the norm.  start: a solution to take the first tangents from.  tangents: of an
    earlier call for the same network, whose solver is used again.
    Raises ConvergenceError, which says how far it came.
    """
    if sources.silent():
        return at_rest(network), 0  # exactly, since every law passes through the origin
    if tangents is None:
        check_connected(network.replace(conductance=cells.zero_bias_conductance()))
        tangents = Tangents(network, method, entrywise)
    voltage = np.zeros(network.shape) if start is None else (start.word_voltage - start.bit_voltage)[0]
    current, slope = cells.current_and_slope(voltage)
    left = np.full(network.shape, np.inf)
    found, size, step = start, np.inf, 0
    for step in range(1, _MOST_ITERATIONS + 1):
        # A cell that is off must not cut a floating line off; what is left over is measured without this floor.
        slope = np.maximum(slope, _SMALLEST_SLOPE * float(slope.max()))
        offset = current - slope * voltage
        found = tangents.solve(sources, slope, offset, max(0.1 * tolerance, SMALLEST_TOLERANCE), found)
        goal = (found.word_voltage - found.bit_voltage)[0]
        promised = slope * goal + offset
        before = norm(left)
        length = 1.0
        while True:
            trial = voltage + length * (goal - voltage)
            trial_current, trial_slope = cells.current_and_slope(trial)
            rest = trial_current - length * promised
            if length < 1.0:
                rest += (1.0 - length) * (left - current)
            size = norm(rest)
            if size <= (1.0 - 0.1 * length) * before or length < _SHORTEST_STEP:
                break
            length *= 0.5
        scale = norm(trial_current)
        # Voltages in float64 carry currents no further than this.
        floor = _ROUND_OFF * norm(slope * (np.abs(found.word_voltage) + np.abs(found.bit_voltage))[0])
        if length == 1.0 and size <= max(tolerance * scale, floor):
            solution = replace(found, device_current=trial_current[np.newaxis])
            _check_kirchhoff(network, sources, solution, scale, floor)
            return solution, step
        if length < _SHORTEST_STEP:
            break
        voltage, current, slope, left = trial, trial_current, trial_slope, rest
    raise ConvergenceError(
        f"cells: Newton's method left {size:.3g} A of {norm(current):.3g} A unbalanced after {step} "
        f"steps; take the solution at a lower voltage as start, or ask for a tolerance above {tolerance:g}"
    )
