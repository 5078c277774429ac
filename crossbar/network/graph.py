"""The circuit as a networkx graph, for inspection, for tracing currents and for solving small arrays.

Nodes are ('word', i, j) and ('bit', i, j) at each cell, ('word source', i, end) and ('bit source', j, end), and
('ground',) where a line has a shunt.  Edges carry `conductance` (S), `resistance` (Ohm) and `kind`: 'device', 'word
wire', 'bit wire', 'end' or 'shunt'.  Nodes that are joined without resistance become one node, which is named after the
source if there is one.
"""

from typing import Any

import networkx as nx
import numpy as np

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.validation import ConvergenceError, InputError

from .connected import check_connected
from .ends import with_ends
from .linear_network import Network, Sources
from .measure import Error, measured_error
from .refinement import Floats, refine
from .solution import NetworkSolution

Node = tuple[Any, ...]

_GROUND: Node = ("ground",)
MOST_CELLS = 4096
"""Cells up to which the graph is built for solving: its matrix is dense."""


def to_networkx(network: Network) -> "nx.MultiGraph[Node]":
    """The circuit with every resistor as an edge, before merging; open devices and open ends are left out."""
    graph: nx.MultiGraph[Node] = nx.MultiGraph()
    words, bits = validation.instance("network", network, Network).shape
    along_words, along_bits = network.word_segments, network.bit_segments

    def join(first: Node, second: Node, resistance: float, kind: str, **more: int) -> None:
        if resistance < np.inf:
            conductance = 1.0 / resistance if resistance > 0.0 else np.inf
            graph.add_edge(first, second, kind=kind, resistance=resistance, conductance=conductance, **more)

    for i in range(words):
        for j in range(bits):
            graph.add_nodes_from((("word", i, j), ("bit", i, j)))
            cell = float(network.conductance[i, j])
            if cell > 0.0:
                join(("word", i, j), ("bit", i, j), 1.0 / cell, "device", word_line=i, bit_line=j)
            if j + 1 < bits:
                join(("word", i, j), ("word", i, j + 1), float(along_words[i, j]), "word wire", word_line=i)
            if i + 1 < words:
                join(("bit", i, j), ("bit", i + 1, j), float(along_bits[i, j]), "bit wire", bit_line=j)
            if network.word_bridge is not None and i + 1 < words and network.word_bridge[i, j] > 0.0:
                join(("word", i, j), ("word", i + 1, j), 1.0 / float(network.word_bridge[i, j]), "bridge")
            if network.bit_bridge is not None and j + 1 < bits and network.bit_bridge[i, j] > 0.0:
                join(("bit", i, j), ("bit", i, j + 1), 1.0 / float(network.bit_bridge[i, j]), "bridge")
            if network.word_shunt[i] > 0.0:
                join(("word", i, j), _GROUND, 1.0 / float(network.word_shunt[i]), "shunt", word_line=i)
            if network.bit_shunt[j] > 0.0:
                join(("bit", i, j), _GROUND, 1.0 / float(network.bit_shunt[j]), "shunt", bit_line=j)
        join(("word source", i, "start"), ("word", i, 0), float(network.word_start[i]), "end", word_line=i)
        join(("word source", i, "stop"), ("word", i, bits - 1), float(network.word_stop[i]), "end", word_line=i)
    for j in range(bits):
        join(("bit source", j, "start"), ("bit", 0, j), float(network.bit_start[j]), "end", bit_line=j)
        join(("bit source", j, "stop"), ("bit", words - 1, j), float(network.bit_stop[j]), "end", bit_line=j)
    return graph


def merged(graph: "nx.MultiGraph[Node]") -> "tuple[nx.MultiGraph[Node], dict[Node, Node]]":
    """The graph with nodes merged that have no resistance between them, and the resulting node of each."""
    ideal = nx.Graph()
    ideal.add_nodes_from(graph)
    ideal.add_edges_from((a, b) for a, b, resistance in graph.edges(data="resistance") if resistance == 0.0)
    became: dict[Node, Node] = {}
    for group in nx.connected_components(ideal):
        name = min(group, key=lambda node: ("source" not in node[0], node))
        became.update(dict.fromkeys(group, name))
    result: nx.MultiGraph[Node] = nx.MultiGraph()
    result.add_nodes_from(became.values())
    for first, second, data in graph.edges(data=True):
        if became[first] != became[second]:
            result.add_edge(became[first], became[second], **data)
    return result, became


