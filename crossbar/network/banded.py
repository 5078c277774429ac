"""Small arrays: a Cholesky factorisation of the nodal matrix as a band by LAPACK, without compilation.

With nodes numbered along the shorter side, the two nodes of a cell next to each other, no node is coupled to one
farther away than twice that side.  A line without resistance is one node, placed before the nodes of its cells on the
other side; no node is then farther from its neighbours than the length of such a line.  All inputs are solved at once.

Every node of a cell has three neighbours: the other node of the cell, and the previous and the next node on its line,
with the source at the ends; and a fourth, ground, if there are shunts.  Two tables, of the numbers of the neighbours
and of the conductances to them, therefore contain all equations.  The tables that depend on the shape alone are made
once for each shape.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpbtrf, dpbtrs

from compact_model.support.arrays import FloatArray
from compact_model.support.memory import check_memory
from compact_model.support.validation import ConvergenceError, InputError

from .connected import check_connected
from .ends import with_ends
from .linear_network import Network, Sources, check_sources, ideal_side
from .measure import Error, measured_error
from .refinement import Floats, refine
from .solution import NetworkSolution

_QUICK = 8.0 * 16.0**4  # nodes times the square of the bandwidth, up to which this is as fast as the iterative method
_QUICK_AGAIN = 8.0 * 32.0**4  # the same if the factors are kept
_MOST = 8.0 * 128.0**4  # the same, for a duration of seconds
_KEPT = 16  # shapes

Indices = NDArray[np.intp]


def _size(network: Network) -> tuple[float, float]:
    """Nodes and bandwidth."""
    words, bits = network.shape
    cells = float(words * bits)
    if bits > 1 and not network.word_segment.any():
        return cells + words, bits + 1.0
    if words > 1 and not network.bit_segment.any():
        return cells + bits, words + 1.0
    return 2.0 * cells, 2.0 * min(words, bits)


def covers(network: Network) -> bool:
    """Whether an array is small enough, and of a kind, for which this method is best."""
    return not unsupported(network, _QUICK)


def covers_again(network: Network) -> bool:
    """The same if the matrix changes little from one solution to the next, so that factors are kept."""
    return not unsupported(network, _QUICK_AGAIN)


def unsupported(network: Network, most: float = _MOST) -> str:
    """Why this method does not cover a network; empty if it does.  most: nodes times the square of the bandwidth."""
    nodes, bandwidth = _size(network)
    if nodes * bandwidth**2 > most:
        return "the array is too large"
    if network.conductance.max() == np.inf:
        return "a cell is shorted"
    if network.bridged:
        return "lines are shorted to each other"
    words, bits = network.shape
    ideal = ideal_side(network.word_segment, bits), ideal_side(network.bit_segment, words)
    if None in ideal:
        return "some wires have no resistance and others do"
    return "no wire has resistance" if all(ideal) else ""


@dataclass(frozen=True)
class _Layout:
    """The numbers of the nodes of an array, and their neighbours.

    A place is a node of a cell; an ideal line's places are one node.  The places are in the order of their nodes.
    """

    nodes: int
    band: int  # distance between a node and its farthest neighbour
    cells: Indices  # (2, N, M): the node of the word line and of the bit line at each cell
    ends: Indices  # the nodes at the starts and stops of the word lines, and at those of the bit lines
    first: Indices | None  # the first place of each node; None if each has one
    node: Indices  # of each place
    place: Indices  # (2 N M,): the entry of `cells` for each place
    beside: (
        Indices  # (4, places): the neighbours; sources are numbered after the nodes, in Network's order, then ground
    )
    value: Indices  # (4, places): the position of the conductance to it in `Equations.values`
    stored: Indices  # the position in the band of each coupling of two nodes
    coupling: Indices  # and its position in the first three rows of `beside`, flat


@functools.lru_cache(maxsize=_KEPT)
def _layout(
    words: int, bits: int, ideal_words: bool, ideal_bits: bool, word_segments: int, bit_segments: int
) -> _Layout:
    """word_segments, bit_segments: the number of these values, one for each line or for each segment."""
    row, column = np.indices((words, bits))
    if ideal_words:
        cells = np.stack([row * (bits + 1), row * (bits + 1) + 1 + column])
    elif ideal_bits:
        cells = np.stack([column * (words + 1) + 1 + row, column * (words + 1)])
    else:
        along = row * bits + column if words >= bits else column * words + row  # the long lines: bit or word lines
        cells = np.stack([2 * along, 2 * along + 1])
    nodes = int(cells.max()) + 1
    word_start, word_stop = nodes + row, nodes + words + row
    bit_start, bit_stop = nodes + 2 * words + column, nodes + 2 * words + bits + column
    beside = np.full((4, 2, words, bits), nodes + 2 * (words + bits))
    beside[0] = cells[::-1]
    beside[1, 0], beside[2, 0] = word_start, word_stop
    beside[1, 1], beside[2, 1] = bit_start, bit_stop
    beside[1, 0, :, 1:], beside[2, 0, :, :-1] = cells[0, :, :-1], cells[0, :, 1:]
    beside[1, 1, 1:], beside[2, 1, :-1] = cells[1, :-1], cells[1, 1:]
    # The values: cells, 0, word and bit segments, the ends as above, shunts.
    nothing = words * bits
    segments = nothing + 1 + np.arange(word_segments + bit_segments)
    of_words, of_bits = segments[:word_segments], segments[word_segments:]
    word_segment = np.broadcast_to(of_words.reshape(words, -1), (words, bits - 1))
    bit_segment = np.broadcast_to(of_bits.reshape(-1, bits), (words - 1, bits))
    ends = nothing + 1 + word_segments + bit_segments - nodes
    value = np.empty_like(beside)
    value[0] = row * bits + column
    value[1:3] = beside[1:3] + ends  # where it is an end; otherwise:
    value[1, 0, :, 1:] = value[2, 0, :, :-1] = nothing if ideal_words else word_segment
    value[1, 1, 1:] = value[2, 1, :-1] = nothing if ideal_bits else bit_segment
    shunts = ends + nodes + 2 * (words + bits)
    value[3, 0], value[3, 1] = shunts + row, shunts + words + column
    place = np.argsort(cells.ravel(), kind="stable")
    node = cells.ravel()[place]
    beside, value = beside.reshape(4, -1)[:, place], value.reshape(4, -1)[:, place]
    later = (beside[:3] > node) & (beside[:3] < nodes)
    distance = (beside[:3] - node)[later]
    band = int(distance.max(initial=0))
    return _Layout(
        nodes=nodes,
        band=band,
        cells=cells,
        ends=np.concatenate([cells[0, :, 0], cells[0, :, -1], cells[1, 0], cells[1, -1]]),
        first=None if node.size == nodes else np.searchsorted(node, np.arange(nodes)),
        node=node,
        place=place,
        beside=beside,
        value=value,
        stored=np.broadcast_to(node, later.shape)[later] * (band + 1) + distance,
        coupling=np.flatnonzero(later),
    )


class Matrix:
    """The nodal equations of a network whatever its sources; kept for the next sources, it keeps its factors.

    The network's arrays must not change meanwhile.
    """

    def __init__(self, network: Network) -> None:
        words, bits = network.shape
        ideal_words = bits > 1 and not network.word_segment.any()
        ideal_bits = words > 1 and not network.bit_segment.any()
        segments = network.word_segment.size, network.bit_segment.size
        self.network = network
        self.layout = layout = _layout(words, bits, ideal_words, ideal_bits, *segments)
        shunts = network.word_shunt, network.bit_shunt
        rows = 4 if network.shunted else 3
        ohms = np.concatenate(
            [
                *(network.word_segment.ravel(), network.bit_segment.ravel()),
                *(network.word_start, network.word_stop, network.bit_start, network.bit_stop),
            ]
        )
        self.holding: NDArray[np.bool_] | None = None
        """Ends at which a source holds the node: its equation keeps the initial value."""
        self.held: Indices | None = None
        if not ohms.all():
            holding = ohms[sum(segments) :] == 0.0
            if holding.any():
                self.holding, self.held = holding, layout.ends[holding]
            ohms = np.where(ohms == 0.0, np.inf, ohms)  # merged or held nodes; no current here
        values = np.concatenate([network.conductance.ravel(), [0.0], 1.0 / ohms, *shunts])
        self.beside = layout.beside[:rows]
        self.conductance = values[layout.value[:rows], np.newaxis]

    def at_cells(self, nodes: Floats) -> Floats:
        """Voltages (K, 2, N, M) of the nodes of the word lines and the bit lines."""
        return nodes.T.take(self.layout.cells, axis=1)

    def of_nodes(self, places: Floats) -> Floats:
        """Sums over the places of each node."""
        return places if self.layout.first is None else np.add.reduceat(places, self.layout.first, axis=0)

    @functools.cached_property
    def factor(self) -> FloatArray:
        """Cholesky's factor of the band; ConvergenceError if the matrix is singular in float64."""
        factor, failure = dpbtrf(self.band(), lower=1, overwrite_ab=1)
        if failure:
            raise ConvergenceError("banded: the matrix is singular to float64; the resistances span too many decades")
        return np.asarray(factor)

    def band(self) -> FloatArray:
        """The lower band of the symmetric matrix, in LAPACK's form."""
        layout = self.layout
        found = np.zeros((layout.nodes, layout.band + 1))
        found[:, :1] = self.of_nodes(self.conductance.sum(axis=0))
        couplings = -self.conductance.ravel()[layout.coupling]
        if self.held is not None:
            found[self.held, 0] = 1.0
            free = np.ones(layout.nodes)
            free[self.held] = 0.0
            lower, distance = np.divmod(layout.stored, layout.band + 1)
            couplings *= free[lower] * free[lower + distance]
        found.ravel()[layout.stored] = couplings
        return found.T

    def bands(self, slope: FloatArray) -> Iterator[FloatArray]:
        """The band with slopes (K, N, M) added to the cells' conductances, for each of them."""
        layout = self.layout
        one = self.band().T
        across = slope.reshape(slope.shape[0], -1).T
        diagonal = self.of_nodes(np.concatenate([across, across])[layout.place])
        lower = layout.cells.min(axis=0).ravel()
        distance = layout.cells.max(axis=0).ravel() - lower
        if self.held is not None:
            free = np.ones(layout.nodes)
            free[self.held] = 0.0
            diagonal = diagonal * free[:, np.newaxis]
            across = across * (free[lower] * free[lower + distance])[:, np.newaxis]
        stored = lower * (layout.band + 1) + distance
        for index in range(slope.shape[0]):
            found = one.copy()
            found[:, 0] += diagonal[:, index]
            found.ravel()[stored] -= across[:, index]
            yield found.T


