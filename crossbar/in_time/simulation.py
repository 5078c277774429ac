"""Arrays in time: every cell integrates its own wall while the voltages of the whole array follow the resistances.

Between two solutions of the network each device's voltage is a straight line in time, first extrapolated and then,
where it was off by too much, corrected; the walls are integrated under it by the fixed-step kernels of
`compact_model`.  The network is solved anew, from the solution before, as often as the change of the resistances asks
for.  Where all lines are at 0 V the devices are on their own, and no network is solved.
"""

import copy
import itertools
import sys
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from compact_model.drive import Voltage, constant
from compact_model.ensemble import (
    Ensemble,
    check_duration,
    check_step,
    density_mode,
    device_arrays,
    integrate_side_by_side,
    landscape_table,
    largest_pull,
    run_adaptive,
)
from compact_model.kernels import fixed_step
from compact_model.kernels.tables import COEFFICIENTS, PiecewiseTable
from compact_model.simulation import REFERENCE_STEP
from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.options import named_options
from compact_model.support.progress import Progress
from compact_model.support.provenance import digest, provenance, release
from compact_model.support.random import Seed, generator, recorded
from compact_model.support.store import Store
from compact_model.support.threads import threads
from compact_model.support.validation import ConvergenceError, InputError
from compact_model.track.landscape import Landscape
from compact_model.track.resting import resting_angles

from ..cells import Cells, Junctions, Selected
from ..crossbar import Crossbar
from ..kernels.waveforms import COLUMNS, straight_lines
from ..network.newton import Tangents, solve_nonlinear
from ..network.solution import NetworkSolution
from ..schemes import Bias
from .capacitance import Charging
from .drive import ArrayDrive
from .energy import Energy
from .options import ArrayOptions
from .stepper import LineVoltages, Record

_ENDS = ("word_start", "word_stop", "bit_start", "bit_stop")
_WALL_TOLERANCE = 1e-8  # of the adaptive method, in rad and in wall widths, per step
_RECORDS_PER_PART = 64
_MOST_STEPS = 1e9
_LONGEST_RUN = 1e-3  # s: a million intervals, or a time in ns that was given in s
_IN_TURN_UP_TO = 20_000  # device-steps: fewer are done before the other threads are awake
_DEVICE_STEPS_PER_CALL = 20_000_000  # between two looks at the keyboard


