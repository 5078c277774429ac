"""Currents at the ends of the lines: from the currents of their devices, or from the voltage across the end itself.

With d_j leaving a line of n nodes at node j (through the device and the shunt, less what a current source feeds to it),
R_s and R_t at its ends and r in a segment, Ohm's law along the line says

    V_s - V_t = R_s I_s + r sum_k (I_s - d_0 - ... - d_k) - R_t I_t,    k = 0 .. n - 2,

which with I_s + I_t = sum_j d_j gives

    I_s (R_s + R_t + (n - 1) r) = V_s - V_t + r sum_j (n - 1 - j) d_j + R_t sum_j d_j.

No difference of two node voltages occurs, so nothing is lost where the wires are almost ideal, and what enters a line
leaves it through its devices to the last digit but one.  What a shunt takes is a product with a node's voltage; it is
summed less what is fed to that node, since the two may be far larger than their difference.

Behind a large resistance it is the other way round: the devices' currents cancel, all but a small rest, and what is
known well is the end's own drop, I_s = (V_s - v_0) / R_s.  All voltages are wrong by some share of the largest one and
all currents of a line by the same share of their sum of sizes, hence the drop is taken where the largest voltage would
drive less through the end than that sum.
"""

from typing import NamedTuple

import numpy as np

from compact_model.support.arrays import FloatArray

from .linear_network import Network, Sources

_AT_ONCE = 64  # rows of the array that are summed at a time, so that they are read from memory once


class _Sums(NamedTuple):
    """Of what leaves each line's nodes, (K, lines): the sum, the sum with weights n - 1 - j, the sum of sizes."""

    plain: FloatArray
    weighted: FloatArray
    sizes: FloatArray


def end_currents(
    network: Network, sources: Sources, word: FloatArray, bit: FloatArray, current: FloatArray
) -> list[FloatArray]:
    """Currents into the array at word_start, word_stop, bit_start, bit_stop, (K, lines).

    word, bit, current: (K, N, M), the voltages of the nodes and the devices' currents.
    """
    fed, drawn = sources.node_currents()
    leaving_words, leaving_bits = current, current
    if fed.size or network.word_shunt.any():
        leaving_words = current + (network.word_shunt[:, np.newaxis] * word - (fed if fed.size else 0.0))
    if drawn.size or network.bit_shunt.any():
        leaving_bits = current - (network.bit_shunt * bit + (drawn if drawn.size else 0.0))
    of_words, of_bits = _sums(leaving_words, leaving_bits)
    of_bits = _Sums(-of_bits.plain, -of_bits.weighted, of_bits.sizes)
    ends = (
        (network.word_start, sources.word_start, word[:, :, 0]),
        (network.word_stop, sources.word_stop, word[:, :, -1]),
        (network.bit_start, sources.bit_start, bit[:, 0]),
        (network.bit_stop, sources.bit_stop, bit[:, -1]),
    )
    largest = np.zeros((sources.inputs, 1))
    for resistance, source, node in ends:
        connected = np.isfinite(resistance)
        for voltage in (source.T, node):
            largest[:, 0] = np.maximum(largest[:, 0], np.abs(voltage[:, connected]).max(axis=1, initial=0.0))
    words, bits = network.shape
    found = [
        *_split(of_words, network.word_segment, bits, ends[0], ends[1]),
        *_split(of_bits, network.bit_segment, words, ends[2], ends[3]),
    ]
    for each, sums, (resistance, source, node) in zip(found, (of_words, of_words, of_bits, of_bits), ends, strict=True):
        by_drop = largest < resistance * sums.sizes
        by_drop &= np.isfinite(resistance)
        if by_drop.any():
            across = source.T - node
            np.divide(across, resistance, out=each, where=by_drop)
    return found


def _sums(leaving_words: FloatArray, leaving_bits: FloatArray) -> tuple[_Sums, _Sums]:
    """The sums along the word lines of what leaves these, and along the bit lines."""
    inputs, words, bits = leaving_words.shape
    along = np.arange(bits - 1, -1, -1.0)
    of_words = _Sums(*(np.empty((inputs, words)) for _ in range(3)))
    of_bits = _Sums(*(np.zeros((inputs, bits)) for _ in range(3)))
    for index in range(0, inputs, max(1, _AT_ONCE // words)):
        some = slice(index, index + max(1, _AT_ONCE // words))
        for first in range(0, words, _AT_ONCE):
            rows = slice(first, first + _AT_ONCE)
            part = leaving_words[some, rows]
            sizes = np.abs(part)
            part.sum(axis=2, out=of_words.plain[some, rows])
            sizes.sum(axis=2, out=of_words.sizes[some, rows])
            np.einsum("knm,m->kn", part, along, out=of_words.weighted[some, rows])
            if leaving_bits is not leaving_words:
                part = leaving_bits[some, rows]
                sizes = np.abs(part)
            of_bits.plain[some] += part.sum(axis=1)
            of_bits.sizes[some] += sizes.sum(axis=1)
            across = np.arange(words - 1.0 - first, words - 1.0 - first - part.shape[1], -1.0)
            of_bits.weighted[some] += np.einsum("knm,n->km", part, across)
    return of_words, of_bits


def _split(
    sums: _Sums,
    segment: FloatArray,
    nodes: int,
    at_start: tuple[FloatArray, FloatArray, FloatArray],
    at_stop: tuple[FloatArray, FloatArray, FloatArray],
) -> tuple[FloatArray, FloatArray]:
    """The currents into lines at both ends, (K, lines), from those that leave their nodes."""
    (start, start_source, _), (stop, stop_source, _) = at_start, at_stop
    total, weighted, _ = sums
    no_start, no_stop = np.isinf(start), np.isinf(stop)
    both = ~(no_start | no_stop)
    from_start = np.where(no_start | ~no_stop, 0.0, total)
    from_stop = np.where(no_stop | ~no_start, 0.0, total)
    if both.any():
        voltage = (start_source - stop_source).T[:, both]
        start, stop, segment = start[both], stop[both], segment[both]
        total, weighted = total[:, both], weighted[:, both]
        whole = start + stop + (nodes - 1) * segment
        from_start[:, both] = (voltage + segment * weighted + stop * total) / whole
        from_stop[:, both] = (-voltage + segment * ((nodes - 1) * total - weighted) + start * total) / whole
    return from_start, from_stop
