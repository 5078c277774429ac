"""Non-linear cells between the wires: Newton's method around the solvers of the linear network."""

import functools
from dataclasses import replace

import numpy as np

from compact_model.support.arrays import FloatArray
from compact_model.support.validation import ConvergenceError

from ..cells import Cells
from . import banded
from .connected import check_connected
from .iterative import IterativeSolver, unsupported
from .linear_network import Network, Sources
from .small_newton import SmallNewton, inputs_at_once
from .solution import NetworkSolution, inputs_of, joined, norm, norms
from .solve import SMALLEST_TOLERANCE, solve_network

_MOST_ITERATIONS = 100
_SHORTEST_STEP = 2.0**-20
_SMALLEST_SLOPE = 1e-13  # of the largest
_ROUND_OFF = 16 * 2.2e-16


class Tangents:
    """The network with every cell replaced by a conductance and a current source, solved repeatedly.

    many: whether thousands of solutions are expected, for which kept factors pay even in larger arrays.
    """

    def __init__(self, network: Network, method: str | None, entrywise: bool, *, many: bool = False) -> None:
        self.network, self.method, self.entrywise = network, method, entrywise
        covered = banded.covers(network) or (many and banded.covers_again(network))
        small = method == "banded" or (method is None and covered)
        self.small = SmallNewton(network) if small and covered and not entrywise else None
        self._banded = small and banded.covers(network)

    @functools.cached_property
    def solver(self) -> IterativeSolver | None:
        """The iterative method if it is used; created on demand, because it has to be compiled."""
        if self.method not in (None, "iterative") or self._banded or unsupported(self.network):
            return None
        return IterativeSolver(self.network, entrywise=self.entrywise)

    def set_shunts(self, word_shunt: FloatArray, bit_shunt: FloatArray) -> None:
        """Other conductances from the lines' nodes to ground, (word lines,) and (bit lines,), S."""
        self.network = self.network.with_shunts(word_shunt, bit_shunt)
        if self.small is not None:
            self.small.set_shunts(word_shunt, bit_shunt)
        if self.__dict__.get("solver") is not None:
            assert self.solver is not None
            self.solver.set_shunts(word_shunt, bit_shunt)

    def solve(
        self, sources: Sources, slope: FloatArray, offset: FloatArray, tolerance: float, start: NetworkSolution | None
    ) -> NetworkSolution:
        """Cells with I = slope V + offset."""
        sources = sources.with_cell_current(-offset[np.newaxis])
        if self._banded and np.isfinite(slope.max()):
            try:
                matrix = banded.Matrix(self.network.with_cells(slope))
                found = banded.solve_prepared(matrix, sources, tolerance, self.entrywise)
            except ConvergenceError:
                pass  # another method may succeed, below
            else:
                if found.converged:
                    return found
        if self.solver is not None:
            if not np.isfinite(slope.max()):
                self.solver.set_conductance(slope)  # raises an error that names the problem
            self.solver.set_checked_conductance(slope)  # above 0 everywhere, so all lines stay connected
            found = self.solver.solve(sources, tolerance=tolerance, start=start)
            if found.converged:
                return found
        network = self.network.replace(conductance=slope)
        return solve_network(
            network, sources, tolerance=tolerance, entrywise=self.entrywise, method=self.method, start=start
        )


def _check_kirchhoff(
    network: Network,
    sources: Sources,
    solution: NetworkSolution,
    tolerance: float,
    floor: FloatArray | float = 0.0,
) -> None:
    """ConvergenceError if the current into a line does not equal that of its devices and shunts.

    tolerance: of the devices' currents, relative, in the norm.
    floor: (K,), A; the part of the devices' currents that is below the resolution of float64 voltages.
    """
    current = solution.device_current
    scale = norms(current)
    word = solution.word_start_current + solution.word_stop_current - current.sum(axis=2)
    bit = solution.bit_start_current + solution.bit_stop_current + current.sum(axis=1)
    if network.bridged:
        over_words, over_bits = network.through_bridges(solution.word_voltage, solution.bit_voltage)
        word, bit = word - over_words.sum(axis=2), bit - over_bits.sum(axis=1)
        scale = np.hypot(scale, np.hypot(norms(over_words), norms(over_bits)))
    for line, along, shunt, voltage, fed in (
        (word, 2, network.word_shunt[:, np.newaxis], solution.word_voltage, sources.word_current),
        (bit, 1, network.bit_shunt, solution.bit_voltage, sources.bit_current),
    ):
        if fed is not None or shunt.any():
            taken = shunt * voltage
            floor = floor + _ROUND_OFF * norms(taken)
            if fed is not None:
                taken -= fed
            line -= taken.sum(axis=along)
            scale = np.hypot(scale, norms(taken))
    longest = max(current.shape[1:])  # a sum of as many errors is at most its root times their norm
    worst = np.maximum(np.abs(word).max(axis=1), np.abs(bit).max(axis=1))
    wrong = ~(worst <= np.maximum(max(1e-6, longest**0.5 * tolerance) * scale, 10.0 * np.asarray(floor)))
    if wrong.any():
        raise ConvergenceError(
            f"cells: the currents of a line do not balance by {worst[wrong][0]:.3g} A; their slopes span too many "
            "decades"
        )