class Equations:
    """The nodal equations with their sources; voltages and currents of all nodes are (nodes, K), in the order of the
    band."""

    def __init__(self, matrix: Matrix, sources: Sources) -> None:
        self.matrix = matrix
        layout = matrix.layout
        volts = np.concatenate([sources.word_start, sources.word_stop, sources.bit_start, sources.bit_stop])
        self.around: Floats = np.zeros((layout.nodes + len(volts) + 1, sources.inputs))
        """Voltages of the nodes, the sources and ground."""
        self.around[layout.nodes : -1] = volts
        self.start = np.zeros((layout.nodes, sources.inputs))
        if matrix.held is not None:
            self.start[matrix.held] = volts[matrix.holding]
        self.entering: FloatArray | None = None
        fed, drawn = sources.node_currents()
        if fed.size or drawn.size:
            cells = matrix.network.conductance.size
            at_cells = np.zeros((2, cells, sources.inputs))
            for of_cells, currents, sign in ((at_cells[0], fed, 1.0), (at_cells[1], drawn, -1.0)):
                if currents.size:
                    np.multiply(currents.reshape(sources.inputs, -1).T, sign, out=of_cells)
            self.entering = at_cells.reshape(-1, sources.inputs)[layout.place]

    def nodes_of(self, voltage: FloatArray) -> FloatArray:
        """Voltages of all nodes from those at the cells, (K, 2, N, M); held nodes have their own."""
        nodes = np.empty_like(self.start)
        nodes[self.matrix.layout.cells.ravel()] = voltage.reshape(voltage.shape[0], -1).T
        if self.matrix.held is not None:
            nodes[self.matrix.held] = self.start[self.matrix.held]
        return nodes

    def residual(self, nodes: Floats, current: FloatArray | None = None) -> Floats:
        """The residual currents into all nodes; current: through further cells, (K, N, M)."""
        left = self._flows(nodes).sum(axis=0)
        if current is not None:
            through = current.reshape(current.shape[0], -1).T
            left += np.concatenate([-through, through])[self.matrix.layout.place]
        if self.entering is not None:
            left += self.entering
        left = self.matrix.of_nodes(left)
        if self.matrix.held is not None:
            left[self.matrix.held] = 0.0
        return left

    def meeting(self, nodes: Floats) -> Floats:
        """The sums of the magnitudes of the currents at each node."""
        met = np.abs(self._flows(nodes)).sum(axis=0)
        if self.entering is not None:
            met += np.abs(self.entering)
        return self.matrix.of_nodes(met)

    def _flows(self, nodes: Floats) -> Floats:
        """The currents to each place from its neighbours, (3 or 4, places, K).

        They are computed from differences of voltages, so a weak path beside a strong one keeps its digits.
        """
        around = self.around = self.around.astype(nodes.dtype, copy=False)
        around[: self.matrix.layout.nodes] = nodes
        flows: Floats = around.take(self.matrix.beside, axis=0)
        flows -= nodes if self.matrix.layout.first is None else nodes.take(self.matrix.layout.node, axis=0)
        flows *= self.matrix.conductance
        return flows


