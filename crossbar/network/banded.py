"""Small arrays: a Cholesky factorisation of the nodal matrix as a band, by LAPACK, with nothing to compile.

Numbered along the shorter side, the two nodes of a cell beside each other, no node is coupled to one that is more than
twice that side away.  All inputs are solved for at once.
"""

import numpy as np
from scipy.linalg.lapack import dpbtrf, dpbtrs

from compact_model.support.arrays import FloatArray
from compact_model.support.validation import ConvergenceError, InputError

from .ends import end_currents
from .linear_network import Network, Sources, check_connected, check_memory, check_sources
from .measure import ROUND_OFF_REASON, Error, measured_error
from .refinement import Floats, refine
from .solution import NetworkSolution

_QUICK = 16.0**4  # cells times the square of the shorter side, up to which this is as fast as the iterative method
_MOST = 128.0**4  # the same, where it takes seconds


def _work(network: Network) -> float:
    """What the factorisation takes, up to a factor."""
    return float(network.conductance.size) * min(network.shape) ** 2


def covers(network: Network) -> bool:
    """Whether an array is so small, and such, that this is the way to solve it."""
    return _work(network) <= _QUICK and not unsupported(network)


def unsupported(network: Network) -> str:
    """Why this method does not cover a network; empty where it does."""
    if np.isinf(network.conductance).any():
        return "a cell is shorted"
    for segment, nodes in ((network.word_segment, network.shape[1]), (network.bit_segment, network.shape[0])):
        if nodes > 1 and not segment.all():
            return "a wire has no resistance"
    ends = (network.word_start, network.word_stop, network.bit_start, network.bit_stop)
    if not all(end.all() for end in ends):
        return "a source holds a node"
    if _work(network) > _MOST:
        return "the array is too large"
    return ""


class _Equations:
    """The nodal equations; voltages and currents of all nodes are (2 N M, K), in the order of the band."""

    def __init__(self, network: Network, sources: Sources) -> None:
        self.shape = words, bits = network.shape
        self.inputs = sources.inputs
        self.cells = network.conductance
        self.along_words = 1.0 / network.word_segment[:, np.newaxis] if bits > 1 else np.zeros((words, 1))
        self.along_bits = 1.0 / network.bit_segment if words > 1 else np.zeros(bits)
        self.word_shunt, self.bit_shunt = network.word_shunt, network.bit_shunt
        self.shunted = bool(network.word_shunt.any() or network.bit_shunt.any())
        self.fed, self.drawn = sources.node_currents()
        # side, place on the line, conductances, voltages (K, lines)
        self.ends = [
            (side, place, 1.0 / resistance, np.where(np.isinf(resistance)[:, np.newaxis], 0.0, volts).T)
            for side, place, resistance, volts in (
                (0, 0, network.word_start, sources.word_start),
                (0, -1, network.word_stop, sources.word_stop),
                (1, 0, network.bit_start, sources.bit_start),
                (1, -1, network.bit_stop, sources.bit_stop),
            )
            if np.isfinite(resistance).any()
        ]
        self.upright = words >= bits  # the bit lines are the long ones

    def split(self, nodes: Floats) -> tuple[Floats, Floats]:
        """Word and bit nodes, (K, N, M) each, as views."""
        long, short = self.shape if self.upright else self.shape[::-1]
        each = nodes.reshape(long, short, 2, -1)
        order = (2, 0, 1) if self.upright else (2, 1, 0)
        return each[:, :, 0].transpose(order), each[:, :, 1].transpose(order)

    def band(self) -> FloatArray:
        """The lower band of the symmetric matrix, as LAPACK takes it."""
        words, bits = self.shape
        short = min(self.shape)
        found = np.zeros((2 * short + 1, 2 * words * bits))
        word, bit = (each[0] for each in self.split(found[0][:, np.newaxis]))
        word += self.cells + self.word_shunt[:, np.newaxis]
        bit += self.cells + self.bit_shunt
        word[:, :-1] += self.along_words
        word[:, 1:] += self.along_words
        bit[:-1] += self.along_bits
        bit[1:] += self.along_bits
        for side, place, conductance, _ in self.ends:
            if side == 0:
                word[:, place] += conductance
            else:
                bit[place] += conductance
        self.split(found[1][:, np.newaxis])[0][0] -= self.cells
        over_words, over_bits = (2, 2 * short) if self.upright else (2 * short, 2)
        if bits > 1:
            self.split(found[over_words][:, np.newaxis])[0][0, :, :-1] -= self.along_words
        if words > 1:
            self.split(found[over_bits][:, np.newaxis])[1][0, :-1] -= self.along_bits
        return found

    def residual(self, nodes: Floats) -> Floats:
        """The currents into all nodes that are left over."""
        return self._balance(nodes)[0]

    def meeting(self, nodes: Floats) -> Floats:
        """The sums of the sizes of the currents that meet in each node."""
        return self._balance(nodes, sizes=True)[1]

    def _balance(self, nodes: Floats, sizes: bool = False) -> tuple[Floats, Floats]:
        word, bit = self.split(nodes)
        left, met = np.zeros_like(nodes), np.zeros_like(nodes) if sizes else nodes
        into = self.split(left)
        at = self.split(met)

        def flow(current: Floats, side: int, *place: slice | int, sign: float = 1.0) -> None:
            if sign > 0.0:
                into[side][place] += current
            else:
                into[side][place] -= current
            if sizes:
                at[side][place] += np.abs(current)

        every, first, last = slice(None), slice(None, -1), slice(1, None)
        through = self.cells * (word - bit)
        flow(through, 0, every, sign=-1.0)
        flow(through, 1, every)
        if self.shape[1] > 1:
            along = self.along_words * (word[:, :, 1:] - word[:, :, :-1])
            flow(along, 0, every, every, first)
            flow(along, 0, every, every, last, sign=-1.0)
        if self.shape[0] > 1:
            along = self.along_bits * (bit[:, 1:] - bit[:, :-1])
            flow(along, 1, every, first)
            flow(along, 1, every, last, sign=-1.0)
        for side, place, conductance, volts in self.ends:
            where = (every, every, place) if side == 0 else (every, place)
            flow(conductance * (volts - (word, bit)[side][where]), side, *where)
        if self.shunted or self.fed.size or self.drawn.size:
            feeding = self.fed if self.fed.size else 0.0
            flow(feeding - self.word_shunt[:, np.newaxis] * word, 0, every)
            drawing = self.drawn if self.drawn.size else 0.0
            flow(drawing + self.bit_shunt * bit, 1, every, sign=-1.0)
        return left, met


