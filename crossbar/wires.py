"""The wires of an array, as one object that every study accepts for arrays of any size and with any cells."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.validation import InputError

ENDS = ("start", "stop", "both")
LINES = {
    "word_line_resistance": 0,
    "bit_line_resistance": 1,
    "driver_resistance": 0,
    "sense_resistance": 1,
    "word_line_capacitance": 0,
    "bit_line_capacitance": 1,
}
"""The numbers of `Wires`, each with the axis of an array that it goes along: 0 word lines, 1 bit lines."""


@dataclass(frozen=True, kw_only=True)
class Wires:
    """The wires, drivers and sense resistances of an array; without arguments, ideal wires.

    word_line_resistance, bit_line_resistance: Ohm, of one segment of wire; one for all lines, or one per line.
    driver_resistance: Ohm, between a word line's source and its first segment; one for all, or one per word line.
    sense_resistance: Ohm, between a bit line's last segment and its source or sense node; one for all, or per line.
    word_line_capacitance, bit_line_capacitance: F, of one segment of wire to ground, at each cell; one for all lines,
    or one per line.  They matter only in simulations over time (`simulate_array`).
    word_line_ends, bit_line_ends: which ends of the lines are connected: 'start', 'stop' or 'both'.

    Raises InputError for a value that is negative or not a number.
    """

    word_line_resistance: ArrayLike = 0.0
    bit_line_resistance: ArrayLike = 0.0
    driver_resistance: ArrayLike = 0.0
    sense_resistance: ArrayLike = 0.0
    word_line_capacitance: ArrayLike = 0.0
    bit_line_capacitance: ArrayLike = 0.0
    word_line_ends: str = "start"
    bit_line_ends: str = "stop"

    def __post_init__(self) -> None:
        validation.choice("word_line_ends", self.word_line_ends, ENDS)
        validation.choice("bit_line_ends", self.bit_line_ends, ENDS)
        for name, axis in LINES.items():
            given = validation.array(name, getattr(self, name), (("word_line", "bit_line")[axis],))
            if given.ndim > 1:
                raise InputError(f"{name}: expected one value, or one for each line, got shape {given.shape}")
            if (given < 0.0).any():
                unit = "F" if name.endswith("capacitance") else "Ohm"
                raise InputError(f"{name}: expected values of at least 0 {unit}, got {given.min():g}")
            object.__setattr__(self, name, given if given.ndim else given.item())

    @classmethod
    def equal(cls, segment: float, *, driver_resistance: float = 0.0, sense_resistance: float = 0.0) -> Self:
        """Word lines and bit lines whose segments all have the same resistance, Ohm."""
        return cls(
            word_line_resistance=segment,
            bit_line_resistance=segment,
            driver_resistance=driver_resistance,
            sense_resistance=sense_resistance,
        )

    def keywords(self) -> dict[str, Any]:
        """The wires as keyword arguments; values that all lines share are single numbers, which fit any array."""
        return {
            **{name: _shared(getattr(self, name)) for name in LINES},
            "word_line_ends": self.word_line_ends,
            "bit_line_ends": self.bit_line_ends,
        }


def wires_or_ideal(wires: Wires | None) -> Wires:
    """The wires given to a study; None: ideal wires."""
    return Wires() if wires is None else validation.instance("wires", wires, Wires)


def per_line(name: str, values: ArrayLike, count: int) -> FloatArray:
    """One of the values of `Wires`, checked, for each of a number of lines."""
    given = np.asarray(values, dtype=np.float64)
    if given.size not in (1, count):
        raise InputError(f"{name}: expected one value, or one for each of the {count} lines, got shape {given.shape}")
    return np.array(np.broadcast_to(given, (count,)))


def _shared(values: ArrayLike) -> Any:
    """The one number that all lines have, or the numbers of all lines."""
    given = np.asarray(values)
    return given.flat[0].item() if given.size and (given == given.flat[0]).all() else values
