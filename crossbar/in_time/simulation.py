"""Simulation of arrays over time: every cell integrates its state while the voltages follow the changing resistances.

Between two solutions of the network, the voltage of each device is a straight line in time.  It is extrapolated first
and corrected if the error is too large; the devices move under this voltage according to their own law
(`dynamics.MovingCells`).  The network is solved again, starting from the previous solution, as often as the change of
the resistances requires.  While all lines are at 0 V the devices move independently, and no network is solved.
"""

import copy
import itertools
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from compact_model.drive import constant
from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.memory import check_memory
from compact_model.support.model_range import warn_of_voltage
from compact_model.support.progress import Progress
from compact_model.support.provenance import digest, provenance, release
from compact_model.support.store import Store
from compact_model.support.validation import InputError

from ..cells import Cells, State
from ..crossbar import Crossbar
from ..network.solution import NetworkSolution
from ..schemes import Bias
from ..transistors.array import TransistorCrossbar
from .array_lines import lines_of
from .drive import ArrayDrive
from .dynamics import MovingCells, moving_devices
from .energy import EnergyBudget
from .stepper import Coupling, LineVoltages, Record, Tally

_RECORDS_PER_PART = 64
_LONGEST_RUN = 1e-3  # s: a million intervals; a longer time in ns was probably given in s
_LARGEST_TOLERANCE = 0.01  # of the range of the first state
_CELLS = ("word_line", "bit_line")


