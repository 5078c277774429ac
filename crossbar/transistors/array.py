"""Arrays with one transistor in every cell (1T1R).

These are the conventions.  Shape (word lines, bit lines), row 0 on top.  Word lines drive the gates of a row and carry
no steady current.  Bit lines run vertically, sensed at the bottom ('stop').  Source lines run parallel to them, driven
from the top ('start'), or parallel to the word lines, driven from the left ('start').  In a cell, the transistor is at
the source line, and the device is between it and the bit line.  A device's current is positive from its source line to
its bit line; the source line is at the terminal that has the word line in an array without transistors, so that a
positive voltage moves a state the same way in both.  The bulk is at 0 V: no line goes below it, and for a negative
voltage the bit line is at the higher potential.
"""

import functools
import math
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from compact_model.support import validation
from compact_model.support.arrays import FloatArray, ReadOnlyArrays
from compact_model.support.memory import check_memory
from compact_model.support.provenance import provenance
from compact_model.support.validation import InputError

from ..cells import Cells, Resistors
from ..faults.faults import FaultRates, Faults, checked_faults, faults_of
from ..faults.stuck_cells import with_faults
from ..network.solution import NetworkSolution
from ..network.solve import check_tolerance
from ..schemes import line_number
from ..wires import ENDS, fed_nodes, interrupted, joined_lines, per_line, per_segment
from .bias import TransistorBias
from .law import MosTransistor
from .lines import Bridges, Lines, TransistorNetwork, source_power
from .series import SeriesState

Mask = NDArray[np.bool_]
SOURCE_LINES = ("bit_line", "word_line")
"""The lines beside which the source lines run."""
# If every cell conducts, as measured up to 256 x 256 with a margin of a sixth.  Beside the bit lines no column meets
# another, and the factors are proportional to the cells; along the word lines all meet, and each doubling adds to each
# cell.
_BYTES_PER_CELL = 2000.0
_BYTES_PER_CELL_AND_DOUBLING = 620.0
_BYTES_PER_CELL_AND_INPUT = 300.0