def solve_graph(network: Network, sources: Sources, tolerance: float, reason: str) -> NetworkSolution:
    """All voltages and currents by Kirchhoff's laws on the graph, with a dense matrix, for small arrays and for
    teaching.

    Raises InputError for arrays of more than MOST_CELLS cells, and if two sources are joined without resistance.
    """
    check_connected(network)
    words, bits = network.shape
    if words * bits > MOST_CELLS:
        raise InputError(f"method: expected at most {MOST_CELLS} cells for 'graph', got {words * bits}")
    if np.isinf(network.conductance).any():
        raise InputError("method: expected finite conductances for 'graph', got a shorted cell; use 'direct'")
    whole = to_networkx(network)
    graph, became = merged(whole)
    nodes = list(graph)
    index = {node: number for number, node in enumerate(nodes)}
    held: dict[int, FloatArray] = {}
    for node in whole:
        if "source" in node[0]:
            voltage = _source_voltage(sources, node)
            number = index[became[node]]
            if number in held and not np.array_equal(held[number], voltage):
                raise InputError(f"network: expected some resistance between two sources, got none at {node}")
            held[number] = voltage
    if _GROUND in whole:
        held[index[_GROUND]] = np.zeros(sources.inputs)
    laplacian = np.asarray(nx.laplacian_matrix(graph, nodelist=nodes, weight="conductance").todense())
    edges = [(index[tail], index[head], weight) for tail, head, weight in graph.edges(data="conductance")]
    tails, heads = (np.array([edge[which] for edge in edges], dtype=np.int64) for which in (0, 1))
    weights = np.array([edge[2] for edge in edges], dtype=np.float64)[:, np.newaxis]
    fixed = np.array(sorted(held))
    free = np.setdiff1d(np.arange(len(nodes)), fixed)
    known = np.zeros((len(nodes), sources.inputs))
    known[fixed] = [held[number] for number in fixed.tolist()]
    entering = np.zeros_like(known)
    fed, drawn = sources.node_currents()
    for i, j in np.ndindex(words, bits):
        if fed.size:
            entering[index[became["word", i, j]]] += fed[:, i, j]
        if drawn.size:
            entering[index[became["bit", i, j]]] -= drawn[:, i, j]
    error = Error(0.0, True, False)

    def insert(values: Floats, into: FloatArray) -> Floats:
        whole = into.astype(values.dtype)
        whole[free] = values
        return whole

    def residual(values: Floats) -> Floats:
        voltages = insert(values, known)
        flow = weights * (voltages[tails] - voltages[heads])
        left = entering.astype(values.dtype)
        np.subtract.at(left, tails, flow)
        np.add.at(left, heads, flow)
        return np.asarray(left[free])

    def enough(values: Floats, correction: FloatArray) -> bool:
        nonlocal error
        voltages, wrong = insert(values, known), insert(correction, np.zeros_like(known))
        error = measured_error(network, at_cells(voltages), at_cells(wrong), tolerance)
        return error.converged and not error.rounded

    def at_cells(values: Floats) -> Floats:
        return np.stack([table(values, "word"), table(values, "bit")], axis=1)

    def table(values: Floats, kind: str) -> Floats:
        rows = [[values[index[became[(kind, i, j)]]] for j in range(bits)] for i in range(words)]
        return np.ascontiguousarray(np.moveaxis(np.array(rows), 2, 0))

    voltages: Floats = known
    if free.size:
        try:
            inverse = np.linalg.inv(laplacian[np.ix_(free, free)])
        except np.linalg.LinAlgError:
            raise ConvergenceError("graph: the matrix is singular to float64; use 'direct'") from None
        found, last = refine(np.zeros((free.size, sources.inputs)), residual, lambda right: inverse @ right, enough)
        enough(found, last)
        voltages = insert(found, known)
    word_nodes, bit_nodes = table(voltages, "word"), table(voltages, "bit")
    word, bit = np.asarray(word_nodes, dtype=np.float64), np.asarray(bit_nodes, dtype=np.float64)
    current = np.asarray(network.conductance * (word_nodes - bit_nodes), dtype=np.float64)
    return with_ends(network, sources, word, bit, current, method="graph", error=error, reason=reason)


def _source_voltage(sources: Sources, node: Node) -> FloatArray:
    kind, line, end = node
    side = "word" if kind.startswith("word") else "bit"
    result: FloatArray = getattr(sources, f"{side}_{end}")[line]
    return result