class ArraySimulation:
    """An array of devices whose states move, under a sequence of operations.

    array: a Crossbar whose cells are devices that move (`DomainWalls`, `Memristors`, or user-defined `MovingCells`),
    possibly `Selected`, or a TransistorCrossbar of these.  It gives the wires and the initial states; the array itself
    does not change.
    tolerance: limit of the error that the coupling of devices and voltages adds to a device's first state variable in
    one run, in the unit of that state (m for walls); None: the default of the devices.  What the motion itself makes of
    such an error later is not limited: walls that are driven over barriers part near their tops, the further the more
    nearly they stop there.  current_tolerance: of the network's currents, relative, in the norm.

    `devices` are the array's devices in their present state, `cells` the same with their selectors, `time` (s) the
    total simulated time, and `energy` (J) the total energy.  Raises InputError.
    """

    def __init__(
        self, array: Crossbar | TransistorCrossbar, *, tolerance: float | None = None, current_tolerance: float = 1e-9
    ) -> None:
        self.array = array
        self.lines = lines_of(array)
        self.devices: MovingCells = moving_devices(array.cells).copy()
        assert array.cells is not None
        self.cells: Cells = array.cells.with_devices(self.devices)
        self.shape = array.shape
        self.tolerance = self.devices.tolerance if tolerance is None else _tolerance(self.devices, tolerance)
        self.current_tolerance = validation.between("current_tolerance", current_tolerance, 1e-14, 1e-3)
        self.charging = self.lines.charging
        self.time = 0.0
        self.tally = Tally()
        self._runs = 0
        self.noisy_readings = 0
        """The number of noisy readings, each of which draws its own noise."""
        self.corrections: dict[tuple[Any, ...], FloatArray] = {}
        """The transfer of the wires for readings, kept by `operate.reading`."""

    @property
    def energy(self) -> EnergyBudget:
        """Energy budget of everything that was run, J."""
        return self.tally.energy

    def conductance(self) -> FloatArray:
        """Present conductance of the devices at zero bias, S, shape (word lines, bit lines)."""
        return self.devices.zero_bias_conductance()

    def attributes(self) -> dict[str, Any]:
        """Attributes of a result about everything done so far: counts, energies (J), requested accuracy, provenance."""
        return {
            "solutions_of_the_network": self.tally.solutions,
            "intervals": self.tally.intervals,
            "tolerance": self.tolerance,
            "first_state": self.devices.states[0].name,
            "energy_of_sources": self.energy.sources,
            "energy_in_devices": self.energy.devices,
            "energy_in_lines": self.energy.lines,
            "energy_on_lines": self.energy.charges,
            **self.devices.attributes(),
            **self.origin(),
        }

    def origin(self) -> dict[str, str]:
        """Provenance of results of this simulation: see `compact_model.results.provenance`."""
        return provenance(self.devices.parameters, array=self.array.description(), **self.devices.origin())

    def solve_at_once(
        self, held: Bias, start: NetworkSolution | None = None, *, tolerance: float = 1e-9
    ) -> NetworkSolution:
        """Solve the network under a bias with the present states, at zero time and without charging currents.

        start: a solution near by.  tolerance: of the currents, relative, in the norm.
        """
        return self.lines.solve_at_once(self.cells, held, start, tolerance=tolerance)

    def at_share(self, share: float) -> "ArraySimulation":
        """The same array with all first state variables at a fraction of their range, from 0 (lowest conductance) to 1.

        It is meant for an instantaneous read; it shares everything else with this simulation and must not be run.
        """
        other = copy.copy(self)
        other.devices = self.devices.at_share(share)
        other.cells = self.cells.with_devices(other.devices)
        return other

    def identity(self) -> dict[str, str]:
        """Texts by name that identify this simulation for `compact_model.support.store.Store`."""
        return {
            "version": release(),
            "shape": repr(self.shape),
            "kind of device": type(self.devices).__name__,
            **self.lines.identity(),
            "accuracy": repr((self.tolerance, self.current_tolerance)),
            **self.devices.identity(),
        }

    def keep_in(self, folder: str | Path | None, **operation: str) -> Store:
        """A Store for the results of an operation with its arguments as text; None: no store."""
        # The texts of a million different devices take seconds, so they are made only if read.
        return Store(folder, {} if folder is None else self.identity() | operation)

    def state(self) -> xr.Dataset:
        """Everything that changes from one run to the next, from which `restore` can continue."""
        saved = {f"device_{name}": (_CELLS[: np.ndim(values)], values) for name, values in self.devices.save().items()}
        charges = {}
        if self.charging:
            _, word, bit = self.charging.nodes[-1]
            charges = {"word_charge_voltage": (_CELLS, word), "bit_charge_voltage": (_CELLS, bit)}
        return xr.Dataset(
            saved | charges,
            attrs={
                "simulated_time": self.time,
                "energies": list(astuple(self.energy)),
                "solutions": self.tally.solutions,
                "intervals": self.tally.intervals,
                **({"noisy_readings": self.noisy_readings} if self.noisy_readings else {}),
            },
        )

    def restore(self, state: xr.Dataset) -> None:
        """Continue from a `state` of the same array and devices, bit for bit as in an uninterrupted run."""
        validation.instance("state", state, xr.Dataset)
        kept = self.state()
        wanted = [name for name in (*kept, *kept.attrs) if name != "noisy_readings"]  # missing if there were none
        missing = [name for name in wanted if name not in (*state, *state.attrs)]
        if missing:
            raise InputError(f"state: expected what `state` gives, got a Dataset without {missing[0]}")
        for name in (each for each in kept if kept[each].shape != state[each].shape):
            raise InputError(f"state: expected {name} of shape {kept[name].shape}, got {state[name].shape}")
        if not all(np.isfinite(state[name].values).all() for name in kept):
            raise InputError("state: expected finite values, got others")
        for each in self.devices.states:
            if not each.inside(state[f"device_{each.name}"].values):
                raise InputError(f"state: expected every {each.name} within its range, got one outside")
        self.devices.restore({name: state[f"device_{name}"].values for name in self.devices.save()})
        if self.charging:
            self.charging.begin(state["word_charge_voltage"].values, state["bit_charge_voltage"].values)
        self.time = float(state.attrs["simulated_time"])
        self.noisy_readings = int(state.attrs.get("noisy_readings", 0))
        self.tally = Tally(
            EnergyBudget(*(float(value) for value in state.attrs["energies"])),
            int(state.attrs["solutions"]),
            int(state.attrs["intervals"]),
        )

    def run(self, drive: ArrayDrive, times: ArrayLike, *, span: float | None = None) -> Iterator[Record]:
        """Apply a drive from the first to the last of the times (s, increasing, in the drive's time); yield a record at
        each.

        The simulation advances as the records are consumed; it must not be used otherwise before the last one.
        span: s, the duration to which the tolerance refers; None: from the first to the last time.
        A record holds the devices' states by name (position in m and angle in rad of walls), device_voltage (V),
        device_current (A), of shape (word lines, bit lines), word_line_current (into the array) and bit_line_current
        (out of it), and source_power, W.
        Raises InputError, and ConvergenceError where the voltages do not settle.
        """
        when = validation.increasing("times", times)
        self.check(drive, when)
        self._runs += 1
        return self._records(drive, when, self._runs, float(when[-1] - when[0]) if span is None else span)

    def check(self, drive: ArrayDrive, times: FloatArray) -> None:
        """Raise InputError for a drive or for times that cannot be run."""
        validation.instance("drive", drive, ArrayDrive)
        if drive.shape != self.shape:
            raise InputError(f"drive: expected one for an array of {self.shape}, got one for {drive.shape}")
        lines = self.lines.source_line_count
        if drive.source_lines != lines:
            raise InputError(f"drive: expected voltages of {lines} source lines, got those of {drive.source_lines}")
        if times.size < 2:
            raise InputError(f"times: expected a start and at least one later time, got {times.size}")
        duration = float(times[-1] - times[0])
        self.devices.check_run(drive.largest_voltage(), duration)
        if duration > _LONGEST_RUN:
            raise InputError(f"times: expected at most {_LONGEST_RUN:g} s in one run, got {duration:g} s")

    def apply(self, drive: ArrayDrive, duration: float) -> None:
        """Apply a drive for a duration in s, from its time 0."""
        for _ in self.run(drive, [0.0, validation.positive("duration", duration)]):
            pass

    def pulse(self, held: Bias, width: float, *, edge: float = 0.0, settle: float = 0.0) -> None:
        """Apply a bias for `width` seconds between two edges of `edge` seconds; then rest."""
        self.apply(ArrayDrive.pulse(held, width, edge), width + 2.0 * edge)
        if settle > 0.0:
            self.rest(settle)

    def rest(self, duration: float) -> None:
        """Keep all lines at 0 V for a duration in s."""
        length = validation.positive("duration", duration)
        if self.charging:
            self.apply(ArrayDrive(((self.lines.at_rest(), constant(1.0)),)), length)
            return
        self.devices.rest(length)
        self.time += length

    def _records(self, drive: ArrayDrive, when: FloatArray, number: int, span: float) -> Iterator[Record]:
        self._check_turn(number)
        first, last = float(when[0]), float(when[-1])
        offset = self.time - first
        edges = set(drive.edges(first, last))
        marks = np.unique(np.concatenate([when, [*edges, *drive.knots(first, last)]]))
        records = set(when.tolist())
        self.lines.hold(drive.parts[0][0])
        coupling = Coupling(self.lines, self.cells, self.devices, self.tolerance, self.current_tolerance)
        lines = LineVoltages(coupling, drive, span, self.tally)
        lines.settle(first)
        yield lines.record()
        for begin, end in itertools.pairwise(marks.tolist()):
            self._check_turn(number)
            lines.advance(begin, end)
            self.time = end + offset
            lines.settle(end, at_edge=end in edges)  # where the drive jumps, the later value holds
            if end in records:
                yield lines.record()

    def _check_turn(self, number: int) -> None:
        if number != self._runs:
            raise InputError("run: expected one run after the other, got a new one before the last record of this one")


