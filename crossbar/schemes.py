"""Bias schemes: the voltages of an array's lines while a cell or a row is read or written."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.validation import InputError


@dataclass(frozen=True, kw_only=True, eq=False)
class Bias:
    """Voltages of the lines, V, and which of them float; user-defined schemes are made directly from these.

    word_line_voltage, floating_word_lines: shape (word lines,); bit_line_voltage, floating_bit_lines: (bit lines,).
    """

    word_line_voltage: FloatArray
    bit_line_voltage: FloatArray
    floating_word_lines: NDArray[np.bool_]
    floating_bit_lines: NDArray[np.bool_]

    def __post_init__(self) -> None:
        for side in ("word", "bit"):
            name, floating = f"{side}_line_voltage", f"floating_{side}_lines"
            axes = (f"{side}_line",)
            volts = validation.numbers(name, getattr(self, name), axes)
            mask = validation.shaped(floating, getattr(self, floating), axes).copy()
            if mask.dtype != bool or mask.shape != volts.shape:
                raise InputError(f"{floating}: expected a mask of shape {volts.shape}, got {mask.dtype} {mask.shape}")
            object.__setattr__(self, name, volts)
            object.__setattr__(self, floating, mask)

    @classmethod
    def zero(cls, floating_word_lines: NDArray[np.bool_], floating_bit_lines: NDArray[np.bool_]) -> "Bias":
        """All lines at 0 V except those that float."""
        return cls(
            word_line_voltage=np.zeros(floating_word_lines.size),
            bit_line_voltage=np.zeros(floating_bit_lines.size),
            floating_word_lines=floating_word_lines,
            floating_bit_lines=floating_bit_lines,
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Word lines and bit lines."""
        return self.word_line_voltage.size, self.bit_line_voltage.size

    def line_voltages(self) -> tuple[FloatArray, ...]:
        """Voltages of the word lines, the bit lines and, if there are any, the source lines, V."""
        return self.word_line_voltage, self.bit_line_voltage

    @property
    def largest_voltage(self) -> float:
        """Approximately the largest voltage across a cell that the lines can cause, V."""
        return float(np.abs(self.word_line_voltage).max()) + float(np.abs(self.bit_line_voltage).max())

    def arguments(self) -> dict[str, Any]:
        """The arguments of `Crossbar.solve`."""
        return {
            "word_line_voltage": self.word_line_voltage,
            "bit_line_voltage": self.bit_line_voltage,
            "floating_word_lines": self.floating_word_lines,
            "floating_bit_lines": self.floating_bit_lines,
        }


# scheme -> (share of the voltage on unselected word lines, the same for bit lines); None: they float.
_SHARES: dict[str, tuple[float | None, float | None]] = {
    "floating": (None, None),
    "grounded": (0.0, 0.0),
    "V/2": (0.5, 0.5),
    "V/3": (1.0 / 3.0, 2.0 / 3.0),
}
MARGINS = ("voltage", "current")
"""The quantity that distinguishes two states when a cell is read."""
SCHEMES = tuple(_SHARES)


def bias(scheme: str, shape: tuple[int, int], voltage: float, *, word_line: int = 0, bit_line: int | None = 0) -> Bias:
    """The selected word line at `voltage`, the selected bit line at 0 V, and the others according to the scheme.

    scheme: 'floating'; 'grounded', 0 V; 'V/2'; 'V/3', word lines at V/3 and bit lines at 2V/3.
    shape: word lines and bit lines.  voltage: V, of either sign: a write of the other polarity.
    word_line, bit_line: the selected cell; bit_line None: the whole row in parallel, all bit lines at 0 V.
    For a user-defined scheme, make a `Bias` directly.  Raises InputError for an unknown scheme and for lines that do
    not exist.
    """
    volts = validation.number("voltage", voltage)
    words, bits = array_shape(shape)
    wanted = np.full(bits, bit_line is None)
    if bit_line is not None:
        wanted[line_number("bit_line", bit_line, bits)] = True
    return row_bias(scheme, (words, bits), word_line, np.where(wanted, volts, 0.0), wanted)


