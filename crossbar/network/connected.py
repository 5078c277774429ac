"""Whether every node of a network has a path to a source, and which ones have none."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from compact_model.support.arrays import FloatArray
from compact_model.support.validation import InputError

from .linear_network import Network

_AT_ONCE = 16  # lines whose cells are examined together
_NAMED = 5  # lines named in a message


def _named(side: str, lines: NDArray[np.intp]) -> str:
    shown = ", ".join(str(int(line)) for line in lines[:_NAMED])
    more = f" and {lines.size - _NAMED} more" if lines.size > _NAMED else ""
    return f"{side} line{'s' if lines.size > 1 else ''} {shown}{more}"


def _reached_lines(
    conductance: FloatArray, word_grounded: NDArray[np.bool_], bit_grounded: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The word lines and the bit lines, as masks, that are connected to a grounded line through cells.

    Breadth-first, reading the cells of each line once, some lines at a time; it stops when all are reached, which is
    soon in a dense array.
    """
    reached = word_grounded.copy(), bit_grounded.copy()
    waiting = [(side, lines) for side in (0, 1) for lines in _in_portions(np.flatnonzero(reached[side]))]
    while waiting and not (reached[0].all() and reached[1].all()):
        side, lines = waiting.pop(0)
        missing = np.flatnonzero(~reached[1 - side])
        cells = conductance[np.ix_(lines, missing)] if side == 0 else conductance[np.ix_(missing, lines)].T
        found = missing[(cells > 0.0).any(axis=0)]
        reached[1 - side][found] = True
        waiting += [(1 - side, more) for more in _in_portions(found)]
    return reached


def _in_portions(lines: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    return [lines[first : first + _AT_ONCE] for first in range(0, lines.size, _AT_ONCE)]


def _check_nodes_connected(network: Network) -> None:
    """The same for broken or connected lines: each node is examined."""
    words, bits = network.shape
    cells = words * bits
    word = np.arange(cells).reshape(words, bits)
    bit, ground = word + cells, 2 * cells
    grounded = [word[network.word_shunt > 0.0].ravel(), bit[:, network.bit_shunt > 0.0].ravel()]
    for nodes, ohms in (
        (word[:, 0], network.word_start),
        (word[:, -1], network.word_stop),
        (bit[0], network.bit_start),
        (bit[-1], network.bit_stop),
    ):
        grounded.append(nodes[np.isfinite(ohms)])
    held = np.concatenate(grounded)
    joined = [
        (word, bit, network.conductance > 0.0),
        (word[:, :-1], word[:, 1:], np.isfinite(network.word_segments)),
        (bit[:-1], bit[1:], np.isfinite(network.bit_segments)),
    ]
    if network.word_bridge is not None:
        joined.append((word[:-1], word[1:], network.word_bridge > 0.0))
    if network.bit_bridge is not None:
        joined.append((bit[:, :-1], bit[:, 1:], network.bit_bridge > 0.0))
    tail = np.concatenate([one[where] for one, _, where in joined] + [held])
    head = np.concatenate([other[where] for _, other, where in joined] + [np.full(held.size, ground)])
    graph = sparse.coo_matrix((np.ones(tail.size, dtype=np.int8), (tail, head)), shape=(ground + 1, ground + 1))
    _, group = csgraph.connected_components(graph, directed=False)
    lost = np.flatnonzero(group[:ground] != group[ground])
    if lost.size:
        names = [
            f"{'word' if node < cells else 'bit'} line {node % cells // bits if node < cells else node % bits} at cell "
            f"({node % cells // bits}, {node % bits})"
            for node in lost[:_NAMED].tolist()
        ]
        more = f" and {lost.size - _NAMED} more nodes" if lost.size > _NAMED else ""
        raise InputError(
            f"network: expected a path from every node to a source, got none from {', '.join(names)}{more}; a part of "
            "a line behind a break needs cells that conduct"
        )


def check_connected(network: Network) -> None:
    """InputError that names the lines without a path of wires, cells and shunts to a source or to ground.

    A line is one node here, because a segment conducts unless it is broken; each line is examined once.
    """
    if network.broken or network.bridged:
        _check_nodes_connected(network)
        return
    word_ohms = np.minimum(network.word_start, network.word_stop)
    bit_ohms = np.minimum(network.bit_start, network.bit_stop)
    if word_ohms.max() < np.inf and bit_ohms.max() < np.inf:
        return
    word_grounded, bit_grounded = np.isfinite(word_ohms), np.isfinite(bit_ohms)
    word_grounded |= network.word_shunt > 0.0
    bit_grounded |= network.bit_shunt > 0.0
    words, bits = _reached_lines(network.conductance, word_grounded, bit_grounded)
    if words.all() and bits.all():
        return
    lost_words, lost_bits = np.flatnonzero(~words), np.flatnonzero(~bits)
    parts = [_named("word", lost_words)] if lost_words.size else []
    parts += [_named("bit", lost_bits)] if lost_bits.size else []
    if lost_words.size and lost_bits.size:
        joining = np.argwhere(network.conductance[lost_words][:, lost_bits] > 0.0)
        if joining.size:
            shown = ", ".join(f"({lost_words[i]}, {lost_bits[j]})" for i, j in joining[:_NAMED])
            more = f" and {len(joining) - _NAMED} more" if len(joining) > _NAMED else ""
            parts.append(f"cell{'s' if len(joining) > 1 else ''} {shown}{more} between them")
    raise InputError(
        f"network: expected a path from every line to a source, got none from {', '.join(parts)}; lines float only "
        "where cells conduct, and cells whose transistors are off only with a finite off_resistance"
    )
