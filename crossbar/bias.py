"""How the lines of an array are held while a cell, or a row, is read or written: the usual schemes, by name."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compact_model import validation
from compact_model.validation import InputError

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Bias:
    """Voltages of the lines, V, and which of them float; a scheme of one's own is made by giving these.

    word_line_voltage, floating_word_lines: shape (word lines,); bit_line_voltage, floating_bit_lines: (bit lines,).
    """

    word_line_voltage: Array
    bit_line_voltage: Array
    floating_word_lines: NDArray[np.bool_]
    floating_bit_lines: NDArray[np.bool_]

    def __post_init__(self) -> None:
        for side in ("word", "bit"):
            name, floating = f"{side}_line_voltage", f"floating_{side}_lines"
            volts = validation.numbers(name, getattr(self, name))
            mask = np.asarray(getattr(self, floating))
            if mask.dtype != bool or mask.shape != volts.shape:
                raise InputError(f"{floating}: expected a mask of shape {volts.shape}, got {mask.dtype} {mask.shape}")
            object.__setattr__(self, name, volts)
            object.__setattr__(self, floating, mask)

    def arguments(self) -> dict[str, Any]:
        """What `Crossbar.solve` takes."""
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
SCHEMES = tuple(_SHARES)


def bias(scheme: str, shape: tuple[int, int], voltage: float, *, word_line: int = 0, bit_line: int | None = 0) -> Bias:
    """The selected word line at `voltage`, the selected bit line at 0 V, the others as the scheme says.

    scheme: 'floating'; 'grounded', 0 V; 'V/2'; 'V/3', word lines at V/3 and bit lines at 2V/3.
    shape: word lines and bit lines.  voltage: V, of either sign: a write of the other polarity.
    word_line, bit_line: the selected cell; bit_line None: the whole row in parallel, all bit lines at 0 V.
    A scheme of one's own, free, is a `Bias` made directly.
    Raises InputError for an unknown scheme and for lines that are not there.
    """
    validation.choice("scheme", scheme, SCHEMES)
    volts = validation.number("voltage", voltage)
    if len(shape := tuple(np.atleast_1d(shape).tolist())) != 2:
        raise InputError(f"shape: expected (word lines, bit lines), got {shape}")
    words, bits = (validation.whole("shape", lines, 1) for lines in shape)
    row = _line("word_line", word_line, words)
    word_share, bit_share = _SHARES[scheme]
    word = np.full(words, volts * (word_share or 0.0))
    bit = np.full(bits, volts * (bit_share or 0.0))
    floating_words = np.full(words, word_share is None)
    floating_bits = np.full(bits, bit_share is None)
    word[row], floating_words[row] = volts, False
    columns: Any = slice(None) if bit_line is None else _line("bit_line", bit_line, bits)
    bit[columns], floating_bits[columns] = 0.0, False
    return Bias(
        word_line_voltage=word,
        bit_line_voltage=bit,
        floating_word_lines=floating_words,
        floating_bit_lines=floating_bits,
    )


def _line(name: str, number: int, count: int) -> int:
    line = validation.whole(name, number, 0)
    if line >= count:
        raise InputError(f"{name}: expected a number from 0 to {count - 1}, got {line}")
    return line