def solve_banded(
    network: Network,
    sources: Sources,
    *,
    tolerance: float = 1e-10,
    entrywise: bool = False,
    reason: str = "asked for",
) -> NetworkSolution:
    """Voltages and currents by a banded factorisation and refinement; see `solve.solve_network`.

    InputError where the method does not cover the network (`unsupported` says why) or a part has no path to a source;
    ConvergenceError where the matrix is singular to float64.
    """
    check_sources(network, sources)
    why = unsupported(network)
    if why:
        raise InputError(f"network: expected one for the banded method, got one where {why}; use 'direct'")
    check_connected(network)
    cells = network.conductance.size
    check_memory("the banded method", 32.0 * cells * min(network.shape) + 200.0 * cells * sources.inputs)
    return solve_checked(network, sources, tolerance, entrywise, reason)


def solve_checked(
    network: Network, sources: Sources, tolerance: float, entrywise: bool = False, reason: str = "a small array"
) -> NetworkSolution:
    """The same for inner loops, without the checks."""
    equations = _Equations(network, sources)
    factor, failure = dpbtrf(equations.band(), lower=1, overwrite_ab=1)
    if failure:
        raise ConvergenceError("banded: the matrix is singular to float64; the resistances span too many decades")

    def once(right: FloatArray) -> FloatArray:
        return np.asarray(dpbtrs(factor, right, lower=1)[0])

    error = Error(0.0, True, False)

    def enough(nodes: Floats, correction: FloatArray) -> bool:
        nonlocal error
        word, bit = equations.split(nodes)
        error = measured_error(network, sources, word, bit, *equations.split(correction), tolerance)
        if entrywise and error.converged:
            left, meeting = np.abs(equations.residual(nodes)), equations.meeting(nodes)
            with np.errstate(invalid="ignore", divide="ignore"):
                worst = float(np.where(left > 0.0, left / meeting, 0.0).max())
            error = Error(worst, worst <= tolerance, error.rounded)
        return error.converged and not error.rounded

    nodes, _ = refine(np.zeros((2 * network.conductance.size, sources.inputs)), equations.residual, once, enough)
    word, bit = (np.ascontiguousarray(each) for each in equations.split(nodes))
    current = np.asarray(network.conductance * (word - bit), dtype=np.float64)
    word, bit = (np.asarray(each, dtype=np.float64) for each in (word, bit))
    ends = end_currents(network, sources, word, bit, current)
    return NetworkSolution(
        word_voltage=word,
        bit_voltage=bit,
        device_current=current,
        word_start_current=ends[0],
        word_stop_current=ends[1],
        bit_start_current=ends[2],
        bit_stop_current=ends[3],
        method="banded",
        iterations=0,
        residual=error.residual,
        converged=error.converged,
        reason=reason + (ROUND_OFF_REASON if error.rounded else ""),
    )