def solve_banded(
    network: Network,
    sources: Sources,
    *,
    tolerance: float = 1e-10,
    entrywise: bool = False,
    reason: str = "asked for",
) -> NetworkSolution:
    """Voltages and currents by a banded factorisation and refinement; see `solve.solve_network`.

    InputError if the method does not cover the network (`unsupported` says why) or a part has no path to a source;
    ConvergenceError if the matrix is singular in float64.
    """
    check_sources(network, sources)
    why = unsupported(network)
    if why:
        raise InputError(f"network: expected one for the banded method, got one where {why}; use 'direct'")
    check_connected(network)
    nodes, bandwidth = _size(network)
    check_memory("the banded method", 8.0 * nodes * bandwidth + 300.0 * network.conductance.size * sources.inputs)
    return solve_prepared(Matrix(network), sources, tolerance, entrywise, reason)


def prepared(network: Network) -> Matrix | None:
    """The matrix of a network for which this method is best, otherwise None; InputError if a part has no path to a
    source."""
    if not covers(network):
        return None
    check_connected(network)
    return Matrix(network)


def solve_prepared(
    matrix: Matrix, sources: Sources, tolerance: float, entrywise: bool = False, reason: str = "a small array"
) -> NetworkSolution:
    """`solve_banded` without the checks; ConvergenceError as there."""
    network, factor = matrix.network, matrix.factor
    equations = Equations(matrix, sources)

    def once(right: FloatArray) -> FloatArray:
        return np.asarray(dpbtrs(factor, right, lower=1)[0])

    error = Error(0.0, True, False)

    def enough(nodes: Floats, correction: FloatArray) -> bool:
        nonlocal error
        error = measured_error(network, matrix.at_cells(nodes), matrix.at_cells(correction), tolerance)
        if entrywise and error.converged:
            left, meeting = np.abs(equations.residual(nodes)), equations.meeting(nodes)
            with np.errstate(invalid="ignore", divide="ignore"):
                worst = float(np.where(left > 0.0, left / meeting, 0.0).max())
            error = Error(worst, worst <= tolerance, error.rounded)
        return error.converged and not error.rounded

    nodes, _ = refine(equations.start, equations.residual, once, enough)
    voltage = matrix.at_cells(nodes)
    current = np.asarray(network.conductance * (voltage[:, 0] - voltage[:, 1]), dtype=np.float64)
    word, bit = (np.ascontiguousarray(voltage[:, side], dtype=np.float64) for side in (0, 1))
    return with_ends(network, sources, word, bit, current, method="banded", error=error, reason=reason)
