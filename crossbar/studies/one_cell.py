"""The margin between two resistances of one cell of an array.

To read a cell, the selected word line is at the read voltage, and the selected bit line is connected to ground through
a load R_pu.  With R_eff the resistance seen by the load, the voltage margin is R_pu/(R_pu + R_eff,L) - R_pu/(R_pu +
R_eff,H), R_pu = R_L unless given; the current margin is (I_L - I_H)/I_L into a sense node at 0 V.
"""

from dataclasses import dataclass, replace

import numpy as np

from compact_model.support import validation
from compact_model.support.arrays import FloatArray

from ..crossbar import Crossbar
from ..faults.faults import Faults, faults_of
from ..network.linear_network import Sources
from ..network.solve import solve_network
from ..schemes import MARGINS, SCHEMES, bias
from ..wires import Wires, per_line, wires_or_ideal
from .access import TransistorAccess

Cell = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a cell is read, and by which margin two of its states are distinguished.

    scheme: of the other lines, one of SCHEMES.  kind: 'current' or 'voltage', the margin.  pull_up: R_pu, the load of
    the voltage margin, Ohm; None: R_L.  access: the transistors of a 1T1R array, which cut off all rows but one,
    whatever the scheme; None: there are none.
    """

    scheme: str = "grounded"
    kind: str = "current"
    pull_up: float | None = None
    access: TransistorAccess | None = None

    def __post_init__(self) -> None:
        validation.choice("scheme", self.scheme, SCHEMES)
        validation.choice("kind", self.kind, MARGINS)
        if self.pull_up is not None:
            validation.positive("pull_up", self.pull_up)
        if self.access is not None:
            validation.instance("access", self.access, TransistorAccess)

    def load(self, low_resistance: float) -> float:
        """Load between the selected bit line and ground, Ohm."""
        if self.kind == "current":
            return 0.0
        return low_resistance if self.pull_up is None else self.pull_up


def faults_met(wires: Wires, shape: tuple[int, int], reading: Reading) -> Faults | None:
    """The faults of an array that is read, drawn if their probabilities are given."""
    both = wires.word_line_ends == "both", wires.bit_line_ends == "both"
    beside = None if reading.access is None else reading.access.source_lines
    return faults_of(wires.faults, shape, both_ends=both, source_lines=beside)


def cell_margin(
    background: FloatArray,
    *,
    low_resistance: float,
    high_resistance: float,
    word_line: int,
    bit_line: int,
    reading: Reading,
    wires: Wires | None = None,
) -> float:
    """The margin between two resistances of one cell (Ohm) for one background; negative if the low one is the higher.

    background: (word lines, bit lines), Ohm, of the other cells; the entry of the selected cell is ignored.  wires:
    None: ideal ones.  If they leave no current that is a number, the margin is 0, as is that of a faulty cell.
    """
    low, high = (
        validation.positive("low_resistance", low_resistance),
        validation.positive("high_resistance", high_resistance),
    )
    ohms = np.array(background, dtype=np.float64)
    ohms[word_line, bit_line] = high  # whatever stands there
    return CellReader(ohms, (word_line, bit_line), low, high, reading, wires_or_ideal(wires)).margin(ohms)


class CellReader:
    """The margin of one cell before any background; what does not depend on the background is made once.

    The array is solved for the high resistance alone, together with a current beside the cell.  The other resistance
    draws an additional current, whose share at the sense node that current has (Woodbury's identity), so that no digits
    of the difference are lost.
    """

    def __init__(self, ohms: FloatArray, cell: Cell, low: float, high: float, reading: Reading, wires: Wires) -> None:
        """ohms: (word lines, bit lines), of one of the backgrounds."""
        self._cell, self._ohms, self._reading = cell, (low, high), reading
        self._load = validation.instance("reading", reading, Reading).load(low)
        between = wires.between(low, high)
        sense = per_line("sense_resistance", between.sense_resistance, ohms.shape[1])
        sense[cell[1]] += self._load
        self._wires = replace(between, sense_resistance=sense)
        shape = ohms.shape[0], ohms.shape[1]
        held = bias(reading.scheme, shape, 1.0, word_line=cell[0], bit_line=cell[1])
        if reading.access is not None:
            return
        array = Crossbar(resistance=ohms, **self._wires.keywords())
        driven = array.driven(**held.arguments())
        self._network, self._stuck = driven.network, np.asarray(array.conductance)
        faults = faults_met(between, shape, reading)
        self._faulty = None if faults is None else faults.cells(shape)
        beside = np.zeros((2, *shape))
        beside[1, cell[0], cell[1]] = self._unit = 1.0 / high  # A: what a volt drives through it
        ends = ("word_start", "word_stop", "bit_start", "bit_stop")
        volts = {end: getattr(driven.sources, end) for end in ends}
        silent = {end: np.concatenate([given, np.zeros_like(given)], axis=1) for end, given in volts.items()}
        self._sources = Sources(cell_current=beside, **silent)

    def margin(self, ohms: FloatArray) -> float:
        """The margin before a background (word lines, bit lines), Ohm."""
        low, difference = self._currents(ohms)
        if self._reading.kind == "voltage":
            return self._load * difference
        return difference / low if low else 0.0

    def _currents(self, ohms: FloatArray) -> tuple[float, float]:
        """Out of the bit line with the low resistance, and how much less it is with the high one, A for 1 V."""
        access, (low, high) = self._reading.access, self._ohms
        if access is not None:
            shares = []
            for value in self._ohms:
                ohms[self._cell] = value
                shares.append(access.share(ohms, *self._cell, self._wires))
            return shares[0], shares[0] - shares[1]
        with np.errstate(divide="ignore"):
            conductance = 1.0 / ohms
        conductance[self._cell] = 1.0 / high
        if self._faulty is not None:
            conductance = np.where(self._faulty, self._stuck, conductance)
        found = solve_network(self._network.with_cells(conductance), self._sources)
        across = (found.word_voltage - found.bit_voltage)[:, self._cell[0], self._cell[1]]
        out = -(found.bit_start_current + found.bit_stop_current)[:, self._cell[1]]
        if self._faulty is not None and self._faulty[self._cell]:
            return float(out[0]), 0.0
        change = 1.0 / low - 1.0 / high
        further = -change * across[0] / (self._unit + change * across[1]) * out[1]
        return float(out[0] + further), float(further)
