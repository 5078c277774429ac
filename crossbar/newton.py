"""Non-linear cells between the wires: Newton's method, with the solvers of the linear network inside."""

import numpy as np
from numpy.typing import NDArray

from compact_model.validation import ConvergenceError

from .cells import Cells
from .network import Network, Sources
from .solution import NetworkSolution
from .solve import LinearSolver

Array = NDArray[np.float64]

_MOST_ITERATIONS = 100
_SHORTEST_STEP = 2.0**-20


def solve_nonlinear(
    network: Network,
    cells: Cells,
    sources: Sources,
    *,
    tolerance: float,
    entrywise: bool,
    method: str | None,
    start: NetworkSolution | None,
) -> tuple[NetworkSolution, int]:
    """The solution with non-linear cells, for one input, and the number of Newton's steps.

    Each step solves the network with every cell replaced by its tangent, a conductance and a current source.  What is
    left over at a node is what its one cell's current differs from the tangent, so a step is halved, cheaply, until
    that shrinks; laws that rise monotonically make the problem convex, and such steps converge from any start.
    tolerance: of the currents, in the norm.  Raises ConvergenceError, which says how far it came.
    """
    solver = LinearSolver(network, method=method, entrywise=entrywise)
    if start is None:
        voltage = np.zeros(network.shape)
        left = np.zeros(network.shape)
    else:
        voltage = (start.word_voltage - start.bit_voltage)[0]
        left = cells.current_and_slope(voltage)[0] - start.device_current[0]
    current, slope = cells.current_and_slope(voltage)
    found = start
    size = np.inf
    for step in range(1, _MOST_ITERATIONS + 1):
        solver.set_conductance(slope)
        tangent = current - slope * voltage
        found = solver.solve(sources.with_cell_current(tangent[np.newaxis]), tolerance=0.1 * tolerance, start=found)
        goal = (found.word_voltage - found.bit_voltage)[0]
        promised = slope * goal + tangent
        length = 1.0
        before = float(np.linalg.norm(left)) if step > 1 or start is not None else np.inf
        while True:
            trial = voltage + length * (goal - voltage)
            new_current, new_slope = cells.current_and_slope(trial)
            new_left = (1.0 - length) * (left - current) + new_current - length * promised
            size = float(np.linalg.norm(new_left))
            if np.isfinite(size) and size <= (1.0 - 0.1 * length) * before:
                break
            if length < _SHORTEST_STEP or not np.isfinite(before):
                break
            length *= 0.5
        scale = float(np.linalg.norm(new_current))
        if length == 1.0 and size <= tolerance * scale:
            return solver.with_device_current(found, new_current[np.newaxis]), step
        if length < _SHORTEST_STEP:
            break
        voltage, current, slope, left = trial, new_current, new_slope, new_left
    raise ConvergenceError(
        f"cells: Newton's method left {size:.3g} A of {float(np.linalg.norm(current)):.3g} A unbalanced after {step} "
        f"steps; start from the solution at a lower voltage (start=), or ask for a tolerance above {tolerance:g}"
    )
