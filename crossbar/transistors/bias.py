"""The bias of the lines of a 1T1R array."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.validation import InputError

from ..schemes import Bias


@dataclass(frozen=True, kw_only=True, eq=False)
class TransistorBias(Bias):
    """Voltages of the gates (word_line_voltage), of the bit lines and of the source lines, V, and which lines float.

    floating_source_lines: a mask (source lines,); None: there are none.  Gates do not float.
    """

    source_line_voltage: FloatArray
    floating_source_lines: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        axes = ("source_line",)
        volts = validation.numbers("source_line_voltage", self.source_line_voltage, axes)
        mask = np.zeros(volts.shape, dtype=bool)
        if self.floating_source_lines is not None:
            mask = validation.shaped("floating_source_lines", self.floating_source_lines, axes).copy()
        if mask.dtype != bool or mask.shape != volts.shape:
            raise InputError(
                f"floating_source_lines: expected a mask of shape {volts.shape}, got {mask.dtype} {mask.shape}"
            )
        if self.floating_word_lines.any():
            line = int(np.argmax(self.floating_word_lines))
            raise InputError(f"floating_word_lines: expected none, since word lines drive gates, got word line {line}")
        object.__setattr__(self, "source_line_voltage", volts)
        object.__setattr__(self, "floating_source_lines", mask)

    @classmethod
    def of(
        cls,
        gates: FloatArray,
        sources: FloatArray,
        bits: FloatArray,
        floating_sources: NDArray[np.bool_] | None = None,
        floating_bits: NDArray[np.bool_] | None = None,
    ) -> "TransistorBias":
        """A bias from voltages of shapes (word lines,), (source lines,), (bit lines,), and masks; None: none floats."""
        return cls(
            word_line_voltage=gates,
            bit_line_voltage=bits,
            source_line_voltage=sources,
            floating_word_lines=np.zeros(gates.size, dtype=bool),
            floating_bit_lines=np.zeros(bits.size, dtype=bool) if floating_bits is None else floating_bits,
            floating_source_lines=floating_sources,
        )

    def parted(self) -> "tuple[TransistorBias, TransistorBias]":
        """Two biases, one with the gates only and one with the other lines only."""
        sources, bits = self.source_line_voltage, self.bit_line_voltage
        floating = self.floating_source_lines, self.floating_bit_lines
        return (
            self.of(self.word_line_voltage, np.zeros_like(sources), np.zeros_like(bits), *floating),
            self.of(np.zeros_like(self.word_line_voltage), sources, bits, *floating),
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
            "floating_source_lines": self.floating_source_lines,
            "floating_bit_lines": self.floating_bit_lines,
        }
