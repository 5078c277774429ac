"""Currents at the ends of the lines: from the currents of their devices, or from the voltage across the end itself.

With d_j leaving a line of n nodes at node j (through the device and the shunt, minus the current fed by a source), R_s
and R_t at its ends and r_k in the segment after node k, Ohm's law along the line says

    V_s - V_t = R_s I_s + sum_k r_k (I_s - d_0 - ... - d_k) - R_t I_t,    k = 0 .. n - 2,

which with I_s + I_t = sum_j d_j gives

    I_s (R_s + R_t + sum_k r_k) = V_s - V_t + sum_j (r_j + ... + r_(n - 2)) d_j + R_t sum_j d_j;

with equal segments r_j + ... + r_(n - 2) = r (n - 1 - j).

No difference of two node voltages occurs, so no digits are lost if the wires are almost ideal, and the current into a
line equals the current out of it through its devices to the last digit but one.  The current of a shunt is a product
with a node's voltage; the current fed to that node is subtracted before summing, because both may be far larger than
their difference.

Behind a large resistance the opposite holds: the devices' currents almost cancel, and the accurate quantity is the drop
across the end itself, I_s = (V_s - v_0) / R_s.  All voltages have an error in proportion to the largest one, and all
currents of a line one in proportion to the sum of their magnitudes.  The drop is therefore used where the largest
voltage would drive less current through the end than that sum.
"""

from collections.abc import Callable

import numpy as np

from compact_model.support.arrays import FloatArray

from .linear_network import Network, Sources
from .measure import ROUND_OFF_REASON, Error
from .solution import NetworkSolution

Summation = Callable[[FloatArray, FloatArray, FloatArray, FloatArray], None]


def sum_small(leaving_words: FloatArray, leaving_bits: FloatArray, of_words: FloatArray, of_bits: FloatArray) -> None:
    """The same as `kernels.line_sums`, for small arrays, without compilation."""
    _, words, bits = leaving_words.shape
    size = np.abs(leaving_words)
    for leaving, nodes, summed, out in ((leaving_words, bits, 2, of_words), (leaving_bits, words, 1, of_bits)):
        weights = np.arange(nodes - 1, -1, -1.0)
        np.add.reduce(leaving, axis=summed, out=out[0])
        np.add.reduce(leaving * (weights if summed == 2 else weights[:, np.newaxis]), axis=summed, out=out[1])
        if leaving is leaving_bits and leaving is not leaving_words:
            size = np.abs(leaving)
        np.add.reduce(size, axis=summed, out=out[2])


def end_currents(
    network: Network,
    sources: Sources,
    word: FloatArray,
    bit: FloatArray,
    current: FloatArray,
    summation: Summation = sum_small,
) -> list[FloatArray]:
    """Currents into the array at word_start, word_stop, bit_start, bit_stop, (K, lines).

    word, bit, current: (K, N, M), the voltages of the nodes and the devices' currents.  summation: of the currents that
    leave the nodes, along the lines.
    """
    fed, drawn = sources.node_currents()
    leaving_words, leaving_bits = current, current
    if fed.size or network.shunted:
        leaving_words = current + (network.word_shunt[:, np.newaxis] * word - (fed if fed.size else 0.0))
    if drawn.size or network.shunted:
        leaving_bits = current - (network.bit_shunt * bit + (drawn if drawn.size else 0.0))
    if network.bridged:
        over_words, over_bits = network.through_bridges(word, bit)
        leaving_words, leaving_bits = leaving_words + over_words, leaving_bits - over_bits
    inputs, words, bits = current.shape
    of_words, of_bits = np.empty((3, inputs, words)), np.empty((3, inputs, bits))
    summation(np.ascontiguousarray(leaving_words), np.ascontiguousarray(leaving_bits), of_words, of_bits)
    word_wire = _wire(network.word_segment, bits, leaving_words, of_words)
    bit_wire = _wire(network.bit_segment.T, words, leaving_bits.transpose(0, 2, 1), of_bits)
    of_bits[:2] *= -1.0
    ohms = network.word_start, network.word_stop, network.bit_start, network.bit_stop
    volts = sources.word_start.T, sources.word_stop.T, sources.bit_start.T, sources.bit_stop.T
    found = [
        *_split(of_words, *word_wire, ohms[:2], volts[:2]),
        *_split(of_bits, *bit_wire, ohms[2:], volts[2:]),
    ]
    if network.broken:
        _split_at_breaks(network.word_segments, leaving_words, ohms[:2], found[:2])
        _split_at_breaks(network.bit_segments.T, -leaving_bits.transpose(0, 2, 1), ohms[2:], found[2:])
    # The ends of all lines side by side, (K, ends), because small arrays are many and each operation takes time.
    ends, driving = np.concatenate(ohms), np.concatenate(volts, axis=1)
    connected = ends < np.inf
    drops = np.where(connected, ends, 0.0) * np.concatenate([of_words[2], of_words[2], of_bits[2], of_bits[2]], axis=1)
    largest = np.maximum.reduce(np.abs(driving) * connected, axis=1, keepdims=True)
    if (drops <= largest).all():
        return found  # the usual case; the nodes' voltages would only increase the largest one
    nodes = np.concatenate([word[:, :, 0], word[:, :, -1], bit[:, 0], bit[:, -1]], axis=1)
    largest = np.maximum(largest, (np.abs(nodes) * connected).max(axis=1, keepdims=True))
    by_drop = drops > largest
    across = np.divide(driving - nodes, ends, out=np.zeros_like(nodes), where=by_drop)
    first = 0
    for each in found:
        part = slice(first, first + each.shape[1])
        each[by_drop[:, part]] = across[:, part][by_drop[:, part]]
        first = part.stop
    return found


