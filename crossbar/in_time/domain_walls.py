"""Domain-wall junctions in an array over time: the kernels of `compact_model` integrate the wall of every cell."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from compact_model.adaptive_run import advance_adaptive
from compact_model.device import heating
from compact_model.device.parameters import DeviceParameters
from compact_model.drive import Voltage
from compact_model.ensemble import (
    Ensemble,
    check_duration,
    check_step,
    density_mode,
    device_arrays,
    integrate_side_by_side,
    landscape_table,
    largest_pull,
    pull_by_heat,
)
from compact_model.kernels import fixed_step
from compact_model.kernels.adaptive import FIRST_STEP
from compact_model.kernels.tables import COEFFICIENTS, PiecewiseTable
from compact_model.methods import REFERENCE_STEP
from compact_model.ringing import Sites, ring_down
from compact_model.support import validation
from compact_model.support.arrays import FloatArray, read_only
from compact_model.support.memory import check_memory
from compact_model.support.provenance import digest
from compact_model.support.random import Seed, generator, recorded
from compact_model.support.threads import threads
from compact_model.support.validation import ConvergenceError, InputError
from compact_model.track.landscape import Landscape
from compact_model.track.piecewise import bounds
from compact_model.track.resting import resting_angles

from ..cells import Junctions, State
from ..kernels.waveforms import fill_rows
from .dynamics import MovingCells, NetlistCell, Saved, straight

_WALL_TOLERANCE = 1e-8  # of the adaptive method, in rad and in wall widths, per step
_COUPLING_TOLERANCE = 1e-12  # m
_STRETCH = 1.05  # of a proposed step, if fewer are then needed; the control proposes 0.9 of what it would accept
_MOST_STEPS = 1e9
_SHORTEST_STEP = 1e-18  # s, lower limit for a saved state
_BYTES_PER_CELL = 350  # including its simulation
_IN_TURN_UP_TO = 20_000  # device-steps: fewer are done before the other threads are awake
_DEVICE_STEPS_PER_CALL = 20_000_000  # between two checks for an interrupt


@dataclass(frozen=True, eq=False)
class TrackedDevice:
    """One kind of junction with its track, for the netlist's writer of a `NetlistCell`."""

    parameters: DeviceParameters
    landscape: Landscape


