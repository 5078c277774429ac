"""Arrays: from resistances to labelled voltages and currents.

These are the conventions.  Shape (word lines, bit lines); row 0 on top.  Word lines run horizontally and are driven
from the left ('start'); bit lines run vertically and are sensed at the bottom ('stop').  Every segment has the full
segment resistance, including the first, from the driver to the first cell, and the last, from the last cell to the
sense node.  A device's current is positive from its word line to its bit line; a bit line's current is positive out of
the array, a word line's into it.  As a matrix, a crossbar's conductances are inputs x outputs: currents = voltages @ G.
"""

import functools
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from compact_model.device.junction import resistance
from compact_model.device.parameters import DeviceParameters
from compact_model.support import validation
from compact_model.support.arrays import FloatArray, ReadOnlyArrays
from compact_model.support.memory import check_memory
from compact_model.support.model_range import LARGEST_VOLTAGE, warn_of_voltage
from compact_model.support.provenance import provenance
from compact_model.support.validation import InputError

from .cells import BYTES_PER_CELL, Cells, Resistors, table
from .faults.faults import Faults, checked_faults, faults_of
from .faults.stuck_cells import with_faults
from .labels import as_solution, label_solution
from .line_drive import Driven, Lines, OtherDrives, WordLineCurrents, drive, input_count, line_voltages, mask
from .network import banded
from .network.linear_network import Network, Sources, check_range
from .network.newton import solve_nonlinear
from .network.solution import NetworkSolution
from .network.solve import check_start, check_tolerance, solve_network
from .plots import in_time, studies  # noqa: F401 (register how the results draw themselves)
from .schemes import Bias, block_bias, row_bias
from .series import Selected
from .wires import LINES, SEGMENTS, Wires, fed_nodes, interrupted, joined_lines, per_line, per_segment, wires_or_ideal

_BYTES_PER_CELL_AND_INPUT = 64  # measured, including the labelled result
_BYTES_PER_NON_LINEAR_CELL_AND_INPUT = 104
_MOST_CELLS_KEPT = 1024  # for which factors are kept; a single line of more would keep 400 bytes for each