@dataclass(frozen=True, kw_only=True, eq=False)
class TransistorCrossbar(ReadOnlyArrays):
    """An array of cells with a transistor each, between source lines and bit lines.

    cells: the devices, shape (word lines, bit lines).  transistor: its parameters, for all cells or for each.
    gate_voltage: V, of the word line of a selected row; the others are at 0 V.
    source_lines: 'bit_line', parallel to the bit lines as in most MRAM, one for each of them; or 'word_line'.
    source_line_resistance, bit_line_resistance: Ohm, of one segment; one for all lines, one per line, or one per
        segment, shape (segments, bit lines), of source lines along the word lines (word lines, segments), as in
        `Wires`.
    driver_resistance, sense_resistance: Ohm, between a source line's or a bit line's source and its first segment.
    stop_driver_resistance, start_sense_resistance: Ohm, the same at the other end of lines that are connected at both;
        None: as at the first one.
    source_line_capacitance, bit_line_capacitance: F, of one segment to ground, at each cell; one for all lines, or one
    per line.  They matter only in simulations over time.  The gates follow their word lines at once.
    source_line_ends, bit_line_ends: which ends are connected: 'start', 'stop' or 'both'.
    faults: of the cells, of source lines and bit lines, and of gates that are always on, or how probable they are.
        `cells` are then the faulty ones.

    Its arrays are copies, and read-only.  Raises InputError for a wrong shape, a negative resistance, and non-linear
    cells without a finite conductance.
    """

    cells: Cells
    transistor: MosTransistor
    gate_voltage: float
    source_lines: str = "bit_line"
    source_line_resistance: ArrayLike = 0.0
    bit_line_resistance: ArrayLike = 0.0
    driver_resistance: ArrayLike = 0.0
    sense_resistance: ArrayLike = 0.0
    stop_driver_resistance: ArrayLike | None = None
    start_sense_resistance: ArrayLike | None = None
    source_line_capacitance: ArrayLike = 0.0
    bit_line_capacitance: ArrayLike = 0.0
    source_line_ends: str = "start"
    bit_line_ends: str = "stop"
    faults: Faults | FaultRates | None = None
    _drawn: Faults | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        cells = validation.instance("cells", self.cells, Cells)
        validation.instance("transistor", self.transistor, MosTransistor).check_shape(cells.shape)
        object.__setattr__(self, "gate_voltage", validation.positive("gate_voltage", self.gate_voltage))
        for name, choices in (
            ("source_lines", SOURCE_LINES),
            ("source_line_ends", ENDS),
            ("bit_line_ends", ENDS),
        ):
            validation.choice(name, getattr(self, name), choices)
        drawn = faults_of(
            checked_faults(self.faults),
            cells.shape,
            both_ends=(self.source_line_ends == "both", self.bit_line_ends == "both"),
            source_lines=self.source_lines,
        )
        if drawn is not None:
            drawn.refuse(("broken_word_lines", "shorted_word_lines"), "an array with transistors")
            if (drawn.broken_source_lines or drawn.broken_bit_lines) and not self.transistor.leaks:
                raise InputError(
                    "faults: expected a finite off_resistance of the transistors with broken lines, since cells alone "
                    "hold what is behind a break, got an infinite one"
                )
            if drawn.cells(cells.shape).any():
                if isinstance(cells, Resistors):
                    cells = Resistors.with_shorts(drawn.conductance(cells.conductance))
                else:
                    cells = with_faults(cells, drawn)
                object.__setattr__(self, "cells", cells)
        object.__setattr__(self, "_drawn", drawn)
        if not isinstance(cells, Resistors) and not np.isfinite(cells.zero_bias_conductance()).all():
            raise InputError(
                "cells: expected finite conductances, got a shorted cell; give it a small resistance (of faults, "
                "shorted_resistance)"
            )
        along_words = self.source_lines == "word_line"
        sources = self.shape[0] if along_words else self.shape[1]
        for name, count, ends in (
            ("source_line_resistance", sources, self.source_line_ends),
            ("driver_resistance", sources, ""),
            ("stop_driver_resistance", sources, self.source_line_ends),
            ("bit_line_resistance", self.shape[1], self.bit_line_ends),
            ("sense_resistance", self.shape[1], ""),
            ("start_sense_resistance", self.shape[1], self.bit_line_ends),
            ("source_line_capacitance", sources, ""),
            ("bit_line_capacitance", self.shape[1], ""),
        ):
            if getattr(self, name) is None:
                continue
            if name.startswith(("stop", "start")) and ends != "both":
                raise InputError(f"{name}: expected one only with lines connected at both ends, got ends of {ends!r}")
            values = validation.array(name, getattr(self, name))
            if name.endswith("line_resistance"):
                axis = 0 if along_words and name.startswith("source") else 1
                given = per_segment(name, values, self.shape, ends, axis)
            else:
                given = per_line(name, values, count)
            if (given < 0.0).any():
                unit = "F" if name.endswith("capacitance") else "Ohm"
                raise InputError(f"{name}: expected values of at least 0 {unit}, got {given.min():g}")
            object.__setattr__(self, name, given)
        self.lock_arrays()
        per_cell = _BYTES_PER_CELL
        if self.source_lines == "word_line":
            per_cell = max(per_cell, _BYTES_PER_CELL_AND_DOUBLING * math.log2(min(self.shape)))
        check_memory("the array", per_cell * self.shape[0] * self.shape[1])

    @property
    def shape(self) -> tuple[int, int]:
        """Word lines and bit lines."""
        return self.cells.shape

    @property
    def stuck_on_gates(self) -> NDArray[np.bool_]:
        """Mask (word lines, bit lines) of cells whose gates are always on."""
        if self._drawn is None:
            return np.zeros(self.shape, dtype=bool)
        return self._drawn.mask("stuck_on_gates", self.shape)

    @property
    def source_line_count(self) -> int:
        """Number of source lines."""
        return np.asarray(self.driver_resistance).size

    def description(self) -> dict[str, Any]:
        """Wires, transistors and cells by name, in SI, for the provenance of a result."""
        hidden = ("cells", "transistor", "_drawn")
        own = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in hidden}
        law = {each.name: getattr(self.transistor, each.name) for each in fields(self.transistor)}
        return {"shape": self.shape, "cells": type(self.cells).__name__, **own, **law}

    def with_cells(self, cells: Cells) -> "TransistorCrossbar":
        """The same lines and transistors with other cells."""
        return replace(self, cells=cells)

    def origin(self) -> dict[str, str]:
        """Provenance of a solution of this array: see `compact_model.support.provenance`."""
        return self._origin

    @functools.cached_property
    def _origin(self) -> dict[str, str]:
        return provenance(self.cells.parameters, array=self.description())

    @functools.cached_property
    def network(self) -> TransistorNetwork:
        """The lines in the form that the solver takes, with a source at each."""
        driven = (np.zeros(count, dtype=bool) for count in (self.source_line_count, self.shape[1]))
        return self._network(*driven)

    @functools.cached_property
    def connected(self) -> NDArray[np.bool_]:
        """Cells that both of their lines connect to a source, without a break between, (word lines, bit lines)."""
        of_sources, of_bits = (
            fed_nodes(each.segment, each.start, each.stop, each.places).ravel()[each.node]
            for each in (self.network.source_lines, self.network.bit_lines)
        )
        return np.asarray(of_sources & of_bits)

    def network_with(self, floating_sources: Mask, floating_bits: Mask) -> TransistorNetwork:
        """The same with some lines without a source, masks (source lines,) and (bit lines,).

        Raises InputError where nothing holds these behind transistors that are off.
        """
        if not (floating_sources.any() or floating_bits.any()):
            return self.network
        if not self.transistor.leaks:
            raise InputError(
                "off_resistance: expected a finite one of the transistors with floating lines, since cells alone "
                "hold them, got an infinite one"
            )
        return self._network(floating_sources, floating_bits)

    def _network(self, floating_sources: Mask, floating_bits: Mask) -> TransistorNetwork:
        axis = 0 if self.source_lines == "bit_line" else 1
        drivers, senses = (
            (self.source_line_ends, self.driver_resistance, self.stop_driver_resistance),
            (self.bit_line_ends, self.start_sense_resistance, self.sense_resistance),
        )
        return TransistorNetwork(
            self._lines("source", axis, *drivers, floating_sources),
            self._lines("bit", 0, *senses, floating_bits),
            source_bridges=self._bridges("shorted_source_lines"),
            bit_bridges=self._bridges("shorted_bit_lines"),
        )

    def _bridges(self, kind: str) -> Bridges | None:
        """The contacts between neighbouring lines of a kind."""
        siemens = None if self._drawn is None else self._drawn.bridges(kind, self.shape, self.source_lines)
        return None if siemens is None else Bridges.between(siemens, self.shape)

    def _lines(
        self,
        kind: str,
        axis: int,
        ends: str,
        at_start: ArrayLike | None,
        at_stop: ArrayLike | None,
        floating: Mask,
    ) -> Lines:
        """The lines of one kind, which run along the bit lines (axis 0) or along the word lines (axis 1)."""
        segments = np.asarray(getattr(self, f"{kind}_line_resistance"))
        segments = segments if axis == 1 else segments.T
        segments = interrupted(self._drawn, f"broken_{kind}_lines", segments, ends, self.shape[axis])
        start = np.asarray(at_stop if at_start is None else at_start)
        stop = np.asarray(at_start if at_stop is None else at_stop)
        return Lines.along(self.shape, axis, *joined_lines(ends, segments, start, stop, floating))

    def row_bias(
        self, scheme: str, word_line: int, voltages: ArrayLike, selected: ArrayLike | None = None
    ) -> TransistorBias:
        """Several cells of one row at once, each with its own voltage between its source line and its bit line.

        voltages: V, shape (bit lines,); of one sign if the source lines are parallel to the word lines, because the
        cells then share one.  selected: accepted for compatibility with `schemes.row_bias`; cells with 0 V are not
        selected.  scheme: not needed, because all other rows are cut off; unselected columns have 0 V across their
        cells.
        """
        words, bits = self.shape
        volts = validation.array("voltages", voltages, ("bit_line",))
        if volts.shape != (bits,):
            raise validation.wrong_shape("voltages", volts.shape, {"bit lines": bits})
        gates = np.zeros(words)
        gates[line_number("word_line", word_line, words)] = self.gate_voltage
        if self.source_lines == "bit_line":
            return TransistorBias.of(gates, np.maximum(volts, 0.0), np.maximum(-volts, 0.0))
        if volts.min() < 0.0 < volts.max():
            raise InputError(
                "voltages: expected one sign, since the cells share a source line, got "
                f"{volts.min():g} to {volts.max():g} V"
            )
        sources = np.zeros(words)
        sources[word_line] = max(float(volts.max()), 0.0)
        return TransistorBias.of(gates, sources, sources[word_line] - volts)

    def block_bias(self, scheme: str, word_lines: ArrayLike, bit_lines: ArrayLike, voltage: float) -> TransistorBias:
        """All cells between some word lines and some bit lines at once, with one voltage, V.

        word_lines, bit_lines: masks.  scheme: as in `row_bias`.
        """
        volts = validation.number("voltage", voltage)
        rows, columns = np.asarray(word_lines), np.asarray(bit_lines)
        for name, mask, count in (("word_lines", rows, self.shape[0]), ("bit_lines", columns, self.shape[1])):
            if mask.dtype != bool or mask.shape != (count,) or not mask.any():
                axes = f"({name.replace('_', ' ')},) = ({count},)"
                raise InputError(f"{name}: expected a mask of shape {axes} with a line, got {mask.dtype} {mask.shape}")
        gates, up = np.where(rows, self.gate_voltage, 0.0), max(volts, 0.0)
        across = np.where(columns, volts, 0.0)
        if self.source_lines == "bit_line":
            return TransistorBias.of(gates, np.maximum(across, 0.0), np.maximum(-across, 0.0))
        return TransistorBias.of(gates, np.where(rows, up, 0.0), up - across)

    def solve(
        self,
        word_line_voltage: ArrayLike,
        source_line_voltage: ArrayLike = 0.0,
        bit_line_voltage: ArrayLike = 0.0,
        *,
        floating_source_lines: ArrayLike | None = None,
        floating_bit_lines: ArrayLike | None = None,
        tolerance: float = 1e-10,
    ) -> xr.Dataset:
        """Solve for all voltages and currents; V, each a number, shape (lines,) or (lines, inputs).

        word_line_voltage: of the gates; source_line_voltage, bit_line_voltage: of the sources at the ends of the lines.
        floating_source_lines, floating_bit_lines: masks (source lines,) and (bit lines,) of lines without a source,
        whose voltages are not read; they need a finite off_resistance of the transistors.  None: there are none.
        tolerance: of the cells' currents, relative, in the norm.

        Returns a Dataset that always has the dimension `input`: device_current, device_voltage (across the device
        alone), transistor_voltage, source_line_voltage and bit_line_voltage of the nodes at each cell (input,
        word_line, bit_line); source_line_current (input, source_line; into the array), bit_line_current (input,
        bit_line; out of it), power (input; of the sources, W).
        Raises InputError, and ConvergenceError if Newton's method does not converge.
        """
        check_tolerance(tolerance)
        given = {
            "word_line_voltage": (word_line_voltage, self.shape[0]),
            "source_line_voltage": (source_line_voltage, self.source_line_count),
            "bit_line_voltage": (bit_line_voltage, self.shape[1]),
        }
        inputs = max(_inputs(name, values) for name, (values, _) in given.items())
        check_memory("the solution", _BYTES_PER_CELL_AND_INPUT * float(inputs) * self.shape[0] * self.shape[1])
        gates, sources, lines = (_each(name, values, count, inputs) for name, (values, count) in given.items())
        floating = (
            _mask("floating_source_lines", floating_source_lines, self.source_line_count),
            _mask("floating_bit_lines", floating_bit_lines, self.shape[1]),
        )
        network = self.network_with(*floating)
        results = [
            self._labelled(network, gates[:, index], sources[:, index], lines[:, index], tolerance)
            for index in range(inputs)
        ]
        worst = {name: max(each.attrs[name] for each in results) for name in ("newton_steps", "residual")}
        whole = xr.concat(results, "input", combine_attrs="override")
        return whole.assign_attrs(experiment="transistor_crossbar", **worst, **self.origin())

    def _labelled(
        self,
        network: TransistorNetwork,
        gates: FloatArray,
        sources: FloatArray,
        lines: FloatArray,
        tolerance: float,
    ) -> xr.Dataset:
        """`solve` for one input, without that dimension."""
        found, state, steps = self.find(self.cells, gates, lines, sources, tolerance=tolerance, network=network)
        cells = ("word_line", "bit_line")
        values: dict[str, tuple[tuple[str, ...], FloatArray, str, str]] = {
            "device_current": (cells, found.device_current[0], "device current", "A"),
            "device_voltage": (
                cells,
                self.cells.on_device(state.between - found.bit_voltage[0]),
                "voltage across the device",
                "V",
            ),
            "transistor_voltage": (
                cells,
                found.word_voltage[0] - state.between,
                "voltage across the transistor",
                "V",
            ),
            "source_line_voltage": (cells, found.word_voltage[0], "voltage of the source line at the cell", "V"),
            "bit_line_voltage": (cells, found.bit_voltage[0], "voltage of the bit line at the cell", "V"),
            "source_line_current": (("source_line",), into_sources(found), "current into the source line", "A"),
            "bit_line_current": (("bit_line",), out_of_bits(found), "current out of the bit line", "A"),
            "power": ((), np.array(source_power(found, sources, lines)), "power of the sources", "W"),
        }
        return xr.Dataset(
            {
                name: (dims, data, {"long_name": long_name, "units": unit})
                for name, (dims, data, long_name, unit) in values.items()
            },
            attrs={"newton_steps": steps, "residual": found.residual},
        )

    def find(
        self,
        cells: Cells,
        word_line_voltage: FloatArray,
        bit_line_voltage: FloatArray,
        source_line_voltage: FloatArray,
        *,
        tolerance: float,
        start: NetworkSolution | None = None,
        charges: tuple[FloatArray, FloatArray] | None = None,
        network: TransistorNetwork | None = None,
    ) -> tuple[NetworkSolution, SeriesState, int]:
        """The plain solution with these cells instead of the array's own, for inner loops: see `lines`.

        network: None: that of lines with a source at each.
        """
        gates = word_line_voltage[:, np.newaxis]
        if self._drawn is not None:
            gates = np.where(self.stuck_on_gates, self.gate_voltage, gates)
        return (self.network if network is None else network).solve(
            cells,
            self.transistor,
            gates,
            source_line_voltage,
            bit_line_voltage,
            tolerance=tolerance,
            start=start,
            charges=charges,
        )


