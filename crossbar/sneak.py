"""Sneak paths: the parts of a read current through the selected device and through detours over other devices."""

import itertools
from typing import Any

import networkx as nx
import numpy as np
import xarray as xr

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.validation import ConvergenceError, InputError

from .crossbar import Crossbar
from .network.graph import Node, merged, to_networkx
from .schemes import Bias

_MOST_CELLS = 1024
_NEGLIGIBLE = 1e-10  # of the read current: remainder that is not divided


def sneak_paths(
    array: Crossbar, bias: Bias, *, word_line: int, bit_line: int, most_paths: int = 2000, share: float = 0.999
) -> xr.Dataset:
    """Divide the current of a bit line into the paths that carry it.

    Current flows from higher to lower voltages, so that its graph has no cycles.  The path with the largest current is
    removed, then the largest of the rest, until `share` of the current is explained or `most_paths` are found.  A
    division into paths is not unique; this one takes the strongest paths first.

    array, bias: as solved; word_line, bit_line: the selected cell, whose bit line is sensed.
    Returns a Dataset over `path`: path_share (of the bit line's current), length (number of devices on the path: 1 for
    a device on the selected bit line alone, 3 for the shortest detour), and route (a text of its devices, 'w0-b1 w2-b1
    ...'); over `length_class`: length_share; and read_current (A), cell_current (A, of the selected device; more than
    read_current if some of it leaks into other lines), sneak_share (the part that does not flow through it, at least
    0), explained_share.  Raises InputError for arrays of more than 1024 cells, and if the bit line's current does not
    leave the array.
    """
    words, bits = validation.instance("array", array, Crossbar).shape
    if words * bits > _MOST_CELLS:
        raise InputError(f"array: expected at most {_MOST_CELLS} cells for the search of paths, got {words * bits}")
    validation.whole("word_line", word_line, 0)
    validation.whole("bit_line", bit_line, 0)
    validation.between("share", share, 0.0, 1.0)
    for name, line, count in (("word_line", word_line, words), ("bit_line", bit_line, bits)):
        if line >= count:
            raise InputError(f"{name}: expected a number from 0 to {count - 1}, got {line}")
    flow, became, sinks, read, current = _flow(array, validation.instance("bias", bias, Bias), bit_line)
    if read <= 0.0:
        raise InputError(f"bias: expected a voltage that drives a current out of bit line {bit_line}, got {read:g} A")
    found: list[tuple[float, list[tuple[int, int]], list[Node]]] = []
    explained = 0.0
    order = list(nx.topological_sort(flow))
    while explained < share * read and len(found) < validation.whole("most_paths", most_paths, 1):
        width, path = _widest(flow, order, sinks)
        if width <= _NEGLIGIBLE * read:
            break
        devices: list[tuple[int, int]] = []
        nodes: list[Node] = []
        for first, second in itertools.pairwise(path):
            edge = flow.edges[first, second]
            edge["flow"] -= width
            nodes.append(first)
            if edge["devices"]:
                i, j = edge["devices"][0]
                devices.append((i, j))
                down = became["word", i, j] == first
                nodes += [("word", i, j), ("bit", i, j)] if down else [("bit", i, j), ("word", i, j)]
            nodes.append(second)
        found.append((width / read, devices, [node for node in dict.fromkeys(nodes) if "source" not in node[0]]))
        explained += width
    if not found:
        raise ConvergenceError("sneak_paths: no path carries a current above round-off")
    cell = float(current[word_line, bit_line])
    lengths = np.array([len(devices) for _, devices, _ in found])
    shares = np.array([value for value, _, _ in found])
    classes = np.unique(lengths)
    return xr.Dataset(
        {
            "path_share": (("path",), shares, {"long_name": "share of the read current"}),
            "length": (("path",), lengths, {"long_name": "devices on the path"}),
            "route": (("path",), [" ".join(f"w{i}-b{j}" for i, j in devices) for _, devices, _ in found]),
            "nodes": (("path",), [" ".join(f"{k[0]}{i},{j}" for k, i, j in nodes) for _, _, nodes in found]),
            "length_share": (("length_class",), [shares[lengths == each].sum() for each in classes]),
            "read_current": ((), read, {"long_name": "current of the bit line", "units": "A"}),
            "cell_current": ((), cell, {"long_name": "current of the selected device", "units": "A"}),
            "sneak_share": (
                (),
                max(0.0, 1.0 - cell / read),
                {"long_name": "share that does not come through the selected device"},
            ),
            "explained_share": ((), explained / read, {"long_name": "share of the read current in the paths"}),
            "conductance": (("word_line", "bit_line"), np.asarray(array.conductance), {"units": "S"}),
        },
        coords={"length_class": classes},
        attrs={"experiment": "sneak_paths", "word_line": word_line, "bit_line": bit_line, **array.origin()},
    )


def _flow(
    array: Crossbar, bias: Bias, bit_line: int
) -> "tuple[nx.DiGraph[Node], dict[Node, Node], set[Node], float, FloatArray]":
    """The currents as an acyclic graph, the node of each original node, the node at which the bit line's current
    leaves, its size, and the devices' currents.

    The wires' currents are summed from those of their devices along the line, because differences of voltages would
    have no digits left if the wires are good.
    """
    given = bias.arguments()
    if array.network().bridged:
        raise InputError("array: expected one whose lines do not touch each other, got shorted lines")
    network = array.network(given["floating_word_lines"], given["floating_bit_lines"])
    found = array.find(**given)
    current = found.device_current[0]
    along = found.word_start_current[0][:, np.newaxis] - np.cumsum(current, axis=1)  # behind cell (i, j), to the right
    down = found.bit_start_current[0] + np.cumsum(current, axis=0)  # below cell (i, j)
    into = {
        "word start": found.word_start_current[0],
        "word stop": found.word_stop_current[0],
        "bit start": found.bit_start_current[0],
        "bit stop": found.bit_stop_current[0],
    }
    read = -float(into["bit start"][bit_line] + into["bit stop"][bit_line])
    circuit = to_networkx(network)
    graph, became = merged(circuit)
    flow: nx.DiGraph[Node] = nx.DiGraph()
    flow.add_nodes_from(graph)
    for first, second, data in circuit.edges(data=True):
        if data["kind"] == "device":
            amount = float(current[data["word_line"], data["bit_line"]])
            start, devices = ("word", data["word_line"], data["bit_line"]), [(data["word_line"], data["bit_line"])]
        else:
            devices = []
            start = min(first, second, key=lambda node: ("source" not in node[0], node[1:]))
            kind, line, place = start
            if "source" in kind:
                amount = float(into[f"{kind.split()[0]} {place}"][line])
            else:
                amount = float((along if kind == "word" else down)[line, place])
        other = second if start == first else first
        tail, head = (start, other) if amount >= 0.0 else (other, start)
        tail, head = became[tail], became[head]
        if tail == head or abs(amount) <= _NEGLIGIBLE * abs(read):
            continue
        if flow.has_edge(tail, head):  # devices in parallel between two ideal lines
            flow.edges[tail, head]["flow"] += abs(amount)
        else:
            flow.add_edge(tail, head, flow=abs(amount), devices=devices)
    sinks = {became[node] for node in became if node[0] == "bit source" and node[1] == bit_line}
    return flow, became, sinks, read, current


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
