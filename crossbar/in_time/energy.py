"""Energy and power budgets of a run."""

from dataclasses import astuple, dataclass
from typing import Self

from compact_model.support.arrays import FloatArray

from ..network.solution import NetworkSolution, difference


@dataclass(frozen=True)
class PowerBudget:
    """Power delivered by the sources at one time, and its parts, W."""

    sources: float = 0.0
    devices: float = 0.0
    """In the cells, with their selectors."""
    lines: float = 0.0
    """In the wires, the drivers and the sense resistances."""


@dataclass(frozen=True)
class Flows:
    """All voltages and currents of an array at one time; each power is a sum of their products.

    volts: V, of the lines' sources, as returned by `ArrayDrive.voltages`.
    charging: A, (2, word lines, bit lines), into the capacitances at the nodes of the word or source lines and of the
    bit lines; None: there are none.
    """

    found: NetworkSolution
    volts: tuple[FloatArray, ...]
    charging: FloatArray | None = None

    def __sub__(self, other: "Flows") -> "Flows":
        volts = tuple(here - there for here, there in zip(self.volts, other.volts, strict=True))
        charging = None
        if self.charging is not None and other.charging is not None:
            charging = self.charging - other.charging
        return Flows(difference(self.found, other.found), volts, charging)


@dataclass
class EnergyBudget:
    """Energy delivered by the sources, and its parts, J."""

    sources: float = 0.0
    devices: float = 0.0
    """In the cells, with their selectors."""
    lines: float = 0.0
    """In the wires, the drivers and the sense resistances."""
    charges: float = 0.0
    """Stored at present in the lines' capacitances."""

    def since(self, before: "EnergyBudget") -> "EnergyBudget":
        """The difference from an earlier budget."""
        return EnergyBudget(*(now - then for now, then in zip(astuple(self), astuple(before), strict=True)))

    def add(self, other: "EnergyBudget") -> Self:
        """Add another budget."""
        self.sources += other.sources
        self.devices += other.devices
        self.lines += other.lines
        self.charges += other.charges
        return self

    def add_interval(self, begin: PowerBudget, end: PowerBudget, change: PowerBudget, duration: float) -> Self:
        """Add a time over which all voltages and currents change linearly.

        begin, end: the powers at its ends; change: the power computed from the changes of all voltages and currents.  A
        product of two linear functions has the mean (v_0 i_0 + v_1 i_1) / 2 - (v_1 - v_0) (i_1 - i_0) / 6.
        """
        self.add_power(begin, 0.5 * duration).add_power(end, 0.5 * duration)
        return self.add_power(change, -duration / 6.0)

    def add_power(self, power: PowerBudget, duration: float) -> Self:
        """Add a constant power over a number of seconds."""
        self.sources += duration * power.sources
        self.devices += duration * power.devices
        self.lines += duration * power.lines
        return self