def with_ends(
    network: Network,
    sources: Sources,
    word: FloatArray,
    bit: FloatArray,
    current: FloatArray,
    *,
    method: str,
    error: Error,
    reason: str,
) -> NetworkSolution:
    """The solution by a direct method: word, bit and current as in `end_currents`, and the currents at the ends."""
    word_start, word_stop, bit_start, bit_stop = end_currents(network, sources, word, bit, current)
    return NetworkSolution(
        word_voltage=word,
        bit_voltage=bit,
        device_current=current,
        word_start_current=word_start,
        word_stop_current=word_stop,
        bit_start_current=bit_start,
        bit_stop_current=bit_stop,
        method=method,
        iterations=0,
        residual=error.residual,
        converged=error.converged,
        reason=reason + (ROUND_OFF_REASON if error.rounded else ""),
    )


def line_ends(
    leaving: FloatArray, segment: FloatArray, start: FloatArray, stop: FloatArray, voltage: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The currents into lines of one kind at both ends, (K, lines), with the same source at both ends.

    leaving: (K, lines, nodes), A; segment: (lines,) or (lines, nodes - 1), Ohm, inf at a break; start, stop: (lines,),
    Ohm; voltage: (K, lines), V.
    """
    nodes = leaving.shape[2]
    weights = np.arange(nodes - 1, -1, -1.0)
    sums = np.stack([leaving.sum(axis=2), (leaving * weights).sum(axis=2), np.abs(leaving).sum(axis=2)])
    wire = _wire(segment, nodes, leaving, sums)
    found = _split(sums, *wire, (start, stop), (voltage, voltage))
    if segment.ndim == 2:
        _split_at_breaks(segment, leaving, (start, stop), list(found))
    return found


def _wire(
    segment: FloatArray, nodes: int, leaving: FloatArray, sums: FloatArray
) -> tuple[FloatArray, FloatArray | int]:
    """The arguments of `_split` for lines with segments (lines,) or (lines, nodes - 1); for the latter, the sums in
    volts."""
    if segment.ndim == 1:
        return segment, nodes - 1
    behind = np.zeros((segment.shape[0], nodes))  # resistance between a node and the last one
    finite = np.where(np.isinf(segment), 0.0, segment)  # broken lines are divided separately
    behind[:, :-1] = np.cumsum(finite[:, ::-1], axis=1)[:, ::-1]
    np.add.reduce(leaving * behind, axis=2, out=sums[1])
    return np.ones(segment.shape[0]), behind[:, 0]


def _split_at_breaks(
    segment: FloatArray, leaving: FloatArray, ohms: tuple[FloatArray, ...], found: list[FloatArray]
) -> None:
    """Replaces the values in `found` for broken lines: the currents that leave before the first and after the last
    break.

    segment: (lines, nodes - 1), Ohm, inf at a break; leaving: (K, lines, nodes), A; ohms, found: of the start and
    stop.
    """
    for line in np.flatnonzero(np.isinf(segment).any(axis=1)).tolist():
        breaks = np.flatnonzero(np.isinf(segment[line]))
        for each, end, nodes in zip(found, ohms, (slice(breaks[0] + 1), slice(breaks[-1] + 1, None)), strict=True):
            each[:, line] = leaving[:, line, nodes].sum(axis=1) if end[line] < np.inf else 0.0


def _split(
    sums: FloatArray,
    segment: FloatArray,
    count: FloatArray | int,
    ohms: tuple[FloatArray, FloatArray],
    volts: tuple[FloatArray, FloatArray],
) -> tuple[FloatArray, FloatArray]:
    """The currents into lines at both ends, (K, lines), from those that leave their nodes.

    segment, count: (lines,), the unit of resistance, Ohm, of the weights in the second of the sums, and the whole wire
    in this unit.  ohms: (lines,), of the start and of the stop; volts: (K, lines), of the sources there.
    """
    (start, stop), (start_source, stop_source) = ohms, volts
    total, weighted, _ = sums
    open_start, open_stop = start.min() == np.inf, stop.min() == np.inf  # usually one of them is
    if open_stop and start.max() < np.inf:
        return total.copy(), np.zeros(total.shape)
    if open_start and stop.max() < np.inf:
        return np.zeros(total.shape), total.copy()
    no_start, no_stop = np.isinf(start), np.isinf(stop)
    from_start = np.where(no_start, 0.0, total)
    from_stop = np.where(no_start & ~no_stop, total, 0.0)
    both = ~(no_start | no_stop)
    if both.any():
        voltage = (start_source - stop_source)[:, both]
        start, stop, segment = start[both], stop[both], segment[both]
        count = count if isinstance(count, int) else count[both]
        total, weighted = total[:, both], weighted[:, both]
        whole = start + stop + count * segment
        from_start[:, both] = (voltage + segment * weighted + stop * total) / whole
        from_stop[:, both] = (-voltage + segment * (count * total - weighted) + start * total) / whole
    return from_start, from_stop
