"""Energy and power budgets of a run."""

from dataclasses import astuple, dataclass
from typing import Self


@dataclass(frozen=True)
class PowerBudget:
    """Power delivered by the sources at one time, and where it goes, W."""

    sources: float = 0.0
    devices: float = 0.0
    """The cells, with their selectors."""
    lines: float = 0.0
    """The wires, the drivers and the sense resistances."""


@dataclass
class EnergyBudget:
    """Energy delivered by the sources, and where it went, J."""

    sources: float = 0.0
    devices: float = 0.0
    """The cells, with their selectors."""
    lines: float = 0.0
    """The wires, the drivers and the sense resistances."""
    charges: float = 0.0
    """What is on the lines' capacitances at present."""

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

    def add_power(self, power: PowerBudget, duration: float) -> Self:
        """Add a power over so many seconds."""
        self.sources += duration * power.sources
        self.devices += duration * power.devices
        self.lines += duration * power.lines
        return self
