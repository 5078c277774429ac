"""The charges on the lines: the contribution of the wires' capacitance to the network in each time step.

C dv/dt at a node is replaced by the backward differentiation formula of second order for variable steps (Hairer and
Wanner, Solving Ordinary Differential Equations II, III.5): a conductance to ground and a current into the node. The
first step after a jump of the drive uses the formula of first order.
"""

from typing import NamedTuple

import numpy as np

from compact_model.support.arrays import FloatArray

from ..network.solution import NetworkSolution

_HELD_SHARE = 1e-5  # of the shortest time constant: a step in which no charge moves
_TRUNCATION = {1: 0.5, 2: 1.0 / 3.0, 3: 0.2}
"""Bound of a step's error over the distance to the extrapolation through this many earlier points."""


class ChargeTerms(NamedTuple):
    """Contribution of the charges to a step at each node: conductances to ground, S, in the shape of the capacitances,
    and currents from ground, A, (word lines, bit lines)."""

    word_shunt: FloatArray
    bit_shunt: FloatArray
    word_current: FloatArray
    bit_current: FloatArray


class LineCharges:
    """Voltages of all nodes at the last two times, and across the cells at the last three.

    word_capacitance, bit_capacitance: F, at each node of the word lines and of the bit lines, in shapes that broadcast
    to (word lines, bit lines), such as (word lines, 1).  In arrays with transistors, source lines replace word lines.
    largest_conductance: S, approximately the largest that charges a node, which sets the shortest time constant.
    """

    def __init__(self, word_capacitance: FloatArray, bit_capacitance: FloatArray, largest_conductance: float) -> None:
        self.word_capacitance, self.bit_capacitance = word_capacitance, bit_capacitance
        charged = np.concatenate([word_capacitance.ravel(), bit_capacitance.ravel()])
        self.shortest = _HELD_SHARE * float(charged[charged > 0.0].min()) / largest_conductance
        self.nodes: list[tuple[float, FloatArray, FloatArray]] = []
        self.across: list[tuple[float, FloatArray]] = []

    def begin(self, word: FloatArray, bit: FloatArray) -> None:
        """Start from voltages of the nodes, (word lines, bit lines), V, at no definite time."""
        self.nodes = [(0.0, word, bit)]

    def restart(self, time: float, found: NetworkSolution) -> None:
        """Discard the history before a jump of the drive."""
        self.nodes = [(time, found.word_voltage[0], found.bit_voltage[0])]
        self.across = [(time, _across(found))]

    def accept(self, time: float, found: NetworkSolution) -> None:
        """Store the end of a step."""
        self.nodes = [*self.nodes[-1:], (time, found.word_voltage[0], found.bit_voltage[0])]
        self.across = [*self.across[-2:], (time, _across(found))]

    def held(self) -> ChargeTerms:
        """The terms of a step so short that no node with a capacitance moves."""
        _, word, bit = self.nodes[-1]
        return self._terms(1.0 / self.shortest, word / self.shortest, bit / self.shortest)

    def step(self, time: float) -> ChargeTerms:
        """The terms of the step to a time."""
        now, word, bit = self.nodes[-1]
        length = time - now
        if len(self.nodes) == 1:
            return self._terms(1.0 / length, word / length, bit / length)
        before, earlier_word, earlier_bit = self.nodes[0]
        ratio = length / (now - before)
        new, last, earlier = (1.0 + 2.0 * ratio) / (1.0 + ratio), 1.0 + ratio, ratio**2 / (1.0 + ratio)
        return self._terms(
            new / length,
            (last * word - earlier * earlier_word) / length,
            (last * bit - earlier * earlier_bit) / length,
        )

    def _terms(self, rate: float, word: FloatArray, bit: FloatArray) -> ChargeTerms:
        of_words, of_bits = self.word_capacitance, self.bit_capacitance
        return ChargeTerms(rate * of_words, rate * of_bits, of_words * word, of_bits * bit)

    def error(self, time: float, found: NetworkSolution) -> float:
        """An estimate of the error of a step's voltages across the cells, V: their distance from an extrapolation.

        It uses whole cells, because a device behind closed gates has no voltage while its lines are charged.
        """
        points, reached = self.across, _across(found)
        expected = np.zeros_like(reached)
        for index, (own, values) in enumerate(points):
            others = [other for place, (other, _) in enumerate(points) if place != index]
            expected += float(np.prod([(time - other) / (own - other) for other in others])) * values
        return _TRUNCATION[len(points)] * float(np.abs(reached - expected).max())

    def stored(self) -> float:
        """Energy on the lines, J."""
        _, word, bit = self.nodes[-1]
        return 0.5 * float((self.word_capacitance * word**2).sum() + (self.bit_capacitance * bit**2).sum())


def _across(found: NetworkSolution) -> FloatArray:
    result: FloatArray = (found.word_voltage - found.bit_voltage)[0]
    return result
