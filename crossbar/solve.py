"""One interface for every method of solving a network."""

from collections.abc import Callable
from dataclasses import replace

from compact_model import validation
from compact_model.validation import ConvergenceError, InputError

from .direct import estimated_bytes, solve_direct
from .iterative import IterativeSolver, unsupported
from .network import Network, Sources, available_memory, check_sources
from .solution import NetworkSolution

__all__ = ["METHODS", "NetworkSolution", "solve_network"]

SMALLEST_TOLERANCE = 1e-15

Method = Callable[[Network, Sources, float, bool, NetworkSolution | None, str], NetworkSolution]


def _iterative(
    network: Network, sources: Sources, tolerance: float, entrywise: bool, start: NetworkSolution | None, reason: str
) -> NetworkSolution:
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

    return solve_graph(network, sources, reason)


METHODS: dict[str, Method] = {"iterative": _iterative, "direct": _direct, "graph": _graph}
"""Name of a method to (network, sources, tolerance, entrywise, start, reason) -> solution."""


def solve_network(
    network: Network,
    sources: Sources,
    *,
    tolerance: float = 1e-10,
    entrywise: bool = False,
    method: str | None = None,
    start: NetworkSolution | None = None,
) -> NetworkSolution:
    """All voltages and currents of a network, for all inputs.

    tolerance: of the error in the device currents and in the node voltages, each in the norm and relative to its norm,
        for each input.  The error is that which an approximate inverse makes of the residual of the true equations,
        measured at the end (for currents, the smaller of two bounds of it).  At least 1e-15.  Voltages in float64 carry
        currents only to G (|w| + |b|) 1e-16; where that is above the tolerance, it is what one gets, and the reason
        says so.
    entrywise: ask for every current and voltage by itself, however small beside the largest: the residual of each node
        is below the tolerance times the sum of the currents that meet there (or at round-off of that node's voltage).
        Takes float64 throughout, and two to four times as long; at 1e-10, currents over eleven decades were within
        3e-10 of the direct method's.  Beyond twelve decades it mostly ends in the direct method,
        which takes no notice.
    method: "iterative", "direct", "graph" (of networkx, for small arrays), or None: iterative where it covers the
        network (`iterative.unsupported`), and direct after it where it did not converge.
    start: an earlier solution of the same shape, to begin the iterations from.

    InputError for sources that do not fit, an unknown method, a part of the network without a path to a source, a size
    beyond the memory; ConvergenceError where the direct method fails as well.
    """
    check_sources(network, sources)
    tolerance = validation.positive("tolerance", tolerance)
    if tolerance < SMALLEST_TOLERANCE:
        raise InputError(
            f"tolerance: expected at least {SMALLEST_TOLERANCE:g}, the round-off of float64, got {tolerance:g}"
        )
    if start is not None:
        validation.instance("start", start, NetworkSolution)
    if method is not None:
        name = validation.choice("method", method, METHODS)
        return METHODS[name](network, sources, tolerance, entrywise, start, "asked for")
    why = unsupported(network)
    if why:
        return METHODS["direct"](network, sources, tolerance, entrywise, start, why)
    solution = METHODS["iterative"](
        network, sources, tolerance, entrywise, start, "all cells finite and all wires of a kind ideal or none"
    )
    if solution.converged:
        return solution
    needed = estimated_bytes(network, sources.inputs)
    if needed > available_memory():
        raise ConvergenceError(
            f"solve_network: the iterative method {solution.reason.rpartition('; ')[2]}, short of the tolerance of "
            f"{tolerance:g}, and the direct one would need {needed / 2**30:.3g} GiB"
        )
    second = METHODS["direct"](network, sources, tolerance, entrywise, start, "")
    reason = f"the iterative method {solution.reason.rpartition('; ')[2]}"
    if not second.converged:
        reason += f"; the direct one leaves {second.residual:.1e}"
    return replace(second, reason=reason)