def _tolerance(devices: MovingCells, given: float) -> float:
    """A tolerance of the first state; InputError for one in another unit, which would tolerate everything."""
    first = devices.states[0]
    most = _LARGEST_TOLERANCE * float(np.abs(np.subtract(first.stop, first.start)).min())
    if validation.positive("tolerance", given) > most:
        raise InputError(
            f"tolerance: expected at most {most:.3g} {first.unit}, {100.0 * _LARGEST_TOLERANCE:g} % of the range of "
            f"{first.name}, got {given:g} {first.unit}"
        )
    return float(given)


def simulate_array(
    array: Crossbar | TransistorCrossbar,
    drive: ArrayDrive,
    times: ArrayLike,
    *,
    tolerance: float | None = None,
    current_tolerance: float = 1e-9,
    store: str | Path | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Simulate an array over time, with every device under the voltage that the wires leave it.

    array, tolerance, current_tolerance: as in `ArraySimulation`.  times: s, increasing: the start and the times of the
    records.  store: a folder in which the records are saved as they are produced; repeating the call resumes from
    there, with identical results.

    Returns a Dataset over (time, word_line, bit_line): the devices' states (of walls position, m, and angle, rad),
    device_voltage (V), device_current (A); word_line_current (time, word_line; into the array), bit_line_current (time,
    bit_line; out of it) and source_power (time; W); of a TransistorCrossbar, whose word lines carry no current, also
    source_line_current (time, source_line; into the array).  Its attributes give the number of solutions of the network
    and of intervals between them, and the energy delivered by the sources and where it went (J).  Raises InputError,
    and ConvergenceError if the voltages do not converge.
    """
    simulation = ArraySimulation(array, tolerance=tolerance, current_tolerance=current_tolerance)
    when = validation.increasing("times", times)
    simulation.check(drive, when)
    kept = simulation.keep_in(store, drive=drive.identity(), times=digest(when))
    states = simulation.devices.states
    check_records(simulation, when.size)
    parts = []
    with Progress(progress, "array").bar(when.size, "record") as advance:
        for first in range(0, when.size - 1, _RECORDS_PER_PART):
            span = when[first : first + _RECORDS_PER_PART + 1]
            name = f"records_{first:07d}"
            part = kept.load(name)
            if part is None:
                records = []
                for record in simulation.run(drive, span, span=float(when[-1] - when[0])):
                    records.append(record)
                    advance(1)
                if first:
                    records, span = records[1:], span[1:]  # the first of them ended the previous part
                part = label_records(records, span, states)
                kept.save(name, xr.merge([part, simulation.state()], combine_attrs="drop_conflicts"))
            else:
                simulation.restore(part)
                advance(part.sizes["time"])
            parts.append(part[[name for name in recorded(states) if name in part]])
    whole = xr.concat(parts, "time", combine_attrs="drop")
    if simulation.cells.devices.has_barrier:
        warn_of_voltage(float(np.abs(whole.device_voltage).max()))
    return whole.assign_attrs(experiment="array_in_time", **simulation.attributes())


def check_records(simulation: ArraySimulation, count: int) -> None:
    """InputError if the records do not fit into memory, first as they arrive and then all together."""
    words, bits = simulation.shape
    check_memory("the records", 16.0 * count * words * bits * (len(simulation.devices.states) + 2))


def recorded(states: tuple[State, ...]) -> dict[str, tuple[tuple[str, ...], str, str]]:
    """Dimensions, long name and unit of all variables in a record of devices with these states."""
    cells = ("time", *_CELLS)
    return {
        **{each.name: (cells, each.long_name, each.unit) for each in states},
        "device_voltage": (cells, "voltage across the device", "V"),
        "device_current": (cells, "device current", "A"),
        "word_line_current": (("time", "word_line"), "current into the word line", "A"),
        "bit_line_current": (("time", "bit_line"), "current out of the bit line", "A"),
        "source_line_current": (("time", "source_line"), "current into the source line", "A"),
        "source_power": (("time",), "power of the sources", "W"),
    }


def label_records(records: list[Record], times: FloatArray, states: tuple[State, ...]) -> xr.Dataset:
    """The records of a run as one Dataset."""
    return xr.Dataset(
        {
            name: (dims, np.array([each[name] for each in records]), {"long_name": long_name, "units": unit})
            for name, (dims, long_name, unit) in recorded(states).items()
            if name in records[0]
        },
        coords={"time": ("time", times, {"long_name": "time", "units": "s"})},
    )