def at_rest(network: Network, inputs: int = 1) -> NetworkSolution:
    """Without any drive, all voltages and currents are 0."""
    check_connected(network)
    words, bits = network.shape
    cells, word, bit = np.zeros((inputs, words, bits)), np.zeros((inputs, words)), np.zeros((inputs, bits))
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
    """The solution with non-linear cells, and the number of Newton steps, the largest over the inputs.

    Each step solves the network with every cell replaced by its tangent.  The residual at a cell's two nodes is then
    the difference between its current and the tangent, so trying a shorter step costs no solution: it is halved until
    the residual decreases.  Monotonically increasing laws make the problem convex, and such steps converge from any
    start.
    tolerance: of the currents, in the norm.  start: a solution for the first tangents.  tangents: of an earlier call
    for the same network, whose solver is used again.
    Raises ConvergenceError, which states the accuracy reached.
    """
    if sources.silent():
        return at_rest(network, sources.inputs), 0  # exact, because every law passes through the origin
    if tangents is None:
        check_connected(network.replace(conductance=cells.zero_bias_conductance()))
        tangents = Tangents(network, method, entrywise)
    if tangents.small is not None and sources.inputs <= inputs_at_once(network, sources.inputs):
        begin = None if start is None else np.stack([start.word_voltage, start.bit_voltage], axis=1)
        quick = tangents.small.solve(cells, sources, tolerance, begin)
        if quick is not None:
            _check_kirchhoff(network, sources, quick[0], tolerance)
            return quick
    if sources.inputs > 1:
        return _in_parts(cells, sources, tolerance, start, tangents)
    voltage = np.zeros(network.shape) if start is None else (start.word_voltage - start.bit_voltage)[0]
    law = cells.at_successive_inputs()
    current, slope = (values[0] for values in law(voltage[np.newaxis]))
    left = np.full(network.shape, np.inf)
    found, size, step = start, np.inf, 0
    for step in range(1, _MOST_ITERATIONS + 1):
        # A cell that is off must not isolate a floating line; the residual is measured without this floor.
        slope = np.maximum(slope, _SMALLEST_SLOPE * float(slope.max()))
        offset = current - slope * voltage
        found = tangents.solve(sources, slope, offset, max(0.1 * tolerance, SMALLEST_TOLERANCE), found)
        goal = (found.word_voltage - found.bit_voltage)[0]
        promised = slope * goal + offset
        before = norm(left)
        length = 1.0
        while True:
            trial = voltage + length * (goal - voltage)
            trial_current, trial_slope = (values[0] for values in law(trial[np.newaxis]))
            rest = trial_current - length * promised
            if length < 1.0:
                rest += (1.0 - length) * (left - current)
            size = norm(rest)
            if size <= (1.0 - 0.1 * length) * before or length < _SHORTEST_STEP:
                break
            length *= 0.5
        scale = norm(trial_current)
        # Voltages in float64 do not resolve smaller currents.
        floor = _ROUND_OFF * norm(slope * (np.abs(found.word_voltage) + np.abs(found.bit_voltage))[0])
        if length == 1.0 and size <= max(tolerance * scale, floor):
            solution = replace(found, device_current=trial_current[np.newaxis])
            _check_kirchhoff(network, sources, solution, tolerance, floor)
            return solution, step
        if length < _SHORTEST_STEP:
            break
        voltage, current, slope, left = trial, trial_current, trial_slope, rest
    raise ConvergenceError(
        f"cells: Newton's method left {size:.3g} A of {norm(current):.3g} A unbalanced after {step} "
        f"steps; take the solution at a lower voltage as start, or ask for a tolerance above {tolerance:g}"
    )


def _in_parts(
    cells: Cells, sources: Sources, tolerance: float, start: NetworkSolution | None, tangents: Tangents
) -> tuple[NetworkSolution, int]:
    """The same for several inputs, as many at once as fit into memory, or one."""
    network, count = tangents.network, sources.inputs
    portion = inputs_at_once(network, count) if tangents.small is not None else 1
    portion = 1 if portion == count else portion
    found: list[NetworkSolution] = []
    steps = 0
    for first in range(0, count, portion):
        part = slice(first, min(first + portion, count))
        begin = None if start is None else inputs_of(start, part)
        solution, taken = solve_nonlinear(
            network, cells, sources.part(part), tolerance=tolerance, start=begin, tangents=tangents
        )
        found.append(solution)
        steps = max(steps, taken)
    return joined(found), steps