class ArraySimulation:
    """An array whose walls move, and what is done to it, one drive after the other.

    array: a Crossbar with `Junctions` as cells, or `Selected` ones: its devices, where their walls start, the wires.
    landscape: one for all devices, or one each, row by row.
    initial_angle: rad, one or (word lines, bit lines); None: at rest, 0 where H_K > 0 and pi/2 where H_K < 0.
    external_field: T.  temperature: K, one or (word lines, bit lines).  seed: of the thermal fields.
    tolerance: m, what the coupling of walls and voltages may add to a position in one run;
        current_tolerance: of the network's currents, relative, in the norm.
    step: s, of RK4, or above 0 K of Heun's method; None: 5 ps above 0 K, and at 0 K the adaptive method, which steps
        onto every hard edge of a landscape.  RK4 is off there by what the angle turns in a step: 0.1 nm in notches of
        300 Oe at 5 ps.

    `position` (m) and `angle` (rad) are the present state, shape (word lines, bit lines), `time` (s) the sum of all
    that was run, `energy` (J) what that took.  Raises InputError.
    """

    def __init__(
        self,
        array: Crossbar,
        landscape: Landscape | Sequence[Landscape],
        *,
        initial_angle: ArrayLike | None = None,
        external_field: float = 0.0,
        temperature: ArrayLike = 0.0,
        tolerance: float = 1e-12,
        current_tolerance: float = 1e-9,
        step: float | None = None,
        seed: Seed = 0,
    ) -> None:
        self.array = validation.instance("array", array, Crossbar)
        self.junctions = _junctions(array.cells)
        cells = self.junctions
        self.shape, count = cells.shape, cells.position.size
        self.landscapes = validation.several("landscape", landscape, Landscape)
        if len(self.landscapes) not in (1, count):
            raise InputError(
                f"landscape: expected one, or one for each of the {count} devices, got {len(self.landscapes)}"
            )
        warmth = validation.array("temperature", temperature)
        if warmth.shape not in ((), self.shape) or (warmth < 0.0).any():
            least = f" from {warmth.min():g} K" if warmth.size else ""
            raise InputError(
                f"temperature: expected one of at least 0 K, or shape {self.shape}, got shape {warmth.shape}{least}"
            )
        self.temperature = warmth
        self.external_field = validation.number("external_field", external_field)
        self.tolerance = validation.positive("tolerance", tolerance)
        self.current_tolerance = validation.between("current_tolerance", current_tolerance, 1e-14, 1e-3)
        self.step = REFERENCE_STEP if step is None else validation.positive("step", step)
        fields = self.external_field + cells.per_device("stray_field")
        self._net_field = np.array(np.broadcast_to(fields, self.shape)).ravel()
        self._seed = recorded(seed)
        self._key = int(generator(seed).integers(0, 2**64, dtype=np.uint64))
        none = Voltage.of(0.0)
        kelvin = np.array(np.broadcast_to(warmth, self.shape)).ravel()
        self._devices = device_arrays(cells.parameters, none, "both", kelvin, count)
        modes = {density_mode(none, each.torque_density) for each in cells.parameters}
        if len(modes) > 1:
            raise InputError("parameters: expected one torque_density for all devices, got both")
        self._mode = modes.pop()
        self._rows, self._row_offsets = np.empty((count, COLUMNS)), np.arange(count + 1)
        self._track = landscape_table(self.landscapes, cells.parameters)
        self._state = fixed_step.WallState(
            cells.position.ravel().copy(),
            self._initial_angle(initial_angle).ravel().copy(),
            np.full(count, -np.inf),
            np.full(count, -np.inf),
            np.full(count, np.inf),
            np.full(count, np.inf),
        )
        self._hot = bool((warmth > 0.0).any())
        self.adaptive = step is None and not self._hot
        self._tableau = fixed_step.HEUN if self._hot else fixed_step.RK4
        self.pull = largest_pull(self._devices, self._track, float(np.abs(self._net_field).max()))
        self.charging = self._charging()
        self.time = 0.0
        self.energy = Energy()
        self.steps = 0  # the random numbers hang on it
        self.solutions = 0
        self.intervals = 0
        self._runs = 0
        self._tangents: dict[bytes, Tangents] = {}

    @property
    def position(self) -> FloatArray:
        """Of the walls, m, a copy of shape (word lines, bit lines)."""
        return self._state.position.reshape(self.shape).copy()

    @property
    def angle(self) -> FloatArray:
        """Of the walls, rad, a copy of shape (word lines, bit lines)."""
        return self._state.angle.reshape(self.shape).copy()

    def cells(self) -> Cells:
        """The cells as they are now."""
        moved = self.junctions.at(self.position)
        whole = self.array.cells
        return whole.around(moved) if isinstance(whole, Selected) else moved

    def conductance(self) -> FloatArray:
        """Of the devices as they are now, at zero bias, S, shape (word lines, bit lines)."""
        return self.junctions.at(self.position).zero_bias_conductance()

    def attributes(self) -> dict[str, Any]:
        """What a result says of all that was done so far: counts, energies (J), the accuracy asked for, its origin."""
        return {
            "solutions_of_the_network": self.solutions,
            "intervals": self.intervals,
            "steps": self.steps,
            "step": 0.0 if self.adaptive else self.step,
            "tolerance": self.tolerance,
            "energy_of_sources": self.energy.sources,
            "energy_in_devices": self.energy.devices,
            "energy_in_lines": self.energy.lines,
            "energy_on_lines": self.energy.charges,
            "external_field": self.external_field,
            **self.origin(),
        }

    def origin(self) -> dict[str, str]:
        """What a result that this simulation had a part in came from: see `compact_model.support.provenance`."""
        return provenance(self.junctions.parameters, self.landscapes, array=self.array.description(), seed=self._seed)

    def solve_at_once(self, held: Bias) -> NetworkSolution:
        """The network under a bias with the walls where they are, in no time; charges do not count."""
        tangents = self.network(held.floating_word_lines, held.floating_bit_lines)
        sources = self.array.sources(held.word_line_voltage, held.bit_line_voltage)
        return solve_nonlinear(tangents.network, self.cells(), sources, tolerance=1e-9, tangents=tangents)[0]

    def moved_to(self, position: FloatArray) -> "ArraySimulation":
        """The same array with its walls elsewhere (m), to be read at once; it shares all else and must not run."""
        other = copy.copy(self)
        other._state = self._state._replace(position=np.array(position, dtype=np.float64).ravel())
        return other

    def identity(self) -> dict[str, str]:
        """What tells this simulation from others, as text by name, for `compact_model.support.store.Store`."""
        network = self.array.network()
        wires = [getattr(network, name) for name in ("word_segment", "bit_segment", *_ENDS)]
        cells = self.array.cells
        with np.printoptions(threshold=sys.maxsize, floatmode="unique"):  # all of a selector's arrays
            selector = repr(cells.selector) if isinstance(cells, Selected) else "none"
        return {
            "version": release(),
            "shape": repr(self.shape),
            "devices": digest(repr(self.junctions.parameters)),
            "landscapes": digest(repr(self.landscapes)),
            "selector": selector if len(selector) < 200 else digest(selector),
            "wires": digest(*wires),
            "capacitances": digest(
                np.asarray(self.array.word_line_capacitance), np.asarray(self.array.bit_line_capacitance)
            ),
            "starting positions": digest(self._state.position, self._state.angle),
            "external field": repr(self.external_field),
            "temperature": digest(self.temperature),
            "seed": str(self._key),
            "accuracy": repr((self.tolerance, self.current_tolerance, self.step, self.adaptive)),
        }

    def keep_in(self, folder: str | Path | None, **operation: str) -> Store:
        """A Store for what an operation does to this simulation, whose own arguments come as text; None: nowhere."""
        # The texts of a million devices of their own take seconds: only where somebody reads them.
        return Store(folder, {} if folder is None else self.identity() | operation)

    def state(self) -> xr.Dataset:
        """All that goes on from one run to the next: what a file must hold so that `restore` continues from it."""
        cells = ("word_line", "bit_line")
        charges = {}
        if self.charging:
            _, word, bit = self.charging.nodes[-1]
            charges = {"word_charge_voltage": (cells, word), "bit_charge_voltage": (cells, bit)}
        return xr.Dataset(
            {"wall_position": (cells, self.position), "wall_angle": (cells, self.angle), **charges},
            attrs={
                "simulated_time": self.time,
                "steps": self.steps,
                "stream": str(self._key),
                "energies": list(astuple(self.energy)),
                "solutions": self.solutions,
                "intervals": self.intervals,
            },
        )

    def restore(self, state: xr.Dataset) -> None:
        """Continue from a `state` of the same array and seed; bit for bit what an uninterrupted run gives."""
        validation.instance("state", state, xr.Dataset)
        kept = self.state()
        missing = [name for name in (*kept, *kept.attrs) if name not in (*state, *state.attrs)]
        if missing:
            raise InputError(f"state: expected what `state` gives, got a Dataset without {missing[0]}")
        for name in (each for each in kept if kept[each].shape != state[each].shape):
            raise InputError(f"state: expected {name} of shape {kept[name].shape}, got {state[name].shape}")
        length = self.junctions.per_device("track_length")
        inside = (state["wall_position"].values >= 0.0) & (state["wall_position"].values <= length * (1.0 + 1e-12))
        if not inside.all() or not all(np.isfinite(state[name].values).all() for name in kept):
            raise InputError("state: expected finite values and walls on their tracks, got others")
        if state["wall_position"].shape != self.shape or state.attrs["stream"] != str(self._key):
            raise InputError(
                f"state: expected one of shape {self.shape} and of this seed, got shape "
                f"{state['wall_position'].shape}{', another seed' * (state.attrs['stream'] != str(self._key))}"
            )
        self._state.position[:] = state["wall_position"].values.ravel()
        self._state.angle[:] = state["wall_angle"].values.ravel()
        if self.charging:
            self.charging.begin(state["word_charge_voltage"].values, state["bit_charge_voltage"].values)
        self.time = float(state.attrs["simulated_time"])
        self.steps, self.solutions = int(state.attrs["steps"]), int(state.attrs["solutions"])
        self.intervals = int(state.attrs["intervals"])
        self.energy = Energy(*(float(value) for value in state.attrs["energies"]))

    def run(self, drive: ArrayDrive, times: ArrayLike, *, span: float | None = None) -> Iterator[Record]:
        """Apply a drive from the first to the last of the times (s, rising, on the drive's clock); yield a record each.

        It goes on as its records are taken; nothing else may be done to the simulation before the last one.
        span: s, over which the tolerance is meant; None: from the first to the last time.
        A record holds position (m), angle (rad), device_voltage (V), device_current (A), of shape (word lines, bit
        lines), word_line_current (into the array) and bit_line_current (out of it), and source_power, W.
        Raises InputError, and ConvergenceError where the voltages do not settle.
        """
        when = validation.increasing("times", times)
        self.check(drive, when)
        self._runs += 1
        return self._records(drive, when, self._runs, float(when[-1] - when[0]) if span is None else span)

    def check(self, drive: ArrayDrive, times: FloatArray) -> None:
        """InputError for a drive or for times that cannot be run."""
        validation.instance("drive", drive, ArrayDrive)
        if drive.shape != self.shape:
            raise InputError(f"drive: expected one for an array of {self.shape}, got one for {drive.shape}")
        if times.size < 2:
            raise InputError(f"times: expected a start and at least one later time, got {times.size}")
        self._check_speed(drive, float(times[-1] - times[0]))
        if times[-1] - times[0] > _LONGEST_RUN:
            raise InputError(f"times: expected at most {_LONGEST_RUN:g} s in one run, got {times[-1] - times[0]:g} s")
        if not self.adaptive and (times[-1] - times[0]) / self.step > _MOST_STEPS:
            raise InputError(
                f"step: expected at most {_MOST_STEPS:g} steps in the {times[-1] - times[0]:g} s of a run, got a step "
                f"of {self.step:g} s"
            )

    def apply(self, drive: ArrayDrive, duration: float) -> None:
        """Apply a drive for so many seconds, from time 0 on its clock."""
        for _ in self.run(drive, [0.0, validation.positive("duration", duration)]):
            pass

    def pulse(self, held: Bias, width: float, *, edge: float = 0.0, settle: float = 0.0) -> None:
        """The lines as the bias says for `width` seconds between two slopes of `edge` seconds; then rest."""
        self.apply(ArrayDrive.pulse(held, width, edge), width + 2.0 * edge)
        if settle > 0.0:
            self.rest(settle)

    def rest(self, duration: float) -> None:
        """All lines at 0 V for so many seconds."""
        length = validation.positive("duration", duration)
        if self.charging:
            nobody = np.zeros(self.shape[0], dtype=bool), np.zeros(self.shape[1], dtype=bool)
            self.apply(ArrayDrive(((Bias.zero(*nobody), constant(1.0)),)), length)
            return
        self.rest_between(self.time, self.time + length)
        self.time += length

    def _records(self, drive: ArrayDrive, when: FloatArray, number: int, span: float) -> Iterator[Record]:
        self._check_turn(number)
        first, last = float(when[0]), float(when[-1])
        offset = self.time - first
        edges = set(drive.edges(first, last))
        marks = np.unique(np.concatenate([when, np.asarray(sorted(edges))]))
        recorded = set(when.tolist())
        bias = drive.parts[0][0]
        lines = LineVoltages(self, drive, self.network(bias.floating_word_lines, bias.floating_bit_lines), span)
        lines.settle(first)
        yield lines.record()
        for begin, end in itertools.pairwise(marks.tolist()):
            self._check_turn(number)
            lines.advance(begin, end)
            self.time = end + offset
            lines.settle(end, at_edge=end in edges)  # where the drive jumps, the later value holds
            if end in recorded:
                yield lines.record()

    def _check_turn(self, number: int) -> None:
        if number != self._runs:
            raise InputError("run: expected one run after the other, got a new one before the last record of this one")

    def network(self, floating_word_lines: NDArray[np.bool_], floating_bit_lines: NDArray[np.bool_]) -> Tangents:
        """The solver of the wires with these lines floating; kept for the next run."""
        key = floating_word_lines.tobytes() + floating_bit_lines.tobytes()
        if key not in self._tangents:
            self._tangents.clear()  # one at a time: a solver holds several arrays of the size of the array
            self._tangents[key] = Tangents(self.array.network(floating_word_lines, floating_bit_lines), None, False)
        if self.charging:
            self._tangents[key].set_shunts(np.zeros(self.shape[0]), np.zeros(self.shape[1]))
        return self._tangents[key]

    def _check_speed(self, drive: ArrayDrive, duration: float) -> None:
        """InputError where the steps do not resolve, or never end with, what the lines' voltages can do to a wall."""
        row = np.zeros((1, COEFFICIENTS + 2))
        row[0, COEFFICIENTS:] = drive.largest_voltage(), np.abs(self._net_field).max()
        ensemble = Ensemble(self._devices, self._mode, self._track, PiecewiseTable(row, np.arange(2)))
        if self.adaptive:
            check_duration(ensemble, duration)
        else:
            check_step(ensemble, self.step)

    def _initial_angle(self, given: ArrayLike | None) -> FloatArray:
        """As given, or at rest in each device's own anisotropy field."""
        if given is not None:
            angle = validation.array("initial_angle", given)
            if angle.shape not in ((), self.shape):
                raise InputError(f"initial_angle: expected one, or shape {self.shape}, got shape {angle.shape}")
            return np.array(np.broadcast_to(angle, self.shape))
        cells = self.junctions
        return resting_angles(cells.parameters, self.landscapes, cells.position.ravel()).reshape(self.shape)

    def _charging(self) -> Charging | None:
        """The charges of lines with a capacitance, at 0 V."""
        array = self.array
        if not (np.any(array.word_line_capacitance) or np.any(array.bit_line_capacitance)):
            return None
        network = array.network()
        resistances = np.concatenate([getattr(network, name) for name in ("word_segment", "bit_segment", *_ENDS)])
        largest = 2.0 / float(resistances[resistances > 0.0].min(initial=1e100))
        charging = Charging(array, largest + float(network.conductance.max()))
        charging.begin(np.zeros(self.shape), np.zeros(self.shape))
        return charging

    def walls(self) -> tuple[FloatArray, FloatArray, int]:
        """Positions (m) and angles (rad) of the devices, and the number of steps, to go back to."""
        return self._state.position.copy(), self._state.angle.copy(), self.steps

    def put_walls(self, walls: tuple[FloatArray, FloatArray, int]) -> None:
        """Go back to earlier `walls`."""
        self._state.position[:], self._state.angle[:], self.steps = walls

    def rest_between(self, begin: float, end: float) -> None:
        """Every device on its own at 0 V."""
        same = np.ptp(self._net_field) == 0.0
        zero = np.zeros(1 if same else self._net_field.size)
        if self._hot or not self._adapt(self._drive_table(begin, end, zero, zero), begin, end):
            zero = np.zeros(self._net_field.size)
            self._step_along(self._drive_table(begin, end, zero, zero), begin, end - begin)

    def _adapt(self, waveforms: PiecewiseTable, begin: float, end: float) -> bool:
        """The walls by the adaptive method; False, and nothing done, where it does not get on."""
        before = self.walls()
        ensemble = Ensemble(self._devices, self._mode, self._track, waveforms)
        try:
            run_adaptive(ensemble, self._state, np.array([begin, end]), tolerance=_WALL_TOLERANCE, progress=Progress())
        except ConvergenceError:  # a wall that slides along a jump of its landscape
            self.put_walls(before)
            return False
        return True

    def integrate(self, time: float, length: float, voltage: FloatArray, target: FloatArray) -> None:
        """The walls over an interval, under voltages (devices,) that go straight from the first to the second ones."""
        waveforms = self._drive_table(time, time + length, voltage, target)
        if self.adaptive and self._adapt(waveforms, time, time + length):
            return
        self._step_along(waveforms, time, length)

    def _step_along(self, waveforms: PiecewiseTable, time: float, length: float) -> None:
        """The walls by equal steps, RK4 or at a temperature Heun's."""
        count, steps = self._net_field.size, max(1, int(np.ceil(length / self.step - 1e-9)))
        shares = 1 if count * steps < _IN_TURN_UP_TO else threads()
        per_call = max(1, _DEVICE_STEPS_PER_CALL // count)
        nothing = np.empty((count, 0))
        for done in range(0, steps, per_call):
            plan = fixed_step.StepPlan(
                np.array([time]),
                np.array([length / steps]),
                np.array([done]),
                np.array([min(per_call, steps - done)]),
                np.array([self.steps + done]),
                np.array([-1]),
            )
            integrate_side_by_side(
                shares,
                self._devices,
                self._mode,
                self._track,
                waveforms,
                plan,
                self._tableau,
                np.uint64(self._key),
                0,
                self._state,
                nothing,
                nothing,
            )
        self.steps += steps

    def _drive_table(self, begin: float, end: float, voltage: FloatArray, target: FloatArray) -> PiecewiseTable:
        """Voltages on straight lines and the net fields, as the kernels read them; it holds until the next one."""
        rows = self._rows[: voltage.size]
        straight_lines(begin, end, voltage, target, self._net_field, rows)
        return PiecewiseTable(rows, self._row_offsets[: voltage.size + 1])


def _junctions(cells: Cells | None) -> Junctions:
    """The devices among the cells of an array."""
    inner = cells.cells if isinstance(cells, Selected) else cells
    if not isinstance(inner, Junctions):
        raise InputError("array: expected a Crossbar with Junctions as cells, plain or Selected, got other cells")
    return inner


@named_options(ArraySimulation)
def simulate_array(
    array: Crossbar,
    landscape: Landscape | Sequence[Landscape],
    drive: ArrayDrive,
    times: ArrayLike,
    *,
    store: str | Path | None = None,
    progress: bool = False,
    **options: Unpack[ArrayOptions],
) -> xr.Dataset:
    """The walls of an array under the voltages that its wires leave them.

    times: s, rising: the start and the records.  store: a folder in which the records are kept as they come; the same
    call goes on from what is there, with the same numbers.  The other arguments are those of `ArraySimulation`.

    Returns a Dataset over (time, word_line, bit_line): position (m), angle (rad), device_voltage (V), device_current
    (A); word_line_current (time, word_line; into the array), bit_line_current (time, bit_line; out of it) and
    source_power (time; W).  Its attributes count the solutions of the network and the intervals between them, and say
    what the sources gave and where it went (J).
    Raises InputError, and ConvergenceError where the voltages do not settle.
    """
    simulation = ArraySimulation(array, landscape, **options)
    when = validation.increasing("times", times)
    simulation.check(drive, when)
    kept = simulation.keep_in(store, drive=drive.identity(), times=digest(when))
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
                    records, span = records[1:], span[1:]  # the one before was the last of the part before
                part = label_records(records, span)
                kept.save(name, xr.merge([part, simulation.state()], combine_attrs="drop_conflicts"))
            else:
                simulation.restore(part)
                advance(part.sizes["time"])
            parts.append(part[list(RECORDED)])
    whole = xr.concat(parts, "time", combine_attrs="drop")
    return whole.assign_attrs(experiment="array_in_time", **simulation.attributes())


_CELLS = ("time", "word_line", "bit_line")
RECORDED = {
    "position": (_CELLS, "wall position x", "m"),
    "angle": (_CELLS, "wall angle phi", "rad"),
    "device_voltage": (_CELLS, "voltage across the device", "V"),
    "device_current": (_CELLS, "device current", "A"),
    "word_line_current": (("time", "word_line"), "current into the word line", "A"),
    "bit_line_current": (("time", "bit_line"), "current out of the bit line", "A"),
    "source_power": (("time",), "power of the sources", "W"),
}


def label_records(records: list[Record], times: FloatArray) -> xr.Dataset:
    """The records of a run as one Dataset."""
    return xr.Dataset(
        {
            name: (dims, np.array([each[name] for each in records]), {"long_name": long_name, "units": unit})
            for name, (dims, long_name, unit) in RECORDED.items()
        },
        coords={"time": ("time", times, {"long_name": "time", "units": "s"})},
    )
