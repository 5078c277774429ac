"""badcrossbar's `compute` on this package's solvers: the same call, the same result, the same exceptions.

    from crossbar import badcrossbar
    solution = badcrossbar.compute(applied_voltages, resistances, r_i=0.5)

Joksas and Mehonic, SoftwareX 12, 100617 (2020), doi 10.1016/j.softx.2020.100617; compared with version 1.1.0.  A
solution has everything that badcrossbar's `plot.branches` and `plot.nodes` need.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.validation import InputError

from .crossbar import Crossbar


class ArgumentTypeError(InputError, TypeError):
    """An InputError where badcrossbar raises TypeError; all others are ValueErrors in both."""


class Currents(NamedTuple):
    """A; output (inputs, bit lines), the others (word lines, bit lines), or (..., inputs) for several inputs.

    device: from the word line to the bit line; word_line: through the segment that ends at a cell, from the source;
    bit_line: through the segment that begins at a cell, towards the output.
    """

    output: FloatArray
    device: FloatArray | None
    word_line: FloatArray | None
    bit_line: FloatArray | None


class Voltages(NamedTuple):
    """V; word_line and bit_line (word lines, bit lines), or (..., inputs) for several inputs."""

    word_line: FloatArray | None
    bit_line: FloatArray | None


class Solution(NamedTuple):
    """A solution as badcrossbar defines it."""

    currents: Currents
    voltages: Voltages | None


def badcrossbar_compute(
    applied_voltages: ArrayLike,
    resistances: ArrayLike,
    r_i: float | None = None,
    r_i_word_line: float | None = None,
    r_i_bit_line: float | None = None,
    *,
    node_voltages: bool = True,
    all_currents: bool = True,
) -> Solution:
    """Branch currents and node voltages of a crossbar.

    applied_voltages: (word lines, inputs), V.  resistances: of the devices, (word lines, bit lines), Ohm, above 0, inf:
    open.  r_i: of a wire segment of both kinds of lines, Ohm, whatever the other two are, as there.  Without it, both
    r_i_word_line and r_i_bit_line are needed.  node_voltages, all_currents: False omits the voltages, or all currents
    except those of the outputs (they are None).  Raises InputError, a ValueError, and ArgumentTypeError, which is also
    a TypeError.  Unlike badcrossbar, it rejects NaN and unknown keywords.
    """
    if r_i is not None:
        r_i_word_line = r_i_bit_line = r_i
    volts = _table("applied_voltages", applied_voltages, "(word lines, inputs)")
    ohms = _table("resistances", resistances, "(word lines, bit lines)")
    if len(volts) != len(ohms):
        raise InputError(
            f"applied_voltages: expected shape ({len(ohms)}, inputs), one row for each row of resistances, got "
            f"{volts.shape}"
        )
    word, bit = (
        _segment("r_i" if r_i is not None else name, value)
        for name, value in (("r_i_word_line", r_i_word_line), ("r_i_bit_line", r_i_bit_line))
    )
    if (ohms <= 0.0).any():
        raise InputError(f"resistances: expected values above 0 Ohm, got {ohms.min():g}")
    if np.isinf([word, bit]).any():
        return _cut_off(volts, ohms, word, bit, node_voltages, all_currents)
    found = Crossbar(resistance=ohms, word_line_resistance=word, bit_line_resistance=bit).solve(volts)
    device = found.device_current.values
    output = found.bit_line_current.values
    # Sums of device currents instead of differences of voltages, which lose digits if wires are good.
    along_words = device[:, :, ::-1].cumsum(axis=2)[:, :, ::-1]
    along_bits = device.cumsum(axis=1)
    along_bits[:, -1, :] = output
    voltages = Voltages(_shaped(found.word_line_voltage.values), _shaped(found.bit_line_voltage.values))
    currents = Currents(output, _shaped(device), _shaped(along_words), _shaped(along_bits))
    return _asked_for(currents, voltages, node_voltages, all_currents)


compute = badcrossbar_compute


def _cut_off(
    volts: FloatArray, ohms: FloatArray, word: float, bit: float, node_voltages: bool, all_currents: bool
) -> Solution:
    """No current flows through insulating wires; a node has the voltage of the line on its device's other side."""
    nothing = np.zeros((volts.shape[1], *ohms.shape))
    voltages = Voltages(None, None)  # as in badcrossbar: no node is connected to anything
    if np.isfinite(bit):
        voltages = Voltages(_shaped(nothing), _shaped(nothing))
    elif np.isfinite(word):
        same = _shaped(np.array(np.broadcast_to(volts.T[:, :, np.newaxis], nothing.shape)))
        voltages = Voltages(same, same.copy())
    currents = Currents(np.zeros((volts.shape[1], ohms.shape[1])), *(_shaped(nothing) for _ in range(3)))
    return _asked_for(currents, voltages, node_voltages, all_currents)


def _asked_for(currents: Currents, voltages: Voltages, node_voltages: bool, all_currents: bool) -> Solution:
    return Solution(
        currents if all_currents else Currents(currents.output, None, None, None), voltages if node_voltages else None
    )


def _shaped(values: FloatArray) -> FloatArray:
    """From (inputs, word lines, bit lines) to badcrossbar's order."""
    return values[0].copy() if len(values) == 1 else np.moveaxis(values, 0, -1).copy()


def _table(name: str, values: ArrayLike, axes: str) -> FloatArray:
    plain = validation.unlabelled(name, values)
    try:
        given = np.asarray(plain)
    except ValueError:
        raise InputError(f"{name}: expected rows of one length, got rows of different ones") from None
    if given.ndim != 2:
        raise ArgumentTypeError(f"{name}: expected an array of 2 dimensions, {axes}, got {given.ndim}")
    if given.dtype.kind not in "iuf":
        raise ArgumentTypeError(f"{name}: expected real numbers, got {validation.shown(values)}")
    if given.size == 0:
        raise InputError(f"{name}: expected at least one value, got shape {given.shape}")
    if np.isnan(given).any():
        raise InputError(f"{name}: expected numbers, got NaN")
    return given.astype(np.float64)


def _segment(name: str, value: float | None) -> float:
    if not isinstance(value, int | float):
        raise ArgumentTypeError(f"{name}: expected an int or a float in Ohm, got {validation.shown(value)}")
    if not value >= 0.0:
        raise InputError(f"{name}: expected at least 0 Ohm, got {value:g}")
    return float(value)
