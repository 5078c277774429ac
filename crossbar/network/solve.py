"""A common interface to all methods of solving a network."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from compact_model.support import validation
from compact_model.support.memory import available_memory
from compact_model.support.validation import ConvergenceError, InputError

from . import banded, irregular
from .direct import estimated_bytes, solve_direct
from .iterative import IterativeSolver, unsupported
from .linear_network import Network, Sources, check_sources
from .solution import NetworkSolution, norm

__all__ = ["METHODS", "NetworkSolution", "solve_network"]

SMALLEST_TOLERANCE = 1e-15
# A larger error, relative to the currents that the sources could drive, is no answer, whatever the precision of the
# voltages: in double precision, and in the extended precision of the methods that refine.
_WORST = 1e-4
_WORST_REFINED = 1e-6

Method = Callable[[Network, Sources, float, bool, NetworkSolution | None, str], NetworkSolution]


def _iterative(
    network: Network, sources: Sources, tolerance: float, entrywise: bool, start: NetworkSolution | None, reason: str
) -> NetworkSolution:
    if not entrywise and irregular.supported(network):
        return irregular.solve_irregular(network, sources, tolerance=tolerance, reason=reason)
    solver = IterativeSolver(network, entrywise=entrywise)
    return solver.solve(sources, tolerance=tolerance, start=start, reason=reason)


def _direct(
    network: Network, sources: Sources, tolerance: float, entrywise: bool, start: NetworkSolution | None, reason: str
) -> NetworkSolution:
    return solve_direct(network, sources, tolerance=tolerance, reason=reason)


def _graph(
    network: Network, sources: Sources, tolerance: float, entrywise: bool, start: NetworkSolution | None, reason: str
) -> NetworkSolution:
    from .graph import solve_graph

    return solve_graph(network, sources, tolerance, reason)


def _banded(
    network: Network, sources: Sources, tolerance: float, entrywise: bool, start: NetworkSolution | None, reason: str
) -> NetworkSolution:
    return banded.solve_banded(network, sources, tolerance=tolerance, entrywise=entrywise, reason=reason)


METHODS: dict[str, Method] = {"iterative": _iterative, "direct": _direct, "graph": _graph, "banded": _banded}
"""From the name of a method to (network, sources, tolerance, entrywise, start, reason) -> solution."""


def solve_network(
    network: Network,
    sources: Sources,
    *,
    tolerance: float = 1e-10,
    entrywise: bool = False,
    method: str | None = None,
    start: NetworkSolution | None = None,
    matrix: banded.Matrix | None = None,
) -> NetworkSolution:
    """All voltages and currents of a network, for all inputs.

    tolerance: relative error of the device currents and of the node voltages, each in the norm, for each input; at
        least 1e-15.  The error is estimated at the end by applying an approximate inverse to the residual of the true
        equations (for currents, the smaller of two bounds is used).  Device currents stay within it.  Voltages were up
        to sixty times less accurate in one case out of a hundred, and voltages of bit lines near 0 V by 1e-7 of their
        value.  Currents from voltages in float64 are accurate only to G (|w| + |b|) 1e-16; if this is above the
        tolerance, it limits the accuracy, and the reason says so.  The currents through the shunts of the lines that
        are iterated on are within the tolerance as well, relative to the total of devices, shunts and current sources;
        end currents are sums of these.
    entrywise: apply the tolerance to every current and voltage individually, however small it is compared with the
    largest.  The residual of each node is below the tolerance times the sum of the currents that meet there (or at
    round-off of that node's voltage).  This uses float64 throughout and takes two to four times as long; at 1e-10,
    currents over eleven decades were within 3e-9 of those of the direct method.  Beyond twelve decades it mostly falls
    back to the direct method, which is not affected.
    method: "banded" (a factorisation, for small arrays), "iterative", "direct", "graph" (networkx, for small arrays),
    or None: banded up to about 16 x 16 cells if it covers the network (`banded.unsupported`), else iterative if it does
    (`iterative.unsupported`; where segments differ along a line or lines are shorted to each other, from 96 x 96 cells
    on), and direct if that does not converge.  All except the iterative method refine their solution, in extended
    precision where necessary.
    start: an earlier solution of the same shape, from which the iterations start.
    matrix: of this network, from `banded.prepared`, where it is solved again with other sources.

    Raises InputError for sources that do not fit, an unknown method, a part of the network without a path to a source,
    or a size that exceeds the memory, and ConvergenceError if no method reaches the tolerance, including the one
    requested.
    """
    check_sources(network, sources)
    tolerance = check_tolerance(tolerance)
    if start is not None:
        check_start(start, (sources.inputs, *network.shape))
    if method is not None:
        name = validation.choice("method", method, METHODS)
        return _sound(
            METHODS[name](network, sources, tolerance, entrywise, start, "asked for"), network, sources, tolerance
        )
    if matrix is None or matrix.network is not network:
        matrix = banded.prepared(network)
    if matrix is not None:
        try:
            solution = banded.solve_prepared(matrix, sources, tolerance, entrywise)
            return _sound(solution, network, sources, tolerance)
        except ConvergenceError:
            pass  # the resistances span too many decades for it; the others name the reason
    why = unsupported(network)
    if why:
        if not entrywise and irregular.fastest(network, sources.inputs):
            try:
                solution = irregular.solve_irregular(network, sources, tolerance=tolerance, reason=why)
                return _sound(solution, network, sources, tolerance)
            except ConvergenceError:
                pass  # the segments are too different
        return _sound(
            METHODS["direct"](network, sources, tolerance, entrywise, start, why), network, sources, tolerance
        )
    solution = METHODS["iterative"](
        network, sources, tolerance, entrywise, start, "all cells finite and all wires of a kind ideal or none"
    )
    if solution.converged and np.isfinite(solution.residual):
        return _sound(solution, network, sources, tolerance)
    needed = estimated_bytes(network, sources.inputs)
    if needed > available_memory():
        raise ConvergenceError(
            f"solve_network: the iterative method {solution.reason.rpartition('; ')[2]}, short of the tolerance of "
            f"{tolerance:g}, and the direct one would need {needed / 2**30:.3g} GiB"
        )
    second = METHODS["direct"](network, sources, tolerance, entrywise, start, "")
    reason = f"the iterative method {solution.reason.rpartition('; ')[2]}"
    return replace(_sound(second, network, sources, tolerance), reason=reason)


def check_tolerance(tolerance: float) -> float:
    """A tolerance that float64 can reach."""
    value = validation.positive("tolerance", tolerance)
    if value < SMALLEST_TOLERANCE:
        raise InputError(
            f"tolerance: expected at least {SMALLEST_TOLERANCE:g}, the round-off of float64, got {value:g}"
        )
    return value


def check_start(start: NetworkSolution, shape: tuple[int, int, int]) -> None:
    """A solution of the same shape, (inputs, word lines, bit lines), without NaN."""
    validation.instance("start", start, NetworkSolution)
    for voltage in (start.word_voltage, start.bit_voltage):
        if voltage.shape != shape:
            raise InputError(f"start: expected a solution of shape {shape}, got {voltage.shape}")
        if not np.isfinite(voltage).all():
            raise InputError("start: expected finite voltages, got NaN or infinity")


def _sound(solution: NetworkSolution, network: Network, sources: Sources, tolerance: float) -> NetworkSolution:
    """The solution, or ConvergenceError if it is inaccurate."""
    # Where currents cancel, float64 leaves a large relative error of a negligible current; the scale is what the ends
    # could carry.
    size = norm(solution.device_current)
    error = solution.residual * size if size > 0.0 else 0.0
    worst = _WORST if solution.method == "iterative" else _WORST_REFINED
    finite = math.isfinite(size + float(solution.word_start_current.sum()) + float(solution.bit_stop_current.sum()))
    if not (solution.converged and finite and _could_drive(network, sources, error / worst)):
        raise ConvergenceError(
            f"solve_network: the {solution.method} method ended at an error of {solution.residual:.1e}, short of the "
            f"tolerance of {tolerance:g}: the resistances span too many decades; take those far below the wires' as 0 "
            "and those far above the others as inf"
        )
    return solution


def _could_drive(network: Network, sources: Sources, least: float) -> bool:
    """Whether a source could drive at least this current, A, into a node or through the resistance at its end.

    With 0 Ohm any source could.
    """
    for currents in (sources.cell_current, sources.word_current, sources.bit_current):
        if currents is not None:
            least -= float(np.abs(currents).max())
    if least <= 0.0:
        return True
    for name in ("word_start", "word_stop", "bit_start", "bit_stop"):
        volts, ohms = np.abs(getattr(sources, name)).max(axis=1), getattr(network, name)
        if (volts >= least * ohms).any():
            return True
    return False
