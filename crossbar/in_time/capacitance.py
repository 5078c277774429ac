"""The charges on the lines: what the capacitance of the wires adds to the network in each step of time.

C dv/dt at a node is replaced by the backward differentiation formula of second order for steps of any length (Hairer
and Wanner, Solving Ordinary Differential Equations II, III.5): a conductance to ground and a current into the node.
After a jump of the drive the first step is the formula of first order.
"""

from dataclasses import replace

import numpy as np

from compact_model.support.arrays import FloatArray

from ..crossbar import Crossbar
from ..network.linear_network import Sources
from ..network.solution import NetworkSolution

_HELD_SHARE = 1e-5  # of the shortest time constant: a step in which no charge moves
_TRUNCATION = {1: 0.5, 2: 1.0 / 3.0, 3: 0.2}
"""What a step's error is at most of the distance to the extrapolation through so many earlier points."""


class LineCharges:
    """Voltages of all nodes at the last two times, and of the devices at the last three."""

    def __init__(self, array: Crossbar, largest_conductance: float) -> None:
        self.word_capacitance = np.asarray(array.word_line_capacitance)
        self.bit_capacitance = np.asarray(array.bit_line_capacitance)
        charged = np.concatenate([self.word_capacitance, self.bit_capacitance])
        self.shortest = _HELD_SHARE * float(charged[charged > 0.0].min()) / largest_conductance
        self.nodes: list[tuple[float, FloatArray, FloatArray]] = []
        self.devices: list[tuple[float, FloatArray]] = []

    def begin(self, word: FloatArray, bit: FloatArray) -> None:
        """Start from voltages of the nodes, (word lines, bit lines), V; the time does not matter yet."""
        self.nodes = [(0.0, word, bit)]

    def restart(self, time: float, found: NetworkSolution, device_voltage: FloatArray) -> None:
        """Forget what was before a jump of the drive."""
        self.nodes = [(time, found.word_voltage[0], found.bit_voltage[0])]
        self.devices = [(time, device_voltage)]

    def accept(self, time: float, found: NetworkSolution, device_voltage: FloatArray) -> None:
        """Keep the end of a step."""
        self.nodes = [*self.nodes[-1:], (time, found.word_voltage[0], found.bit_voltage[0])]
        self.devices = [*self.devices[-2:], (time, device_voltage)]

    def held(self, sources: Sources) -> tuple[FloatArray, FloatArray, Sources]:
        """Shunts and sources of a step so short that no node with a capacitance moves."""
        _, word, bit = self.nodes[-1]
        return self._terms(1.0 / self.shortest, word / self.shortest, bit / self.shortest, sources)

    def step(self, time: float, sources: Sources) -> tuple[FloatArray, FloatArray, Sources]:
        """Shunts and sources of the step to a time."""
        now, word, bit = self.nodes[-1]
        length = time - now
        if len(self.nodes) == 1:
            return self._terms(1.0 / length, word / length, bit / length, sources)
        before, earlier_word, earlier_bit = self.nodes[0]
        ratio = length / (now - before)
        new, last, earlier = (1.0 + 2.0 * ratio) / (1.0 + ratio), 1.0 + ratio, ratio**2 / (1.0 + ratio)
        return self._terms(
            new / length,
            (last * word - earlier * earlier_word) / length,
            (last * bit - earlier * earlier_bit) / length,
            sources,
        )

    def _terms(
        self, rate: float, word: FloatArray, bit: FloatArray, sources: Sources
    ) -> tuple[FloatArray, FloatArray, Sources]:
        fed = replace(
            sources,
            word_current=(self.word_capacitance[:, np.newaxis] * word)[np.newaxis],
            bit_current=(self.bit_capacitance * bit)[np.newaxis],
        )
        return rate * self.word_capacitance, rate * self.bit_capacitance, fed

    def error(self, time: float, device_voltage: FloatArray) -> float:
        """An estimate of the error of a step's device voltages, V: their distance from an extrapolation."""
        points = self.devices
        expected = np.zeros_like(device_voltage)
        for index, (own, values) in enumerate(points):
            others = [other for place, (other, _) in enumerate(points) if place != index]
            expected += float(np.prod([(time - other) / (own - other) for other in others])) * values
        return _TRUNCATION[len(points)] * float(np.abs(device_voltage - expected).max())

    def stored(self) -> float:
        """Energy on the lines, J."""
        _, word, bit = self.nodes[-1]
        return 0.5 * float((self.word_capacitance @ (word**2)).sum() + (bit**2 @ self.bit_capacitance).sum())
