"""Where a read current comes from: the selected device, and the detours through the others."""

import itertools
from typing import Any

import networkx as nx
import numpy as np
import xarray as xr

from compact_model import validation
from compact_model.validation import InputError

from .bias import Bias
from .crossbar import Crossbar
from .graph import Node, merged, to_networkx

_MOST_CELLS = 1024
_NEGLIGIBLE = 1e-9  # of the read current: what is left undivided


def sneak_paths(
    array: Crossbar, bias: Bias, *, word_line: int, bit_line: int, most_paths: int = 2000, share: float = 0.999
) -> xr.Dataset:
    """The current of a bit line, divided into the paths on which it comes.

    Current runs from higher to lower voltages, so it flows on a graph without circles; the widest path is taken out of
    it, then the widest of the rest, until `share` of the current is explained or `most_paths` are found.  A division
    into paths is not unique; this one is the one with the strongest paths first.

    array, bias: as solved; word_line, bit_line: the selected cell, whose bit line is sensed.
    Returns a Dataset over `path`: path_share (of the bit line's current), length (devices on the path: 1 is a device of
    the selected bit line alone, 3 the shortest detour), and route (a text of its devices, 'w0-b1 w2-b1 ...'); over
    `length_class`: length_share; and read_current (A), cell_current (A, of the selected device), sneak_share (what does
    not come through it), explained_share.
    Raises InputError for arrays of more than 1024 cells, and where the bit line's current does not leave the array.
    """
    words, bits = array.shape
    if words * bits > _MOST_CELLS:
        raise InputError(f"array: expected at most {_MOST_CELLS} cells to follow paths in, got {words * bits}")
    validation.whole("word_line", word_line, 0)
    validation.whole("bit_line", bit_line, 0)
    validation.between("share", share, 0.0, 1.0)
    flow, sinks, read = _flow(array, bias, bit_line)
    if read <= 0.0:
        raise InputError(f"bias: expected a current out of bit line {bit_line}, got {read:g} A")
    found: list[tuple[float, list[tuple[int, int]]]] = []
    explained = 0.0
    order = list(nx.topological_sort(flow))
    while explained < share * read and len(found) < validation.whole("most_paths", most_paths, 1):
        width, path = _widest(flow, order, sinks)
        if width <= _NEGLIGIBLE * read:
            break
        devices = []
        for first, second in itertools.pairwise(path):
            edge = flow.edges[first, second]
            edge["flow"] -= width
            if edge["devices"]:
                devices.append(edge["devices"][0])
        found.append((width / read, devices))
        explained += width
    solution = array.solve(**bias.arguments())
    cell = float(solution.device_current[0, word_line, bit_line])
    lengths = np.array([len(devices) for _, devices in found])
    shares = np.array([value for value, _ in found])
    classes = np.unique(lengths)
    return xr.Dataset(
        {
            "path_share": (("path",), shares, {"long_name": "share of the read current"}),
            "length": (("path",), lengths, {"long_name": "devices on the path"}),
            "route": (("path",), [" ".join(f"w{i}-b{j}" for i, j in devices) for _, devices in found]),
            "length_share": (("length_class",), [shares[lengths == each].sum() for each in classes]),
            "read_current": ((), read, {"long_name": "current of the bit line", "units": "A"}),
            "cell_current": ((), cell, {"long_name": "current of the selected device", "units": "A"}),
            "sneak_share": (
                (),
                1.0 - cell / read,
                {"long_name": "share that does not come through the selected device"},
            ),
            "explained_share": ((), explained / read, {"long_name": "share of the read current in the paths"}),
            "conductance": (("word_line", "bit_line"), np.asarray(array.conductance), {"units": "S"}),
        },
        coords={"length_class": classes},
        attrs={"experiment": "sneak_paths", "word_line": word_line, "bit_line": bit_line},
    )


def _flow(array: Crossbar, bias: Bias, bit_line: int) -> "tuple[nx.DiGraph[Node], set[Node], float]":
    """The currents as a graph without circles, the nodes at which the bit line's current leaves, and that current."""
    given = bias.arguments()
    network = array.network(given["floating_word_lines"], given["floating_bit_lines"])
    sources = array.sources(given["word_line_voltage"], given["bit_line_voltage"])
    solution = array.solve(**given)
    graph, became = merged(to_networkx(network))
    voltage: dict[Node, float] = {}
    for node, name in became.items():
        if node[0] in ("word", "bit"):
            voltage[name] = float(solution[f"{node[0]}_line_voltage"][0, node[1], node[2]])
    for node, name in became.items():
        if "source" in node[0]:
            side = getattr(sources, f"{'word' if node[0].startswith('word') else 'bit'}_{node[2]}")
            voltage[name] = float(side[node[1], 0])
    flow: nx.DiGraph[Node] = nx.DiGraph()
    flow.add_nodes_from(graph)
    for first, second, data in graph.edges(data=True):
        tail, head = (first, second) if voltage[first] >= voltage[second] else (second, first)
        current = (voltage[tail] - voltage[head]) * data["conductance"]
        devices = []
        if data["kind"] == "device":  # its own law may not be linear
            devices = [(data["word_line"], data["bit_line"])]
            current = abs(float(solution.device_current[0, data["word_line"], data["bit_line"]]))
        if flow.has_edge(tail, head):  # devices in parallel between two ideal lines
            flow.edges[tail, head]["flow"] += current
        elif voltage[tail] > voltage[head]:
            flow.add_edge(tail, head, flow=current, devices=devices)
    sinks = {became[node] for node in became if node[0] == "bit source" and node[1] == bit_line}
    read = float(solution.bit_line_current[0, bit_line])
    return flow, sinks, read


def _widest(flow: "nx.DiGraph[Node]", order: list[Node], sinks: set[Node]) -> tuple[float, list[Node]]:
    """The path from any source to the sinks whose weakest edge is strongest."""
    width: dict[Node, float] = {}
    before: dict[Node, Any] = {}
    for node in order:
        best, via = (np.inf, None) if "source" in node[0] and node not in sinks else (0.0, None)
        for tail, _, data in flow.in_edges(node, data=True):
            through = min(width[tail], data["flow"])
            if through > best:
                best, via = through, tail
        width[node], before[node] = best, via
    sink = max(sinks, key=lambda node: width.get(node, 0.0))
    path = [sink]
    while before[path[-1]] is not None:
        path.append(before[path[-1]])
    return (width[sink] if np.isfinite(width[sink]) else 0.0), path[::-1]