@dataclass(frozen=True, kw_only=True, eq=False)
class Crossbar(Wires, ReadOnlyArrays):
    """A passive array of N word lines and M bit lines, with devices at their crossings.

    resistance, conductance or cells: one of the three; resistances (Ohm) or conductances (S) of the devices, shape
    (word lines, bit lines), or `cells.Cells` with their current-voltage laws.  An infinite resistance is an open
    device, and a resistance of 0 a shorted one.  The other arguments are those of `Wires`.
    With faults, cells and conductance are those of the faulty array; its network has the breaks and shorts of lines.
    Its arrays are copies, and read-only: for other values make another one, with `with_conductance` or
    `dataclasses.replace`.

    Raises InputError for a wrong shape, NaN or a negative resistance.
    """

    resistance: ArrayLike | None = None
    conductance: ArrayLike | None = None
    cells: Cells | None = None
    _drawn: Faults | None = field(init=False, default=None, repr=False)

    # Arrays with equal wires need not be equal.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __post_init__(self) -> None:
        given = checked_faults(self.faults)
        both_ends = self.word_line_ends == "both", self.bit_line_ends == "both"
        if self.cells is not None:
            if self.resistance is not None or self.conductance is not None:
                raise InputError("cells: expected them, or resistance, or conductance, got more than one")
            whole = validation.instance("cells", self.cells, Cells)
            broken = faults_of(given, whole.shape, both_ends=both_ends)
            if broken is not None and broken.cells(whole.shape).any():
                whole = with_faults(whole, broken)
                object.__setattr__(self, "cells", whole)
            cells = whole.zero_bias_conductance()
        else:
            cells = _conductances(self.resistance, self.conductance)
            broken = faults_of(given, (cells.shape[0], cells.shape[1]), both_ends=both_ends)
            if broken is not None:
                cells = broken.conductance(cells)
        if broken is not None:
            broken.refuse(
                ("broken_source_lines", "shorted_source_lines", "stuck_on_gates"), "an array without transistors"
            )
        object.__setattr__(self, "_drawn", broken)
        object.__setattr__(self, "conductance", cells)
        object.__setattr__(self, "resistance", None)
        super().__post_init__()
        for name, axis in LINES.items():
            given = getattr(self, name)
            if name in SEGMENTS:
                ends = self.word_line_ends if axis == 0 else self.bit_line_ends
                object.__setattr__(self, name, per_segment(name, given, self.shape, ends, axis))
            elif given is not None:
                object.__setattr__(self, name, per_line(name, given, cells.shape[axis]))
        self.lock_arrays()

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
    def _matrix(self) -> banded.Matrix | None:
        words, bits = self.shape
        small = words * bits <= _MOST_CELLS_KEPT
        return banded.prepared(self._whole_network) if small else None

    def _matrix_of(self, network: Network) -> banded.Matrix | None:
        """What small arrays keep of the equations of the whole network for its next sources."""
        return self._matrix if network is self.__dict__.get("_whole_network") else None

    @functools.cached_property
    def connected(self) -> NDArray[np.bool_]:
        """Cells that both of their lines connect to a source, without a break between, (word lines, bit lines)."""
        wires, (words, bits) = self.network(), self.shape
        along_words = fed_nodes(wires.word_segment, wires.word_start, wires.word_stop, bits)
        along_bits = fed_nodes(wires.bit_segment.T, wires.bit_start, wires.bit_stop, words)
        return np.asarray(along_words & along_bits.T)

    @functools.cached_property
    def _whole_network(self) -> Network:
        network = self._network((), ())
        for each in vars(network).values():
            if isinstance(each, np.ndarray):
                each.flags.writeable = False  # what follows from it is kept
        return network

    def _network(self, floating_word_lines: Lines, floating_bit_lines: Lines) -> Network:
        words, bits = self.shape
        driver, sense = np.asarray(self.driver_resistance), np.asarray(self.sense_resistance)
        faults = self._drawn
        other_driver, other_sense = self.stop_driver_resistance, self.start_sense_resistance
        word_segment, word_start, word_stop = joined_lines(
            self.word_line_ends,
            interrupted(faults, "broken_word_lines", self.word_line_resistance, self.word_line_ends, bits),
            driver,
            driver if other_driver is None else np.asarray(other_driver),
            mask("floating_word_lines", floating_word_lines, words),
        )
        bit_segment, bit_start, bit_stop = joined_lines(
            self.bit_line_ends,
            interrupted(faults, "broken_bit_lines", np.asarray(self.bit_line_resistance).T, self.bit_line_ends, words),
            sense if other_sense is None else np.asarray(other_sense),
            sense,
            mask("floating_bit_lines", floating_bit_lines, bits),
        )
        return Network(
            conductance=np.asarray(self.conductance),
            word_segment=word_segment,
            bit_segment=bit_segment.T,
            word_start=word_start,
            word_stop=word_stop,
            bit_start=bit_start,
            bit_stop=bit_stop,
            word_bridge=None if faults is None else faults.bridges("shorted_word_lines", self.shape),
            bit_bridge=None if faults is None else faults.bridges("shorted_bit_lines", self.shape),
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
        inputs = max(
            input_count("word_line_voltage", word_line_voltage), input_count("bit_line_voltage", bit_line_voltage)
        )
        linear = self.cells is None or isinstance(self.cells, Resistors)
        each = _BYTES_PER_CELL_AND_INPUT if linear else _BYTES_PER_NON_LINEAR_CELL_AND_INPUT
        check_memory("the solution", each * float(words) * bits * inputs)
        word = line_voltages("word_line_voltage", word_line_voltage, words, inputs)
        bit = line_voltages("bit_line_voltage", bit_line_voltage, bits, inputs)
        return Sources(word_start=word, word_stop=word, bit_start=bit, bit_stop=bit)

    def driven(
        self,
        word_line_voltage: ArrayLike | None = None,
        bit_line_voltage: ArrayLike = 0.0,
        *,
        word_line_current: WordLineCurrents | None = None,
        word_line_stop_voltage: ArrayLike | None = None,
        bit_line_start_voltage: ArrayLike | None = None,
        floating_word_lines: Lines = (),
        floating_bit_lines: Lines = (),
    ) -> Driven:
        """The network and its sources as the solvers take them; arguments as in `solve`."""
        others: OtherDrives = {
            "word_line_current": word_line_current,
            "word_line_stop_voltage": word_line_stop_voltage,
            "bit_line_start_voltage": bit_line_start_voltage,
        }
        if all(values is None for values in others.values()):
            if word_line_voltage is None:
                raise InputError("word_line_voltage: expected voltages, or word_line_current, got neither")
            network = self.network(floating_word_lines, floating_bit_lines)
            return Driven(network, self.sources(word_line_voltage, bit_line_voltage))
        return drive(self, word_line_voltage, bit_line_voltage, floating_word_lines, floating_bit_lines, **others)

    def solve(
        self,
        word_line_voltage: ArrayLike | None = None,
        bit_line_voltage: ArrayLike = 0.0,
        *,
        word_line_current: WordLineCurrents | None = None,
        word_line_stop_voltage: ArrayLike | None = None,
        bit_line_start_voltage: ArrayLike | None = None,
        floating_word_lines: Lines = (),
        floating_bit_lines: Lines = (),
        tolerance: float = 1e-10,
        entrywise: bool = False,
        method: str | None = None,
        start: xr.Dataset | None = None,
    ) -> xr.Dataset:
        """Solve for all voltages and currents.

        word_line_voltage: V, a number, shape (word lines,) or (word lines, inputs); bit_line_voltage: the same for the
        bit lines, where the amplifier of a sense node holds it: 0 V, or its offset.
        word_line_current: A, into word lines that are driven by a current source instead of a voltage: a number, shape
        (word lines,) or (word lines, inputs) for all of them, or a dict with some of them by number, such as {2: 1e-6,
        3: [0.0, 1e-6]}, a number or (inputs,) each.  The voltages of these lines are ignored.
        word_line_stop_voltage, bit_line_start_voltage: V, at the right ends of word lines and at the top ends of bit
        lines if both ends are connected; None: the same as at the other end.
        floating_word_lines, floating_bit_lines: lines that are not connected to a source, as numbers or as a mask.
        tolerance, entrywise, method: as in `solve.solve_network`; 'banded', 'iterative', 'direct' or 'graph', None:
        chosen automatically.
        start: an earlier result of the same shape, from which to start.

        Returns a Dataset that always has the dimension `input`, even for a single one: device_current, device_voltage
        (word line minus bit line), word_line_voltage and bit_line_voltage of the nodes at each cell (input, word_line,
        bit_line); bit_line_current (input, bit_line; out of the array), word_line_current (input, word_line; into it)
        and power (input; delivered by the sources, W).  For lines with both ends connected it also has the current at
        each end: word_line_start_current, word_line_stop_current, bit_line_start_current and bit_line_stop_current.
        With current sources it has word_line_source_voltage (input, word_line; for floating lines, the voltage of the
        connected end).  Its attributes state which method was chosen and why, the number of iterations and the
        residual, and for non-linear cells the number of Newton steps.  Raises InputError, and ConvergenceError if no
        method reaches the tolerance.
        """
        driven = self.driven(
            word_line_voltage,
            bit_line_voltage,
            word_line_current=word_line_current,
            word_line_stop_voltage=word_line_stop_voltage,
            bit_line_start_voltage=bit_line_start_voltage,
            floating_word_lines=floating_word_lines,
            floating_bit_lines=floating_bit_lines,
        )
        network, sources = driven.network, driven.sources
        both_ends = self.word_line_ends == "both", self.bit_line_ends == "both"
        labels: dict[str, Any] = {"currents": driven.currents, "both_ends": both_ends, **self.origin()}
        earlier = None if start is None else as_solution(start)
        options: dict[str, Any] = {"tolerance": tolerance, "entrywise": entrywise, "method": method}
        if self.cells is None or isinstance(self.cells, Resistors):
            matrix = self._matrix_of(network) if method is None else None
            solution = solve_network(network, sources, start=earlier, matrix=matrix, **options)
            return label_solution(solution, sources, **labels)
        check_tolerance(tolerance)
        if earlier is not None:
            check_start(earlier, (sources.inputs, *self.shape))
        found, steps = solve_nonlinear(network, self.cells, sources, start=earlier, **options)
        if self.cells.devices.has_barrier:
            warn_of_voltage(self._largest_on_devices(found.word_voltage - found.bit_voltage))
        return label_solution(found, sources, newton_steps=steps, **labels)

    def _largest_on_devices(self, voltage: FloatArray) -> float:
        """The largest voltage across a device, V; or across a cell, if even that is harmless."""
        assert self.cells is not None
        largest = np.abs(voltage).max(axis=(1, 2))
        harmful = largest > LARGEST_VOLTAGE
        if harmful.any():
            return float(np.abs(self.cells.on_device(voltage[harmful])).max())
        return float(largest.max())

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
            return solve_network(network, sources, matrix=self._matrix_of(network))
        return solve_nonlinear(network, self.cells, sources)[0]


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
        raise InputError(f"{name}: expected numbers of shape (word lines, bit lines), got something else") from None
    if values.ndim != 2 or values.size == 0:
        raise InputError(f"{name}: expected shape (word lines, bit lines), at least (1, 1), got {values.shape}")
    check_memory("the array", BYTES_PER_CELL * float(values.size))
    values = values.astype(np.float64, order="C")  # a copy: later changes of the caller's array have no effect
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