def row_bias(
    scheme: str, shape: tuple[int, int], word_line: int, voltages: ArrayLike, selected: ArrayLike | None = None
) -> Bias:
    """Several cells of one row at once, each with its own voltage between its two lines.

    voltages: V, shape (bit lines,), of one sign; selected: a mask of the bit lines, None: those with a voltage.  The
    word line is at the largest of the voltages, V. A selected bit line is at V minus the voltage of its cell, and all
    other lines at their fraction of V. With V/3, a selected cell with less than V/3 puts more than V/3 across the
    others on its bit line.  Raises InputError as `bias` does, and for voltages of both signs.
    """
    word_share, bit_share = _SHARES[validation.choice("scheme", scheme, SCHEMES)]
    words, bits = array_shape(shape)
    volts = validation.array("voltages", voltages, ("bit_line",))
    if volts.shape != (bits,):
        raise validation.wrong_shape("voltages", volts.shape, {"bit lines": bits})
    if volts.min() < 0.0 < volts.max():
        raise InputError(
            f"voltages: expected one sign, since the cells share a word line, got {volts.min():g} to {volts.max():g} V"
        )
    wanted = validation.shaped("selected", volts != 0.0 if selected is None else selected, ("bit_line",))
    if wanted.dtype != bool or wanted.shape != (bits,):
        raise InputError(
            f"selected: expected a mask of shape (bit lines,) = ({bits},), got {wanted.dtype} {wanted.shape}"
        )
    largest = float(volts[np.argmax(np.abs(volts))])
    row = line_number("word_line", word_line, words)
    word = np.full(words, largest * (word_share or 0.0))
    floating_words = np.full(words, word_share is None)
    word[row], floating_words[row] = largest, False
    return Bias(
        word_line_voltage=word,
        bit_line_voltage=np.where(wanted, largest - volts, largest * (bit_share or 0.0)),
        floating_word_lines=floating_words,
        floating_bit_lines=~wanted if bit_share is None else np.zeros(bits, dtype=bool),
    )


def block_bias(
    scheme: str, shape: tuple[int, int], word_lines: ArrayLike, bit_lines: ArrayLike, voltage: float
) -> Bias:
    """All cells between some word lines and some bit lines at once, with one voltage.

    word_lines, bit_lines: masks of shape (word lines,), (bit lines,).  The other lines as in `bias`.
    """
    validation.choice("scheme", scheme, SCHEMES)
    words, bits = array_shape(shape)
    volts = validation.number("voltage", voltage)
    rows = validation.shaped("word_lines", word_lines, ("word_line",))
    columns = validation.shaped("bit_lines", bit_lines, ("bit_line",))
    for name, mask, count in (("word_lines", rows, words), ("bit_lines", columns, bits)):
        if mask.dtype != bool or mask.shape != (count,) or not mask.any():
            axes = f"({name.replace('_', ' ')},) = ({count},)"
            raise InputError(f"{name}: expected a mask of shape {axes} with a line, got {mask.dtype} {mask.shape}")
    word_voltage, bit_voltage = block_voltages(scheme, rows, columns, volts)
    word_share, bit_share = _SHARES[scheme]
    return Bias(
        word_line_voltage=word_voltage,
        bit_line_voltage=bit_voltage,
        floating_word_lines=~rows & (word_share is None),
        floating_bit_lines=~columns & (bit_share is None),
    )


def block_voltages(
    scheme: str, word_lines: NDArray[np.bool_], bit_lines: NDArray[np.bool_], voltage: float
) -> tuple[FloatArray, FloatArray]:
    """Voltages of `block_bias` on word lines and bit lines, V, 0 where they float; not checked."""
    word_share, bit_share = _SHARES[scheme]
    return (
        np.where(word_lines, voltage, voltage * (word_share or 0.0)),
        np.where(bit_lines, 0.0, voltage * (bit_share or 0.0)),
    )


def floats(scheme: str) -> bool:
    """Whether unselected lines float in a scheme."""
    return None in _SHARES[scheme]


def unselected_bit_line_voltage(scheme: str, voltages: FloatArray) -> float | None:
    """Voltage of the unselected bit lines in `row_bias`, V; None: they float."""
    share = _SHARES[scheme][1]
    return None if share is None else share * float(voltages[np.argmax(np.abs(voltages))])


def array_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """The numbers of word lines and bit lines; InputError for anything else."""
    counts = validation.listed("shape", shape)
    if len(counts) != 2:
        raise InputError(f"shape: expected (word lines, bit lines), got {validation.shown(shape)}")
    words, bits = (validation.whole("shape", lines, 1) for lines in counts)
    return words, bits


def line_number(name: str, number: int, count: int) -> int:
    """The number of a line; raises InputError if it does not exist."""
    line = validation.whole(name, number, 0)
    if line >= count:
        raise InputError(f"{name}: expected a number from 0 to {count - 1}, got {line}")
    return line