def into_sources(found: NetworkSolution) -> FloatArray:
    """The currents into the source lines, A, shape (source lines,)."""
    result: FloatArray = (found.word_start_current + found.word_stop_current)[0]
    return result


def out_of_bits(found: NetworkSolution) -> FloatArray:
    """The currents out of the bit lines, A, shape (bit lines,)."""
    result: FloatArray = -(found.bit_start_current + found.bit_stop_current)[0]
    return result


def _mask(name: str, given: ArrayLike | None, count: int) -> Mask:
    if given is None:
        return np.zeros(count, dtype=bool)
    mask = validation.shaped(name, given)
    if mask.dtype != bool or mask.shape != (count,):
        raise InputError(f"{name}: expected a mask of shape ({count},), got {mask.dtype} {mask.shape}")
    return np.asarray(mask)


def _inputs(name: str, values: ArrayLike) -> int:
    shape = validation.array(name, values, _axes(name)).shape
    return int(shape[1]) if len(shape) == 2 else 1


def _axes(name: str) -> tuple[str, str]:
    return name.removesuffix("_voltage"), "input"


def _each(name: str, values: ArrayLike, count: int, inputs: int) -> FloatArray:
    given = validation.array(name, values, _axes(name))
    if given.ndim == 1:
        given = given[:, np.newaxis]
    if given.ndim and (given.ndim > 2 or given.shape[0] != count or given.shape[1] not in (1, inputs)):
        raise InputError(
            f"{name}: expected a number, shape ({count},) or ({count}, {inputs if inputs > 1 else 'inputs'}), "
            f"got shape {np.shape(values)}"
        )
    return np.array(np.broadcast_to(given, (count, inputs)))
