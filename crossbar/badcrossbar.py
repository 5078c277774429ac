"""The arguments and the shapes of badcrossbar's `compute`, for those who come from there.

Joksas and Mehonic, SoftwareX 12, 100617 (2020), doi 10.1016/j.softx.2020.100617.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from compact_model.support.arrays import FloatArray

from .crossbar import Crossbar


class Currents(NamedTuple):
    """A; output (inputs, bit lines); device (word lines, bit lines), or (..., inputs) where there are several."""

    output: FloatArray
    device: FloatArray


class Voltages(NamedTuple):
    """V; word_line and bit_line (word lines, bit lines), or (..., inputs) where there are several."""

    word_line: FloatArray
    bit_line: FloatArray


class Solution(NamedTuple):
    """What badcrossbar calls a solution, without the currents of the wires' segments."""

    currents: Currents
    voltages: Voltages


def badcrossbar_compute(
    applied_voltages: ArrayLike,
    resistances: ArrayLike,
    r_i: float | None = None,
    r_i_word_line: float | None = None,
    r_i_bit_line: float | None = None,
) -> Solution:
    """Solve with badcrossbar's names.

    applied_voltages: (word lines, inputs), V; resistances: (word lines, bit lines), Ohm; r_i: of a segment of wire,
    Ohm, or one for each kind of line.
    """
    word = r_i if r_i_word_line is None else r_i_word_line
    bit = r_i if r_i_bit_line is None else r_i_bit_line
    array = Crossbar(
        resistance=resistances,
        word_line_resistance=0.0 if word is None else word,
        bit_line_resistance=0.0 if bit is None else bit,
    )
    found = array.solve(applied_voltages)

    def shaped(values: FloatArray) -> FloatArray:
        return values[0] if len(values) == 1 else np.moveaxis(values, 0, -1)

    return Solution(
        Currents(found.bit_line_current.values, shaped(found.device_current.values)),
        Voltages(shaped(found.word_line_voltage.values), shaped(found.bit_line_voltage.values)),
    )
