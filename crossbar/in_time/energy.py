"""What a run took and where it went."""

from dataclasses import astuple, dataclass, fields


@dataclass
class Energy:
    """What the sources gave and what became of it, J; also used for powers, W."""

    sources: float = 0.0
    devices: float = 0.0
    """The cells, with their selectors."""
    lines: float = 0.0
    """The wires, the drivers and the sense resistances."""
    charges: float = 0.0
    """What is on the lines' capacitances at present."""

    def since(self, before: "Energy") -> "Energy":
        """What came on top of an earlier state."""
        return Energy(*(now - then for now, then in zip(astuple(self), astuple(before), strict=True)))

    def add(self, other: "Energy", scale: float) -> None:
        """Add another one times a number."""
        for item in fields(self):
            setattr(self, item.name, getattr(self, item.name) + scale * getattr(other, item.name))
