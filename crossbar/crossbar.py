"""Arrays: from resistances to labelled voltages and currents.

These are the conventions.  Shape (word lines, bit lines); row 0 on top.  Word lines run horizontally and are driven
from the left ('start'); bit lines run vertically and are sensed at the bottom ('stop').  Every segment has the full
segment resistance, including the first, from the driver to the first cell, and the last, from the last cell to the
sense node.  A device's current is positive from its word line to its bit line; a bit line's current is positive out of
the array, a word line's into it.  As a matrix, a crossbar's conductances are inputs x outputs: currents = voltages @ G.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from compact_model.device.junction import resistance
from compact_model.device.parameters import DeviceParameters
from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.memory import check_memory
from compact_model.support.model_range import warn_of_voltage
from compact_model.support.provenance import provenance
from compact_model.support.validation import InputError

from .cells import Cells, Resistors, Selected, table
from .network.linear_network import Network, Sources, check_range
from .network.newton import solve_nonlinear
from .network.solution import NetworkSolution
from .network.solve import check_start, check_tolerance, solve_network
from .plots import in_time, studies  # noqa: F401 (register how the results draw themselves)
from .schemes import Bias, block_bias, row_bias
from .wires import LINES, Wires, per_line, wires_or_ideal

Lines = Sequence[int] | NDArray[Any]

_BYTES_PER_CELL = 96  # what the fast solver needs, the conductances included
_BYTES_PER_CELL_AND_INPUT = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class Crossbar(Wires):
    """A passive array of N word lines and M bit lines, with devices at their crossings.

    resistance, conductance or cells: one of the three; resistances (Ohm) or conductances (S) of the devices, shape
    (word lines, bit lines), or `cells.Cells` with their current-voltage laws.  An infinite resistance is an open
    device, and a resistance of 0 a shorted one.  The other arguments are those of `Wires`.

    Raises InputError for a wrong shape, NaN or a negative resistance.
    """

    resistance: ArrayLike | None = None
    conductance: ArrayLike | None = None
    cells: Cells | None = None

    # Equal wires are not equal arrays.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __post_init__(self) -> None:
        if self.cells is not None:
            if self.resistance is not None or self.conductance is not None:
                raise InputError("cells: expected them, or resistance, or conductance, got more than one")
            cells = validation.instance("cells", self.cells, Cells).zero_bias_conductance()
        else:
            cells = _conductances(self.resistance, self.conductance)
        object.__setattr__(self, "conductance", cells)
        object.__setattr__(self, "resistance", None)
        super().__post_init__()
        for name, axis in LINES.items():
            object.__setattr__(self, name, per_line(name, getattr(self, name), cells.shape[axis]))

    @classmethod
    def of_devices(cls, parameters: DeviceParameters, position: ArrayLike, *, wires: Wires | None = None) -> "Crossbar":
        """An array of one kind of device with walls at positions in m, of shape (word lines, bit lines), at zero bias.

        For devices with a bias-dependent resistance, see `cells`.
        """
        validation.instance("parameters", parameters, DeviceParameters)
        conductance = 1.0 / resistance(parameters, table("position", position))
        return cls(conductance=conductance, **wires_or_ideal(wires).keywords())

    @property
    def shape(self) -> tuple[int, int]:
        """Word lines and bit lines."""
        cells = np.asarray(self.conductance)
        return cells.shape[0], cells.shape[1]

    def description(self) -> dict[str, Any]:
        """Wires and cells by name, in SI, for the provenance of a result; conductances at zero bias."""
        whole = self.cells
        return {
            "shape": self.shape,
            "cells": None if whole is None else type(whole).__name__,
            "selector": whole.selector if isinstance(whole, Selected) else None,
            "conductance": self.conductance,
            **self.keywords(),
        }

    def origin(self) -> dict[str, str]:
        """Provenance of a solution of this array: see `compact_model.support.provenance`."""
        return self._origin

    @functools.cached_property
    def _origin(self) -> dict[str, str]:
        return provenance(self.cells.parameters if self.cells else (), array=self.description())

    def with_conductance(self, cells: ArrayLike) -> "Crossbar":
        """The same wires with other devices, S."""
        return Crossbar(conductance=cells, **self.keywords())

    def with_cells(self, cells: Cells) -> "Crossbar":
        """The same wires with other cells."""
        changed: Crossbar = replace(self, conductance=None, cells=cells)
        return changed

    def network(self, floating_word_lines: Lines = (), floating_bit_lines: Lines = ()) -> Network:
        """The plain arrays of the solvers, with some lines cut off from their sources."""
        if all(isinstance(lines, tuple) and not lines for lines in (floating_word_lines, floating_bit_lines)):
            return self._whole_network
        return self._network(floating_word_lines, floating_bit_lines)

    @functools.cached_property
    def _whole_network(self) -> Network:
        return self._network((), ())

    def _network(self, floating_word_lines: Lines, floating_bit_lines: Lines) -> Network:
        words, bits = self.shape
        word_start, word_stop = _ends(
            self.word_line_ends,
            np.asarray(self.word_line_resistance) + np.asarray(self.driver_resistance),
            mask("floating_word_lines", floating_word_lines, words),
            np.asarray(self.word_line_resistance),
        )
        bit_start, bit_stop = _ends(
            self.bit_line_ends,
            np.asarray(self.bit_line_resistance) + np.asarray(self.sense_resistance),
            mask("floating_bit_lines", floating_bit_lines, bits),
            np.asarray(self.bit_line_resistance),
        )
        return Network(
            conductance=np.asarray(self.conductance),
            word_segment=np.asarray(self.word_line_resistance),
            bit_segment=np.asarray(self.bit_line_resistance),
            word_start=word_start,
            word_stop=word_stop,
            bit_start=bit_start,
            bit_stop=bit_stop,
        )

    def row_bias(self, scheme: str, word_line: int, voltages: ArrayLike, selected: ArrayLike | None = None) -> Bias:
        """The bias for several cells of a row at once; see `schemes.row_bias`."""
        return row_bias(scheme, self.shape, word_line, voltages, selected)

    def block_bias(self, scheme: str, word_lines: ArrayLike, bit_lines: ArrayLike, voltage: float) -> Bias:
        """The bias for all cells between some word lines and some bit lines at once; see `schemes.block_bias`."""
        return block_bias(scheme, self.shape, word_lines, bit_lines, voltage)

    def sources(self, word_line_voltage: ArrayLike, bit_line_voltage: ArrayLike = 0.0) -> Sources:
        """The source voltages in the form that the solvers take; both ends of a line have the same voltage."""
        words, bits = self.shape
        inputs = max(_inputs("word_line_voltage", word_line_voltage), _inputs("bit_line_voltage", bit_line_voltage))
        check_memory("the solution", _BYTES_PER_CELL_AND_INPUT * float(words) * bits * inputs)
        word = _voltages("word_line_voltage", word_line_voltage, words, inputs)
        bit = _voltages("bit_line_voltage", bit_line_voltage, bits, inputs)
        return Sources(word_start=word, word_stop=word, bit_start=bit, bit_stop=bit)

    def solve(
        self,
        word_line_voltage: ArrayLike,
        bit_line_voltage: ArrayLike = 0.0,
        *,
        floating_word_lines: Lines = (),
        floating_bit_lines: Lines = (),
        tolerance: float = 1e-10,
        entrywise: bool = False,
        method: str | None = None,
        start: xr.Dataset | None = None,
    ) -> xr.Dataset:
        """Solve for all voltages and currents.

        word_line_voltage: V, a number, shape (word lines,) or (word lines, inputs); bit_line_voltage: the same for the
        bit lines.
        floating_word_lines, floating_bit_lines: lines that are not connected to a source, as numbers or as a mask.
        tolerance, entrywise, method: as in `solve.solve_network`; 'banded', 'iterative', 'direct' or 'graph', None:
        chosen automatically.
        start: an earlier result of the same shape, from which to start.

        Returns a Dataset that always has the dimension `input`, even for a single one: device_current, device_voltage
        (word line minus bit line), word_line_voltage and bit_line_voltage of the nodes at each cell (input, word_line,
        bit_line); bit_line_current (input, bit_line; out of the array), word_line_current (input, word_line; into it)
        and power (input; delivered by the sources, W).  Its attributes state which method was chosen and why, the
        number of iterations and the residual, and for non-linear cells the number of Newton steps.  Raises InputError,
        and ConvergenceError if no method reaches the tolerance.
        """
        network = self.network(floating_word_lines, floating_bit_lines)
        sources = self.sources(word_line_voltage, bit_line_voltage)
        earlier = None if start is None else _as_solution(start)
        options: dict[str, Any] = {"tolerance": tolerance, "entrywise": entrywise, "method": method}
        if self.cells is None or isinstance(self.cells, Resistors):
            return label_solution(solve_network(network, sources, start=earlier, **options), sources, **self.origin())
        check_tolerance(tolerance)
        if earlier is not None:
            check_start(earlier, (sources.inputs, *self.shape))
        found, steps = solve_nonlinear(network, self.cells, sources, start=earlier, **options)
        if self.cells.devices.has_barrier:
            across = found.word_voltage - found.bit_voltage
            warn_of_voltage(max(float(np.abs(self.cells.on_device(each)).max()) for each in across))
        return label_solution(found, sources, newton_steps=steps, **self.origin())

    def find(
        self,
        word_line_voltage: ArrayLike,
        bit_line_voltage: ArrayLike = 0.0,
        *,
        floating_word_lines: Lines = (),
        floating_bit_lines: Lines = (),
    ) -> NetworkSolution:
        """The plain solution for one input, with the currents at each end of the lines; arguments as in `solve`."""
        network = self.network(floating_word_lines, floating_bit_lines)
        sources = self.sources(word_line_voltage, bit_line_voltage).input(0)
        if self.cells is None or isinstance(self.cells, Resistors):
            return solve_network(network, sources)
        return solve_nonlinear(network, self.cells, sources)[0]


_CELL_AXES = ("input", "word_line", "bit_line")
_VARIABLES = {
    "device_current": (_CELL_AXES, "device current", "A"),
    "device_voltage": (_CELL_AXES, "voltage across the device", "V"),
    "word_line_voltage": (_CELL_AXES, "voltage of the word line at the cell", "V"),
    "bit_line_voltage": (_CELL_AXES, "voltage of the bit line at the cell", "V"),
    "bit_line_current": (("input", "bit_line"), "current out of the bit line", "A"),
    "word_line_current": (("input", "word_line"), "current into the word line", "A"),
    "power": (("input",), "power of the sources", "W"),
}


def label_solution(found: NetworkSolution, sources: Sources, **attributes: Any) -> xr.Dataset:
    """The Dataset of `Crossbar.solve`, with more attributes."""
    values = {
        "device_current": found.device_current,
        "device_voltage": found.word_voltage - found.bit_voltage,
        "word_line_voltage": found.word_voltage,
        "bit_line_voltage": found.bit_voltage,
        "bit_line_current": -(found.bit_start_current + found.bit_stop_current),
        "word_line_current": found.word_start_current + found.word_stop_current,
        "power": source_power(found, sources),
    }
    attrs = {
        "experiment": "crossbar",
        "method": found.method,
        "reason": found.reason,
        "iterations": found.iterations,
        "residual": found.residual,
        **attributes,
    }
    variables = {
        name: xr.Variable(axes, values[name], {"long_name": long_name, "units": unit}, fastpath=True)
        for name, (axes, long_name, unit) in _VARIABLES.items()
    }
    # As xarray makes its own results: the checks of a new Dataset take as long as solving a small array.
    sizes = dict(zip(_CELL_AXES, found.device_current.shape, strict=True))
    return xr.Dataset._construct_direct(variables, set(), sizes, attrs)


def source_power(found: NetworkSolution, sources: Sources) -> FloatArray:
    """Power delivered by the sources, including those that feed nodes, W, shape (inputs,)."""
    power = np.zeros(sources.inputs)
    for current, voltage in (
        (found.word_start_current, sources.word_start),
        (found.word_stop_current, sources.word_stop),
        (found.bit_start_current, sources.bit_start),
        (found.bit_stop_current, sources.bit_stop),
    ):
        power += np.add.reduce(current * voltage.T, axis=1)
    for fed, voltage in ((sources.word_current, found.word_voltage), (sources.bit_current, found.bit_voltage)):
        if fed is not None:
            power += (fed * voltage).sum(axis=(1, 2))
    return power


def mask(name: str, lines: Lines, count: int) -> NDArray[np.bool_]:
    """Numbers of lines, or a mask, as a mask of shape (count,)."""
    plain = validation.unlabelled(name, lines, ("word_line" if "word" in name else "bit_line",))
    try:
        given = np.asarray(plain)
    except ValueError:
        raise InputError(f"{name}: expected numbers of lines, or a mask, got {validation.shown(lines)}") from None
    if given.dtype == bool:
        if given.shape != (count,):
            raise InputError(f"{name}: expected a mask of shape ({count},), got {given.shape}")
        return given
    result = np.zeros(count, dtype=bool)
    if given.size == 0:
        return result
    if given.dtype.kind not in "iu" or given.ndim > 1:
        raise InputError(f"{name}: expected numbers of lines, or a mask, got {validation.shown(lines)}")
    if given.min() < 0 or given.max() >= count:
        raise InputError(f"{name}: expected numbers from 0 to {count - 1}, got {given.min()} to {given.max()}")
    result[given] = True
    return result


def _as_solution(start: xr.Dataset) -> NetworkSolution:
    validation.instance("start", start, xr.Dataset)
    try:
        word, bit, current = (
            start[name].values for name in ("word_line_voltage", "bit_line_voltage", "device_current")
        )
    except KeyError:
        raise InputError("start: expected a result of solve, got a Dataset without its voltages and currents") from None
    if word.ndim != 3 or bit.shape != word.shape:
        raise InputError(f"start: expected voltages of shape (inputs, word lines, bit lines), got {word.shape}")
    lines = np.zeros((word.shape[0], word.shape[1])), np.zeros((word.shape[0], word.shape[2]))
    return NetworkSolution(
        word_voltage=word,
        bit_voltage=bit,
        device_current=current,
        word_start_current=lines[0],
        word_stop_current=lines[0],
        bit_start_current=lines[1],
        bit_stop_current=lines[1],
        method="",
        iterations=0,
        residual=0.0,
        converged=True,
        reason="",
    )


def _conductances(ohms: ArrayLike | None, siemens: ArrayLike | None) -> FloatArray:
    if (ohms is None) == (siemens is None):
        raise InputError(
            "resistance: expected either resistance or conductance, got " + ("both", "neither")[ohms is None]
        )
    name = "resistance" if siemens is None else "conductance"
    plain = validation.unlabelled(name, ohms if siemens is None else siemens, ("word_line", "bit_line"))
    try:
        values = np.asarray(plain)
        if values.dtype.kind not in "iuf":
            raise TypeError
    except (TypeError, ValueError):
        raise InputError(f"{name}: expected numbers of shape (word lines, bit lines), got other things") from None
    if values.ndim != 2 or values.size == 0:
        raise InputError(f"{name}: expected shape (word lines, bit lines), at least (1, 1), got {values.shape}")
    check_memory("the array", _BYTES_PER_CELL * float(values.size))
    values = values.astype(np.float64, order="C")  # a copy: the array stays what it is when the caller's changes
    wrong = ~(values >= 0.0)
    if wrong.any():
        row, column = np.unravel_index(int(np.argmax(wrong)), values.shape)
        raise InputError(f"{name}: expected values of at least 0, got {values[row, column]:g} at ({row}, {column})")
    if siemens is not None:
        return values
    check_range(name, values)
    with np.errstate(divide="ignore"):
        result: FloatArray = 1.0 / values
    return result


def _inputs(name: str, voltage: ArrayLike) -> int:
    if isinstance(voltage, float):
        return 1
    shape = validation.shaped(name, voltage, _voltage_axes(name)).shape  # not a copy: the memory is checked first
    return int(shape[1]) if len(shape) == 2 else 1


def _voltage_axes(name: str) -> tuple[str, str]:
    return "word_line" if name.startswith("word") else "bit_line", "input"


def _voltages(name: str, values: ArrayLike, lines: int, inputs: int) -> FloatArray:
    given = validation.array(name, values, _voltage_axes(name))
    if given.ndim == 1:
        given = given[:, np.newaxis]
    if given.ndim > 2 or (given.ndim == 2 and (given.shape[0] != lines or given.shape[1] not in (1, inputs))):
        raise InputError(
            f"{name}: expected a number, shape ({lines},) or ({lines}, {inputs if inputs > 1 else 'inputs'}), "
            f"got shape {given.shape}"
        )
    if given.shape == (lines, inputs):
        return given.astype(np.float64)  # a copy
    values = np.empty((lines, inputs))
    values[:] = given
    return values


def _ends(
    which: str, outer: FloatArray, floating: NDArray[np.bool_], segment: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Resistances from the sources to a line's first and last node; inf where no source is connected."""
    start = np.where(floating | (which == "stop"), np.inf, outer)
    # A line without any resistance has one node: a second connection to the same voltage changes nothing.
    idle = (outer == 0.0) & (segment == 0.0) & (which == "both")
    stop = np.where(floating | (which == "start") | idle, np.inf, outer)
    return start, stop