class DomainWalls(MovingCells):
    """Junctions whose walls move along their tracks: I = V G(x, V), and Eq. 1 for the wall's position and angle.

    parameters: one set for all devices, or a sequence with one for each, row by row (see `compact_model.vary`).
    landscape: the track of all devices, or a sequence with one for each.  position: m, shape (word lines, bit lines).
    initial_angle: rad, one or (word lines, bit lines); None: at rest without a current.
    external_field: T; None: cancels the stray field of each device.
    temperature: K, one or (word lines, bit lines).  seed: of the thermal fields.
    step: s, of RK4, or of Heun's method above 0 K; None: 5 ps above 0 K, and the adaptive method at 0 K, which places a
    step on every sharp edge of a landscape.  RK4 does not, and has an error there of 0.1 nm in notches of 300 Oe at 5
    ps.

    `position` (m), `angle` (rad) and `temperature_rise` (K; 0 where a device does not heat up) are the present state,
    copies of shape (word lines, bit lines).  Devices with a thermal_resistance begin at a rise of 0; it changes their
    TMR as well as their walls' motion, and is one of the states then.  Raises InputError.
    """

    spreads_in_tables = Junctions.spreads_in_tables

    def __init__(
        self,
        parameters: DeviceParameters | Sequence[DeviceParameters],
        landscape: Landscape | Sequence[Landscape],
        position: ArrayLike,
        *,
        initial_angle: ArrayLike | None = None,
        external_field: float | None = None,
        temperature: ArrayLike = 0.0,
        step: float | None = None,
        seed: Seed = 0,
    ) -> None:
        check_memory("the walls", _BYTES_PER_CELL * float(validation.shaped("position", position).size))
        self._law = Junctions(parameters, position)
        count = self._law.position.size
        self.landscapes = tuple(validation.several("landscape", landscape, Landscape))
        if len(self.landscapes) not in (1, count):
            raise InputError(
                f"landscape: expected one, or one for each of the {count} devices, got {len(self.landscapes)}"
            )
        self.temperature = read_only(self._one_or_each("temperature", temperature))
        if (self.temperature < 0.0).any():
            raise InputError(f"temperature: expected at least 0 K, got {self.temperature.min():g} K")
        self.external_field = None if external_field is None else validation.number("external_field", external_field)
        self.step = REFERENCE_STEP if step is None else validation.positive("step", step)
        stray = self._law.per_device("stray_field")
        net = stray + (-stray if self.external_field is None else self.external_field)
        self._net_field = np.array(np.broadcast_to(net, self.shape)).ravel()
        self._seed = recorded(seed)
        self._key = int(generator(seed).integers(0, 2**64, dtype=np.uint64))
        self._compile_tables()
        self._hot = bool((self.temperature > 0.0).any())
        self.adaptive = step is None and not self._hot
        self._tableau = fixed_step.HEUN if self._hot else fixed_step.RK4
        self._pull = largest_pull(self._devices, self._track, float(np.abs(self._net_field).max()))
        self._heats = any(heating.is_on(each) for each in self.parameters)
        self._pull_by_heat = pull_by_heat(self._devices, self._track) if self._heats else 0.0
        self.steps = 0
        """Number of equal steps so far, the counter of the random numbers."""
        self._state = self._state_at(
            self._law.position, self._initial_angle(initial_angle), np.zeros(self._law.position.size)
        )
        self._next_step = np.full(self._law.position.size, FIRST_STEP)  # s, of the adaptive method
        self._pieces = np.zeros(self._law.position.size, dtype=np.int64)  # in which the walls were last found
        self._sites = Sites.unknown(self._law.position.size)

    def _compile_tables(self) -> None:
        """Devices and tracks as the kernels read them."""
        count = self._law.position.size
        modes = {density_mode(Voltage.of(0.0), each.torque_density) for each in self.parameters}
        if len(modes) > 1:
            raise InputError("parameters: expected one torque_density for all devices, got both")
        self._mode = modes.pop()
        kelvin = np.array(np.broadcast_to(self.temperature, self.shape)).ravel()
        self._devices = device_arrays(self.parameters, Voltage.of(0.0), "both", kelvin, count)
        self._track = landscape_table(self.landscapes, self.parameters)
        self._track_bounds = bounds(self._track)
        self._rows: dict[int, FloatArray] = {}  # by the number of columns
        self._row_offsets = np.arange(count + 1)
        self._longest_rest = 0.0  # s, the longest one that was checked

    def _one_or_each(self, name: str, values: ArrayLike) -> FloatArray:
        given = validation.array(name, values, ("word_line", "bit_line"))
        if given.shape not in ((), self.shape):
            words, bits = self.shape
            raise validation.wrong_shape(name, given.shape, {}, {"word lines": words, "bit lines": bits})
        return given

    def _initial_angle(self, given: ArrayLike | None) -> FloatArray:
        """As given, or at rest in each device's own anisotropy field."""
        if given is not None:
            return np.array(np.broadcast_to(self._one_or_each("initial_angle", given), self.shape))
        return resting_angles(self.parameters, self.landscapes, self._law.position.ravel()).reshape(self.shape)

    def _state_at(self, position: FloatArray, angle: FloatArray, rise: FloatArray) -> fixed_step.WallState:
        count = position.size
        never, below, above = np.full(count, -np.inf), np.full(count, -np.inf), np.full(count, np.inf)
        found = np.full(count, np.inf)
        return fixed_step.WallState(
            position.ravel().copy(), angle.ravel().copy(), never, below, above, found, rise.copy(), rise.copy()
        )

    @property
    def has_barrier(self) -> bool:
        return True

    @property
    def shape(self) -> tuple[int, int]:
        return self._law.shape

    @property
    def parameters(self) -> tuple[DeviceParameters, ...]:
        """Parameters of all devices, or of each, row by row."""
        return self._law.parameters

    @property
    def position(self) -> FloatArray:
        """Positions of the walls, m, a copy of shape (word lines, bit lines)."""
        return self._state.position.reshape(self.shape).copy()

    @property
    def angle(self) -> FloatArray:
        """Angles of the walls, rad, a copy of shape (word lines, bit lines)."""
        return self._state.angle.reshape(self.shape).copy()

    @property
    def temperature_rise(self) -> FloatArray:
        """Temperature rises by Joule heating, K, a copy of shape (word lines, bit lines)."""
        return self._state.rise.reshape(self.shape).copy()

    @property
    def net_field(self) -> FloatArray:
        """H_z on the walls, T, a copy of shape (word lines, bit lines)."""
        return self._net_field.reshape(self.shape).copy()

    @property
    def states(self) -> tuple[State, ...]:
        rise = (State("temperature_rise", "rise of temperature by Joule heating", "K"),) if self._heats else ()
        return (*self._law.states, State("angle", "wall angle phi", "rad"), *rise)

    def values(self) -> dict[str, FloatArray]:
        found = {"position": self.position, "angle": self.angle}
        return found | {"temperature_rise": self.temperature_rise} if self._heats else found

    def current_and_slope(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        return self._law.current_and_slope(voltage)

    def at_inputs(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        return self._law.at_inputs(voltage)

    def of_word_lines(self, part: slice) -> Junctions:
        return self._law.of_word_lines(part)

    def conductance_range(self) -> tuple[FloatArray, FloatArray]:
        return self._law.with_tmr(self._law.per_device("tmr")).conductance_range()

    def voltage_scale(self) -> FloatArray:
        return self._law.voltage_scale()

    def coordinates(self) -> dict[str, tuple[float, dict[str, str]]]:
        return self._law.coordinates()

    def copy(self) -> Self:
        other = copy.copy(self)
        other._rows = {}
        other._state = self._state_at(self._state.position, self._state.angle, self._state.rise)
        other._next_step, other._pieces = self._next_step.copy(), self._pieces.copy()
        other._sites = Sites.at(self._sites.position, self._sites.angle, self._sites.visits)
        return other

    def at(self, values: FloatArray) -> Self:
        other = self.copy()
        other._state.position[:] = np.ravel(values)
        other._moved()
        return other

    def array_of(self, shape: tuple[int, int], spreads: Mapping[str, float], seed: Seed) -> Self:
        draw = generator(seed)
        cells = self._law.array_of(shape, spreads, draw)
        return type(self)(
            cells.parameters,
            self.landscapes[0],
            cells.position,
            external_field=self.external_field,
            temperature=float(self.temperature.flat[0]),
            step=None if self.adaptive else self.step,
            seed=draw,
        )

    def _moved(self) -> None:
        self._law = self._law.at(self._state.position.reshape(self.shape))
        if not self._heats:
            return
        heating.check_rises(self.parameters, self._state.highest_rise)
        cold, change = self._law.per_device("tmr"), self._law.per_device("tmr_per_kelvin")
        self._law = self._law.with_tmr(heating.tmr_of(cold, change, self.temperature_rise))

    def save(self) -> Saved:
        return {
            **self.values(),
            "next_step": self._next_step.reshape(self.shape).copy(),
            "site_position": self._sites.position.reshape(self.shape).copy(),
            "site_angle": self._sites.angle.reshape(self.shape).copy(),
            "site_visits": self._sites.visits.reshape(self.shape).copy(),
            "steps": np.int64(self.steps),
            "stream": np.uint64(self._key),
        }

    def restore(self, saved: Saved) -> None:
        if int(saved["stream"]) != self._key:
            raise InputError("state: expected one of this seed, got one of another seed")
        self._state.position[:] = np.ravel(saved["position"])
        self._state.angle[:] = np.ravel(saved["angle"])
        if self._heats:
            self._state.rise[:] = self._state.highest_rise[:] = np.ravel(saved["temperature_rise"])
        self._next_step[:] = np.maximum(np.ravel(saved["next_step"]), _SHORTEST_STEP)
        self._sites.enter(*(np.ravel(saved[f"site_{name}"]) for name in ("position", "angle", "visits")))
        self.steps = int(saved["steps"])
        self._moved()

    def sensitivity(self, voltage: FloatArray) -> float:
        if not self._heats:
            return self._pull
        return self._pull + self._pull_by_heat * float(np.abs(voltage).max())

    @property
    def tolerance(self) -> float:
        return _COUPLING_TOLERANCE

    @property
    def shortest_interval(self) -> float:
        return self.step if self._hot else 0.0  # the thermal field is constant within a step

    @property
    def random(self) -> bool:
        return self._hot

    def identity(self) -> dict[str, str]:
        return {
            "devices": digest(repr(self.parameters)),
            "landscapes": digest(repr(self.landscapes)),
            "starting positions": digest(*(values.ravel() for values in self.values().values())),
            "external field": repr(self.external_field),
            "temperature": digest(self.temperature),
            "seed": str(self._key),
            "step": repr((self.step, self.adaptive)),
        }

    def attributes(self) -> dict[str, Any]:
        """Number of steps and their length (s; 0: adaptive), and the external field (T), or that each has its own."""
        stray = self._law.per_device("stray_field")
        one = self.external_field is not None or np.ptp(stray) == 0.0
        field = -float(stray.flat[0]) if self.external_field is None else self.external_field
        return {
            "steps": self.steps,
            "step": 0.0 if self.adaptive else self.step,
            "external_field": field if one else "cancels each device's stray field",
        }

    def origin(self) -> dict[str, Any]:
        return {"landscapes": self.landscapes, "seed": self._seed}

    def netlist(self) -> list[NetlistCell]:
        kinds = max(len(self.parameters), len(self.landscapes))
        models = [
            TrackedDevice(self.parameters[index % len(self.parameters)], self.landscapes[index % len(self.landscapes)])
            for index in range(kinds)
        ]
        columns = {"position": self._state.position, "angle": self._state.angle, "net_field": self._net_field}
        if self._heats:
            columns["temperature_rise"] = self._state.rise
        rows = zip(*(values.tolist() for values in columns.values()), strict=True)
        return [
            NetlistCell(models[index % kinds], dict(zip(columns, row, strict=True))) for index, row in enumerate(rows)
        ]

    def check_run(self, largest_voltage: float, duration: float) -> None:
        """Raise InputError if the steps do not resolve the motion under these voltages, or would never end."""
        row = np.zeros((1, COEFFICIENTS + 2))
        row[0, COEFFICIENTS:] = largest_voltage, np.abs(self._net_field).max()
        drive = PiecewiseTable(row, np.arange(2))
        ensemble = Ensemble(self._devices, self._mode, self._track, drive, self._track_bounds)
        if self.adaptive:
            check_duration(ensemble, duration)
            return
        check_step(ensemble, self.step)
        if duration / self.step > _MOST_STEPS:
            raise InputError(
                f"step: expected at most {_MOST_STEPS:g} steps in the {duration:g} s of a run, got a step of "
                f"{self.step:g} s"
            )

    def advance(self, duration: float, voltage: FloatArray, target: FloatArray) -> None:
        self.follow(duration, straight(voltage, target))

    follows_curves = True

    def follow(self, duration: float, voltage: FloatArray) -> None:
        waveforms = self._drive_table(duration, voltage.reshape(voltage.shape[0], -1))
        if not (self.adaptive and self._adapt(waveforms, duration)):
            self._step_along(waveforms, duration)
        self._moved()

    def rest(self, duration: float) -> None:
        """Move the walls at 0 V; at 0 K always by the adaptive method, because no random numbers depend on the
        steps."""
        if duration > self._longest_rest:
            if self.adaptive:
                self.check_run(0.0, duration)
            self._longest_rest = duration
        same, count = np.ptp(self._net_field) == 0.0, self._net_field.size
        if self._hot or not self._adapt(
            self._drive_table(duration, np.zeros((1, 1 if same else count))), duration, at_rest=True
        ):
            self._step_along(self._drive_table(duration, np.zeros((1, count))), duration)
        if self._heats:  # then the steps were those of the rest, which do not suit a driven wall
            self._next_step[:] = FIRST_STEP
        self._moved()

    def _adapt(self, waveforms: PiecewiseTable, duration: float, *, at_rest: bool = False) -> bool:
        """Move the walls by the adaptive method; False, and unchanged, if it makes no progress."""
        before = [values.copy() for values in self._state]
        ensemble = Ensemble(self._devices, self._mode, self._track, waveforms)
        try:
            if at_rest and not self._heats:  # a table of a site does not include the temperature
                ring_down(ensemble, self._state, duration, self._sites, tolerance=_WALL_TOLERANCE)
            else:
                # Equal steps, so that none is cut short at the end.
                equal = duration / np.ceil(duration / (_STRETCH * self._next_step))
                self._next_step[:] = np.where(self._next_step < duration, equal, self._next_step)
                advance_adaptive(
                    ensemble,
                    self._state,
                    duration,
                    tolerance=_WALL_TOLERANCE,
                    step=self._next_step,
                    pieces=self._pieces,
                )
        except ConvergenceError:  # a wall that slides along a jump of its landscape
            for values, old in zip(self._state, before, strict=True):
                values[:] = old
            self._next_step[:] = FIRST_STEP
            return False
        return True

    def _step_along(self, waveforms: PiecewiseTable, duration: float) -> None:
        """Move the walls by equal steps, with RK4, or with Heun's method at a temperature."""
        count, steps = self._net_field.size, max(1, int(np.ceil(duration / self.step - 1e-9)))
        shares = 1 if count * steps < _IN_TURN_UP_TO else threads()
        per_call = max(1, _DEVICE_STEPS_PER_CALL // count)
        nothing, numbers = np.empty((count, 0)), np.arange(count)
        for done in range(0, steps, per_call):
            plan = fixed_step.StepPlan(
                np.array([0.0]),
                np.array([duration / steps]),
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
                numbers,
                self._state,
                nothing,
                nothing,
                nothing,
            )
        self.steps += steps

    def _drive_table(self, duration: float, voltage: FloatArray) -> PiecewiseTable:
        """Voltages, as in `follow`, and net fields, in the kernels' form; valid until the next call."""
        terms, devices = voltage.shape
        columns = COEFFICIENTS + 2 * terms
        if columns not in self._rows:
            self._rows[columns] = np.zeros((self._net_field.size, columns))
        rows = self._rows[columns][:devices]
        fill_rows(duration, voltage, self._net_field, rows)
        return PiecewiseTable(rows, self._row_offsets[: devices + 1])
