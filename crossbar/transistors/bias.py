"""The bias of the lines of a 1T1R array."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from compact_model.support import validation
from compact_model.support.arrays import FloatArray

from ..schemes import Bias


@dataclass(frozen=True, kw_only=True, eq=False)
class TransistorBias(Bias):
    """Voltages of the gates (word_line_voltage), of the bit lines and of the source lines, V; none of them floats."""

    source_line_voltage: FloatArray

    def __post_init__(self) -> None:
        super().__post_init__()
        volts = validation.numbers("source_line_voltage", self.source_line_voltage, ("source_line",))
        object.__setattr__(self, "source_line_voltage", volts)

    @classmethod
    def of(cls, gates: FloatArray, sources: FloatArray, bits: FloatArray) -> "TransistorBias":
        """A bias from voltages of shapes (word lines,), (source lines,), (bit lines,)."""
        return cls(
            word_line_voltage=gates,
            bit_line_voltage=bits,
            source_line_voltage=sources,
            floating_word_lines=np.zeros(gates.size, dtype=bool),
            floating_bit_lines=np.zeros(bits.size, dtype=bool),
        )

    def parted(self) -> "tuple[TransistorBias, TransistorBias]":
        """Two biases, one with the gates only and one with the other lines only."""
        sources, bits = self.source_line_voltage, self.bit_line_voltage
        return (
            self.of(self.word_line_voltage, np.zeros_like(sources), np.zeros_like(bits)),
            self.of(np.zeros_like(self.word_line_voltage), sources, bits),
        )

    def line_voltages(self) -> tuple[FloatArray, ...]:
        """Voltages of the word lines, the bit lines and the source lines, V."""
        return *super().line_voltages(), self.source_line_voltage

    @property
    def largest_voltage(self) -> float:
        """Approximately the largest voltage across a cell that the lines can cause, V, without the gates."""
        return float(np.abs(self.source_line_voltage).max()) + float(np.abs(self.bit_line_voltage).max())

    def arguments(self) -> dict[str, Any]:
        """The arguments of `TransistorCrossbar.solve`."""
        return {
            "word_line_voltage": self.word_line_voltage,
            "source_line_voltage": self.source_line_voltage,
            "bit_line_voltage": self.bit_line_voltage,
        }
