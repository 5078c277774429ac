"""The reference: nodal analysis of the whole circuit as one sparse matrix, by scipy.

It shares no equation with the iterative method.  Every node has a number, nodes without resistance between them are
merged, and the rest is the Laplacian of a graph.  This covers ideal wires and shorted cells anywhere.  Networks of a
few nodes use dense matrices, because making a sparse one takes longer than solving it.
"""

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from scipy.sparse import csgraph
from scipy.sparse.linalg import splu

from compact_model.support.arrays import FloatArray
from compact_model.support.memory import check_memory
from compact_model.support.validation import ConvergenceError, InputError

from .connected import check_connected
from .ends import with_ends
from .linear_network import Network, Sources, check_sources
from .measure import Error, ShortCurrents, measured_error
from .refinement import Floats, refine
from .solution import NetworkSolution

Indices = NDArray[np.int64]
Matrix: TypeAlias = sparse.csc_matrix | FloatArray

_FEW = 200  # branches and nodes
_DENSE_UP_TO = 12_000  # unknowns: 1.2 GB
_DENSE_FROM = 0.05  # share of non-zero entries above which a dense factor is smaller than a sparse one


class _Circuit:
    """The graph: nodes of word lines, of bit lines, then the sources at the four kinds of ends, then ground."""

    def __init__(self, network: Network) -> None:
        words, bits = self.shape = network.shape
        cells = words * bits
        self.nodes = 2 * cells + 2 * (words + bits) + 1
        self.ground = self.nodes - 1
        word = np.arange(cells).reshape(words, bits)
        bit = word + cells
        ends = np.arange(2 * cells, self.ground)
        word_start, word_stop = ends[:words], ends[words : 2 * words]
        bit_start, bit_stop = ends[2 * words : 2 * words + bits], ends[2 * words + bits :]
        self.sources = ends
        shunts = [
            (nodes, np.broadcast_to(self.ground, self.shape), np.broadcast_to(shunt, self.shape))
            for nodes, shunt in ((word, network.word_shunt[:, None]), (bit, network.bit_shunt))
            if shunt.any()
        ]
        bridges = []
        if network.word_bridge is not None:
            bridges.append((word[:-1], word[1:], network.word_bridge))
        if network.bit_bridge is not None:
            bridges.append((bit[:, :-1], bit[:, 1:], network.bit_bridge))
        with np.errstate(divide="ignore"):
            parts = (
                (word, bit, network.conductance),
                (word[:, :-1], word[:, 1:], 1.0 / network.word_segments),
                (bit[:-1], bit[1:], 1.0 / network.bit_segments),
                *shunts,
                *bridges,
                (word_start, word[:, 0], 1.0 / network.word_start),
                (word_stop, word[:, -1], 1.0 / network.word_stop),
                (bit_start, bit[0], 1.0 / network.bit_start),
                (bit_stop, bit[-1], 1.0 / network.bit_stop),
            )
        self.tail = np.concatenate([part[0].ravel() for part in parts])
        self.head = np.concatenate([part[1].ravel() for part in parts])
        self.conductance = np.concatenate([part[2].ravel() for part in parts])
        self.used = np.concatenate(
            [
                np.ones(self.conductance.size - self.sources.size, dtype=bool),
                *(np.isfinite(end) for end in (network.word_start, network.word_stop)),
                *(np.isfinite(end) for end in (network.bit_start, network.bit_stop)),
            ]
        )


def _merge(circuit: _Circuit) -> tuple[int, Indices]:
    """Number of groups of nodes connected by shorts, and the group of each node."""
    short = np.isinf(circuit.conductance) & circuit.used
    if circuit.conductance.size <= _FEW:
        return _merge_few(circuit.nodes, circuit.tail[short], circuit.head[short])
    graph = sparse.coo_matrix(
        (np.ones(int(short.sum()), dtype=np.int8), (circuit.tail[short], circuit.head[short])),
        shape=(circuit.nodes, circuit.nodes),
    )
    count, group = csgraph.connected_components(graph, directed=False)
    return int(count), group.astype(np.int64)


def _merge_few(nodes: int, tail: Indices, head: Indices) -> tuple[int, Indices]:
    """The same without a sparse matrix: every node takes the lowest number that a short brings it."""
    group = np.arange(nodes)
    while (group[tail] != group[head]).any():
        lowest = np.minimum(group[tail], group[head])
        np.minimum.at(group, tail, lowest)
        np.minimum.at(group, head, lowest)
        group = group[group]
    found, numbers = np.unique(group, return_inverse=True)
    return found.size, numbers.astype(np.int64)


def _held(
    circuit: _Circuit, network: Network, voltages: FloatArray, group: Indices, count: int
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Voltages (groups, inputs) of the groups with a source, and which groups have one; contradictions are refused."""
    open_ends = ~circuit.used[-circuit.sources.size :]
    sources = group[circuit.sources[~open_ends]]
    values = voltages[~open_ends]
    known = np.zeros(count, dtype=bool)
    known[sources] = True
    held = np.zeros((count, voltages.shape[1]))
    held[sources] = values
    wrong = (held[sources] != values).any(axis=1)
    if wrong.any():
        names = [
            f"{side}_{end} {line}"
            for side, lines in (("word", network.shape[0]), ("bit", network.shape[1]))
            for end in ("start", "stop")
            for line in range(lines)
        ]
        used = np.flatnonzero(~open_ends)
        one = int(np.argmax(wrong))
        other = int(np.flatnonzero((sources == sources[one]) & ~wrong)[0])
        raise InputError(
            f"network: expected resistance between sources of different voltage, got a short from "
            f"{names[used[one]]} to {names[used[other]]}"
        )
    # The source nodes of open ends belong to no line; they count as known so that they are not solved for.
    known[group[circuit.sources[open_ends]]] = True
    known[group[circuit.ground]] = True  # at the default of 0 V: no short leads to it, because shunts are finite
    return held, known


class _Factor:
    """The factors of a symmetric positive definite matrix."""

    def __init__(self, matrix: Matrix) -> None:
        size = matrix.shape[0]
        if not isinstance(matrix, np.ndarray) and size <= _DENSE_UP_TO and matrix.nnz > _DENSE_FROM * size * size:
            matrix = matrix.toarray()
        self._dense = isinstance(matrix, np.ndarray)
        try:
            if self._dense:
                self._factor = linalg.cho_factor(matrix, lower=True, overwrite_a=True, check_finite=False)
            else:
                self._factor = splu(
                    matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}
                )
        except (RuntimeError, linalg.LinAlgError) as error:
            raise ConvergenceError(f"direct: the matrix could not be factorised ({error})") from None

    def once(self, right: FloatArray) -> FloatArray:
        if self._dense:
            return np.asarray(linalg.cho_solve(self._factor, right, check_finite=False))
        return np.asarray(self._factor.solve(right))


def _incidence(tail: Indices, head: Indices, nodes: int) -> sparse.csr_matrix | FloatArray:
    """(nodes, edges): 1 where an edge leaves a node, -1 where it arrives."""
    edges = np.arange(tail.size)
    if nodes * tail.size <= _FEW * _FEW:
        dense = np.zeros((nodes, tail.size))
        dense[tail, edges] = 1.0
        dense[head, edges] = -1.0
        return dense
    ones = np.ones(tail.size)
    return sparse.csr_matrix((ones, (tail, edges)), shape=(nodes, tail.size)) - sparse.csr_matrix(
        (ones, (head, edges)), shape=(nodes, tail.size)
    )


class _Shorts:
    """The currents of shorted cells by Kirchhoff's law, at one of their nodes, whose wires all have resistance.

    Of a cell's two nodes it is the one with less conductance around it, where less cancels.
    """

    def __init__(self, network: Network) -> None:
        if network.bridged:
            raise InputError(
                "conductance: expected finite ones where lines are shorted to each other, got a shorted cell; give it "
                "a small resistance"
            )
        self._network = network
        self.cells = np.argwhere(np.isinf(network.conductance))
        self._sides = [self._side(int(i), int(j)) for i, j in self.cells]

    def _side(self, i: int, j: int) -> tuple[str, float]:
        network, found = self._network, {}
        for name, line, place, last in (("word", i, j, network.shape[1] - 1), ("bit", j, i, network.shape[0] - 1)):
            segment = self._segments(name, line)
            around = [*segment[max(place - 1, 0) : place], *segment[place : place + 1]]
            around += [getattr(network, f"{name}_start")[line]] * (place == 0)
            around += [getattr(network, f"{name}_stop")[line]] * (place == last)
            if all(resistance > 0.0 for resistance in around):
                found[name] = sum(1.0 / resistance for resistance in around)
        if not found:
            raise InputError(
                f"conductance: expected a shorted cell to have wires with resistance on one side, got cell ({i}, {j}) "
                "with ideal ones on both, whose current is not determined"
            )
        least = min(found, key=lambda name: found[name])
        return least, found[least]

    def _segments(self, name: str, line: int) -> FloatArray:
        """The cells of one line, in order."""
        return self._network.word_segments[line] if name == "word" else self._network.bit_segments[:, line]

    def currents(self, nodes: Floats, sources: Sources | None) -> Floats:
        """A, (K, cells), from voltages (K, 2, N, M); sources: None if all of them are 0."""
        result = np.zeros((nodes.shape[0], len(self._sides)), nodes.dtype)
        for column, ((i, j), (name, _)) in enumerate(zip(self.cells, self._sides, strict=True)):
            words = name == "word"
            line, place = (i, j) if words else (j, i)
            along = nodes[:, 0, i] if words else nodes[:, 1, :, j]
            here, last = along[:, place], along.shape[1] - 1
            segment = self._segments(name, line)
            into = -getattr(self._network, f"{name}_shunt")[line] * here
            for beside, between in ((place - 1, place - 1), (place + 1, place)):
                if 0 <= beside <= last:
                    into = into + (along[:, beside] - here) / segment[between]
            for at, end in ((0, "start"), (last, "stop")):
                resistance = getattr(self._network, f"{name}_{end}")[line]
                if place == at and np.isfinite(resistance):
                    behind = 0.0 if sources is None else getattr(sources, f"{name}_{end}")[line]
                    into = into + (behind - here) / resistance
            result[:, column] = into if words else -into
            if sources is not None:
                given = sources.node_currents()[0 if words else 1]
                if given.size:
                    result[:, column] += given[:, i, j]
        return result

    def sizes(self, nodes: Floats) -> Floats:
        """The magnitudes of the terms of the currents, A, (K, cells)."""
        largest = np.abs(nodes).max(axis=(1, 2, 3))
        return np.asarray(np.multiply.outer(largest, [2.0 * siemens for _, siemens in self._sides]))


def estimated_bytes(network: Network, inputs: int) -> float:
    """Memory of the factors and the results, from sizes measured with SuperLU on square arrays."""
    unknowns = 2.0 * network.conductance.size
    if not (network.word_segment.any() or network.bit_segment.any()):
        return unknowns * (160.0 + 12.0 * inputs) + 24.0 * sum(network.shape) ** 2  # a node per line: a dense factor
    return unknowns * (150.0 * math.log2(unknowns + 2.0) + 100.0 + 40.0 * inputs)


def solve_direct(
    network: Network, sources: Sources, *, tolerance: float = 1e-10, reason: str = "asked for"
) -> NetworkSolution:
    """Voltages and currents by a sparse (for ideal wires dense) factorisation; see `solve.solve_network`.

    InputError for sources that are shorted together, or a part without a source; ConvergenceError if the factors or the
    voltages are not finite.
    """
    check_sources(network, sources)
    check_connected(network)
    check_memory("the direct method", estimated_bytes(network, sources.inputs))
    return solve_nodes(
        network, sources, lambda matrix, _: _Factor(matrix).once, tolerance=tolerance, method="direct", reason=reason
    )


def solve_nodes(
    network: Network,
    sources: Sources,
    inverse: Callable[[Matrix, Indices], Callable[[FloatArray], FloatArray]],
    *,
    tolerance: float,
    method: str,
    reason: str,
) -> NetworkSolution:
    """Nodal analysis with an approximate inverse of the matrix, refined; the network and its sources are checked.

    inverse: takes the symmetric matrix (unknowns, unknowns), S, and for each unknown the number of a node with its
    voltage (`_Circuit`), and returns a function from currents (unknowns, K), A, to voltages, V.
    """
    circuit = _Circuit(network)
    count, group = _merge(circuit)
    voltages = np.concatenate([sources.word_start, sources.word_stop, sources.bit_start, sources.bit_stop])
    held, known = _held(circuit, network, voltages, group, count)
    tail, head = group[circuit.tail], group[circuit.head]
    kept = circuit.used & (circuit.conductance > 0.0) & np.isfinite(circuit.conductance) & (tail != head)
    tail, head, conductance = tail[kept], head[kept], circuit.conductance[kept]
    free = ~known
    words, bits = network.shape
    cells = words * bits
    entering = np.zeros_like(held)
    fed, drawn = sources.node_currents()
    if fed.size:
        np.add.at(entering, group[:cells], fed.reshape(sources.inputs, cells).T)
    if drawn.size:
        np.add.at(entering, group[cells : 2 * cells], -drawn.reshape(sources.inputs, cells).T)
    shorted = np.isinf(network.conductance)
    shorts = _Shorts(network) if shorted.any() else None
    error = Error(0.0, True, False)

    def at_cells(nodes: Floats) -> Floats:
        return np.ascontiguousarray(nodes[group[: 2 * cells]].T).reshape(-1, 2, words, bits)

    def enough(nodes: Floats, correction: FloatArray) -> bool:
        nonlocal error
        whole = np.zeros_like(held)
        whole[free] = correction
        voltage, wrong = at_cells(insert(nodes)), at_cells(whole)
        of_shorts = None
        if shorts is not None:
            of_shorts = ShortCurrents(
                shorts.currents(voltage, sources), shorts.currents(wrong, None), shorts.sizes(voltage)
            )
        error = measured_error(network, voltage, wrong, tolerance, of_shorts)
        return error.converged and not error.rounded

    def insert(nodes: Floats) -> Floats:
        whole = held.astype(nodes.dtype)
        whole[free] = nodes
        return whole

    nodes: Floats = held
    if free.any():
        incidence = _incidence(tail, head, count)
        if isinstance(incidence, np.ndarray):
            across = incidence.T
            matrix = (incidence[free] * conductance) @ across[:, free]
        else:
            across = incidence.T.tocsr()
            off = sparse.coo_matrix((conductance, (tail, head)), shape=(count, count)).tocsr()
            off = off + off.T
            matrix = (sparse.diags(np.asarray(off.sum(axis=1)).ravel()[free]) - off[free][:, free]).tocsc()

        def residual(nodes: Floats) -> Floats:
            # Computed from differences of voltages, so a weak path to a source beside strong cells keeps its digits,
            # which the matrix's diagonal has lost.
            return np.asarray(entering - incidence @ (conductance[:, None] * (across @ insert(nodes))))[free]

        nodes_of_groups = np.zeros(count, dtype=np.int64)
        nodes_of_groups[group[: 2 * cells]] = np.arange(2 * cells)
        once = inverse(matrix, nodes_of_groups[free])
        found, last = refine(np.zeros((int(free.sum()), sources.inputs)), residual, once, enough)
        if not np.isfinite(found.astype(np.float64)).all():
            raise ConvergenceError(f"{method}: the voltages are not finite; the resistances span too many decades")
        enough(found, last)
        nodes = insert(found)
    voltage = at_cells(nodes)
    word_nodes, bit_nodes = voltage[:, 0], voltage[:, 1]
    finite = network.conductance if shorts is None else np.where(shorted, 0.0, network.conductance)
    current = np.asarray(finite * (word_nodes - bit_nodes), dtype=np.float64)
    word, bit = (np.ascontiguousarray(each, dtype=np.float64) for each in (word_nodes, bit_nodes))
    if shorts is not None:
        current[:, *shorts.cells.T] = shorts.currents(voltage, sources)
    return with_ends(network, sources, word, bit, current, method=method, error=error, reason=reason)
