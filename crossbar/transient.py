"""Arrays in time: every cell integrates its own wall while the voltages of the whole array follow the resistances.

Between two solutions of the network each cell's voltage is a straight line in time, first extrapolated and then, where
it was off by too much, corrected; the walls are integrated under it by the fixed-step kernels of `compact_model`.  The
network is solved anew, from the solution before, as often as the change of the resistances asks for.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from compact_model import validation
from compact_model.drive import PiecewiseLinear, Sine, Voltage, Waveform, as_waveform
from compact_model.engine import Circuit, check_step, density_mode, device_arrays, landscape_table, threads
from compact_model.kernels import fixed_step, lanes
from compact_model.kernels.tables import (
    COEFFICIENTS,
    INVERSE_HALF_WIDTH,
    LEFT,
    MIDDLE,
    REGION_LEFT,
    REGION_RIGHT,
    RIGHT,
    PiecewiseTable,
)
from compact_model.landscape import Landscape
from compact_model.progress import Progress
from compact_model.random_track import Seed, generator
from compact_model.validation import ConvergenceError, InputError

from .bias import Bias
from .cells import Junctions
from .crossbar import Crossbar
from .network import Network, Sources
from .newton import Tangents, solve_nonlinear
from .solution import NetworkSolution

Array = NDArray[np.float64]

_SHORTEST = 1e-15  # s: intervals below are a sign that the voltages do not settle
_FIRST_INTERVAL = 20e-12
_LONGEST_INTERVAL = 1e-9


@dataclass(frozen=True)
class ArrayDrive:
    """Line voltages over time: the sum of Biases, each times a waveform without unit.

    parts: pairs (Bias, Waveform or number); which lines float is the first Bias's to say, for all times.
    """

    parts: tuple[tuple[Bias, Waveform], ...]

    def __post_init__(self) -> None:
        pairs = tuple((validation.instance("drive", each, Bias), as_waveform("drive", w)) for each, w in self.parts)
        if not pairs:
            raise InputError("drive: expected at least one Bias with its waveform, got none")
        for each, _ in pairs[1:]:
            if not (
                np.array_equal(each.floating_word_lines, pairs[0][0].floating_word_lines)
                and np.array_equal(each.floating_bit_lines, pairs[0][0].floating_bit_lines)
            ):
                raise InputError("drive: expected the same floating lines in every Bias, got different ones")
        object.__setattr__(self, "parts", pairs)

    def edges(self, start: float, stop: float) -> list[float]:
        """Times in (start, stop) at which a line's voltage or its slope jumps."""
        return sorted({edge for _, waveform in self.parts for edge in waveform.edges(start, stop)})

    def line_voltage(self, side: str, line: int) -> Waveform:
        """The voltage of one line ('word' or 'bit') over time."""
        scales = [float(getattr(bias, f"{side}_line_voltage")[line]) for bias, _ in self.parts]
        return _Sum(tuple(waveform for _, waveform in self.parts), tuple(scales))

    def voltages(self, time: float) -> tuple[Array, Array]:
        """Of the word lines and of the bit lines at a time, V."""
        values = [float(waveform(time)) for _, waveform in self.parts]
        word = sum(value * bias.word_line_voltage for value, (bias, _) in zip(values, self.parts, strict=True))
        bit = sum(value * bias.bit_line_voltage for value, (bias, _) in zip(values, self.parts, strict=True))
        return np.asarray(word), np.asarray(bit)


@dataclass(frozen=True)
class _Sum(Waveform):
    """Waveforms times numbers, added."""

    waveforms: tuple[Waveform, ...]
    scales: tuple[float, ...]

    def __call__(self, time: ArrayLike) -> Array:
        pairs = zip(self.waveforms, self.scales, strict=True)
        return np.asarray(sum(scale * waveform(time) for waveform, scale in pairs))

    def edges(self, start: float, stop: float) -> Iterable[float]:
        return sorted({edge for waveform in self.waveforms for edge in waveform.edges(start, stop)})

    def knots(self, start: float, stop: float) -> Iterable[float]:
        return sorted({knot for waveform in self.waveforms for knot in waveform.knots(start, stop)})


def simulate_array(
    array: Crossbar,
    landscape: Landscape | Sequence[Landscape],
    drive: ArrayDrive,
    times: ArrayLike,
    *,
    initial_angle: ArrayLike | None = None,
    external_field: float = 0.0,
    temperature: float = 0.0,
    tolerance: float = 1e-12,
    current_tolerance: float = 1e-9,
    step: float = 5e-12,
    seed: Seed = 0,
    progress: bool = False,
) -> xr.Dataset:
    """The walls of an array under the voltages that its wires leave them.

    array: a Crossbar with `Junctions` as cells: its devices, where their walls start, and the wires.
    landscape: one for all devices, or one each, row by row.  times: s, rising: the start and the records.
    initial_angle: rad, one or (word lines, bit lines); None: at rest, 0 where H_K > 0 and pi/2 where H_K < 0.
    external_field: T; temperature: K; seed: of the thermal fields.
    tolerance: m, what the coupling of walls and voltages may add to a position from the first time to the last;
        current_tolerance: of the network's currents, relative, in the norm.  step: s, of RK4 (Heun above 0 K).

    Returns a Dataset over (time, word_line, bit_line): position (m), angle (rad), device_voltage (V), device_current
    (A); word_line_current (time, word_line; into the array) and bit_line_current (time, bit_line; out of it).  The
    attributes count the solutions of the network and the intervals between them.
    Raises InputError, and ConvergenceError where the voltages do not settle.
    """
    validation.instance("array", array, Crossbar)
    cells = array.cells
    if not isinstance(cells, Junctions):
        raise InputError("array: expected a Crossbar with Junctions as cells, got other cells")
    validation.instance("drive", drive, ArrayDrive)
    when = validation.increasing("times", times)
    if when.size < 2:
        raise InputError(f"times: expected a start and at least one later time, got {when.size}")
    landscapes = [landscape] if isinstance(landscape, Landscape) else list(landscape)
    if len(landscapes) not in (1, cells.position.size):
        raise InputError(
            f"landscape: expected one, or one for each of the {cells.position.size} devices, got {len(landscapes)}"
        )
    run = _Run(
        array,
        cells,
        landscapes,
        drive,
        _initial_angle(cells, landscapes, initial_angle),
        validation.number("external_field", external_field),
        validation.non_negative("temperature", temperature),
        validation.positive("tolerance", tolerance) / float(when[-1] - when[0]),
        validation.between("current_tolerance", current_tolerance, 1e-14, 1e-3),
        validation.positive("step", step),
        int(generator(seed).integers(0, 2**64, dtype=np.uint64)),
    )
    first, last = float(when[0]), float(when[-1])
    marks = np.unique(np.concatenate([when, np.asarray(drive.edges(first, last))]))
    run.settle(first)
    records = [run.record()]
    with Progress(progress, "array").bar(marks.size - 1, "mark") as advance:
        for begin, end in itertools.pairwise(marks.tolist()):
            run.advance(begin, end)
            run.settle(end)  # where the drive jumps, the later value holds
            if end in when:
                records.append(run.record())
            advance(1)
    return _label(records, when, run)


def _initial_angle(cells: Junctions, landscapes: Sequence[Landscape], given: ArrayLike | None) -> Array:
    """As given, or at rest in each device's own anisotropy field."""
    if given is not None:
        return np.array(np.broadcast_to(validation.array("initial_angle", given), cells.shape))
    where = cells.position.ravel()
    if len(landscapes) == 1:
        fields = landscapes[0].anisotropy_field(where, cells.parameters)
    else:
        pairs = zip(where.tolist(), landscapes, strict=True)
        fields = np.array([float(track.anisotropy_field(x, cells.parameters)) for x, track in pairs])
    return np.where(fields < 0.0, 0.5 * np.pi, 0.0).reshape(cells.shape)


class _Run:
    """The walls, the voltages, and the intervals between solutions of the network."""

    def __init__(
        self,
        array: Crossbar,
        cells: Junctions,
        landscapes: Sequence[Landscape],
        drive: ArrayDrive,
        angle: Array,
        external_field: float,
        temperature: float,
        tolerance_rate: float,
        current_tolerance: float,
        step: float,
        key: int,
    ) -> None:
        self.array, self.parameters, self.drive = array, cells.parameters, drive
        self.shape, count = array.shape, cells.position.size
        self.net_field = external_field + self.parameters.stray_field
        warmth = np.full(count, temperature)
        none = Voltage.of(0.0)
        self.devices = device_arrays([self.parameters], none, "both", warmth, count)
        self.mode = density_mode(none, self.parameters.torque_density)
        self.track = landscape_table(landscapes, [self.parameters])
        self.state = fixed_step.WallState(
            cells.position.ravel().copy(),
            angle.ravel().copy(),
            np.full(count, -np.inf),
            np.full(count, -np.inf),
            np.full(count, np.inf),
            np.full(count, np.inf),
        )
        self.tableau = fixed_step.HEUN if temperature > 0.0 else fixed_step.RK4
        self.tolerance_rate, self.current_tolerance, self.step, self.key = tolerance_rate, current_tolerance, step, key
        bias = drive.parts[0][0]
        self.network: Network = array.network(bias.floating_word_lines, bias.floating_bit_lines)
        self.tangents = Tangents(self.network, None, False)
        self.found: NetworkSolution | None = None
        self.slope = np.zeros(self.shape)  # of the voltages over time, V/s
        self.interval = _FIRST_INTERVAL
        self.steps_taken = 0
        self.solutions = 0
        self.intervals = 0
        self.voltage = np.zeros(self.shape)
        device = self.devices
        # How fast an error of the voltage moves a wall, m/(s V): by both torques.
        pull = device.slonczewski_per_density + device.damping * device.field_like_per_density
        self._check_step(drive)
        self.pull = float((device.rate * device.wall_width * pull).max() / self.parameters.resistance_area_product)

    def _check_step(self, drive: ArrayDrive) -> None:
        """InputError where the step does not resolve what the lines' largest voltages can do to a wall."""
        largest = sum(
            (float(np.abs(bias.word_line_voltage).max()) + float(np.abs(bias.bit_line_voltage).max()))
            * largest_value(waveform)
            for bias, waveform in drive.parts
        )
        row = np.zeros((1, COEFFICIENTS + 2))
        row[0, COEFFICIENTS:] = largest, self.net_field
        check_step(Circuit(self.devices, self.mode, self.track, PiecewiseTable(row, np.arange(2))), self.step)

    def sources(self, time: float) -> Sources:
        """The lines' voltages at a time, for the network."""
        return self.array.sources(*self.drive.voltages(time))

    def solve(self, time: float) -> tuple[Array, NetworkSolution]:
        """The devices' voltages with the walls where they are."""
        cells = Junctions(self.parameters, self.state.position.reshape(self.shape))
        found, _ = solve_nonlinear(
            self.network,
            cells,
            self.sources(time),
            tolerance=self.current_tolerance,
            start=self.found,
            tangents=self.tangents,
        )
        self.solutions += 1
        return (found.word_voltage - found.bit_voltage)[0], found

    def settle(self, time: float) -> None:
        """Solve at a time, after what may be a jump of the drive."""
        before = self.voltage
        self.voltage, self.found = self.solve(time)
        if np.abs(self.voltage - before).max() > 1e-6 * np.abs(self.voltage).max():
            self.slope = np.zeros(self.shape)
            self.interval = min(self.interval, _FIRST_INTERVAL)

    def advance(self, begin: float, end: float) -> None:
        """From one mark to the next, in intervals whose error is measured."""
        time = begin
        while time < end:
            left = end - time
            length = left if left <= self.interval else (0.5 * left if left < 2.0 * self.interval else self.interval)
            # At the end of the way the drive's value is the one before the jump.
            target = end if length == left else time + length
            at = np.nextafter(end, begin) if target == end else target
            if not self._try(time, target, at):
                if length < _SHORTEST:
                    raise ConvergenceError(f"array: the voltages did not settle at {time:g} s")
                continue
            time = target

    def _try(self, time: float, target: float, at: float) -> bool:
        """One interval: predict, integrate, solve, correct; False where it must be shorter."""
        length = target - time
        before = (self.state.position.copy(), self.state.angle.copy())
        guess = self.voltage + length * self.slope
        error = np.inf
        for _ in range(3):
            self.state.position[:], self.state.angle[:] = before
            self._integrate(time, length, guess)
            voltage, found = self.solve(at)
            error = self.pull * float(np.abs(voltage - guess).max()) * 0.5 * length
            if error <= 0.5 * self.tolerance_rate * length:
                break
            guess = voltage
        slope = (voltage - self.voltage) / length
        # What a straight line misses of a curve; right after a jump the slope before says nothing.
        bend = np.abs(slope - self.slope).max() / length if self.slope.any() else 0.0
        error += self.pull * float(bend) * length**3 / 12.0
        allowed = self.tolerance_rate * length
        factor = min(3.0, max(0.2, 0.9 * float(np.sqrt(allowed / error)))) if error > 0.0 else 3.0
        self.interval = min(_LONGEST_INTERVAL, max(length * factor, 2.0 * _SHORTEST))
        if error > allowed and length > self.step:
            self.state.position[:], self.state.angle[:] = before
            return False
        self.voltage, self.found, self.slope = voltage, found, slope
        self.steps_taken += self._steps(length)
        self.intervals += 1
        return True

    def _steps(self, length: float) -> int:
        return max(1, int(np.ceil(length / self.step - 1e-9)))

    def _integrate(self, time: float, length: float, target: Array) -> None:
        """The walls over an interval, under voltages that go straight from the present ones to the target."""
        count = self.state.position.size
        rows = np.zeros((count, COEFFICIENTS + 4))
        rows[:, LEFT] = rows[:, REGION_LEFT] = time
        rows[:, RIGHT] = rows[:, REGION_RIGHT] = time + length
        rows[:, MIDDLE] = time + 0.5 * length
        rows[:, INVERSE_HALF_WIDTH] = 2.0 / length
        rows[:, COEFFICIENTS] = 0.5 * (self.voltage + target).ravel()
        rows[:, COEFFICIENTS + 1] = self.net_field
        rows[:, COEFFICIENTS + 2] = 0.5 * (target - self.voltage).ravel()
        steps = self._steps(length)
        plan = fixed_step.StepPlan(
            np.array([time]),
            np.array([length / steps]),
            np.array([steps]),
            np.array([self.steps_taken]),
            np.array([-1]),
        )
        waveforms = PiecewiseTable(rows, np.arange(count + 1))
        nothing = np.empty((count, 0))
        share = -(-count // threads())
        lanes.integrate_blocks(
            min(lanes.LANES, -(-share // 8) * 8),
            self.devices,
            self.mode,
            self.track,
            waveforms,
            plan,
            self.tableau,
            np.uint64(self.key),
            0,
            self.state,
            nothing,
            nothing,
        )

    def record(self) -> dict[str, Array]:
        """The state and the currents at present."""
        assert self.found is not None
        found = self.found
        return {
            "position": self.state.position.reshape(self.shape).copy(),
            "angle": self.state.angle.reshape(self.shape).copy(),
            "device_voltage": self.voltage.copy(),
            "device_current": found.device_current[0].copy(),
            "word_line_current": (found.word_start_current + found.word_stop_current)[0],
            "bit_line_current": -(found.bit_start_current + found.bit_stop_current)[0],
        }


def largest_value(waveform: Waveform) -> float:
    """About the largest absolute value of a waveform."""
    if isinstance(waveform, PiecewiseLinear):
        return float(np.abs(waveform.values).max())
    if isinstance(waveform, Sine):
        return abs(waveform.offset) + abs(waveform.amplitude)
    return float(np.abs(waveform(np.linspace(0.0, 1e-6, 10_001))).max())


_VARIABLES = {
    "position": (("time", "word_line", "bit_line"), "wall position x", "m"),
    "angle": (("time", "word_line", "bit_line"), "wall angle phi", "rad"),
    "device_voltage": (("time", "word_line", "bit_line"), "voltage across the device", "V"),
    "device_current": (("time", "word_line", "bit_line"), "device current", "A"),
    "word_line_current": (("time", "word_line"), "current into the word line", "A"),
    "bit_line_current": (("time", "bit_line"), "current out of the bit line", "A"),
}


def _label(records: list[dict[str, Array]], times: Array, run: _Run) -> xr.Dataset:
    return xr.Dataset(
        {
            name: (dims, np.array([each[name] for each in records]), {"long_name": long_name, "units": unit})
            for name, (dims, long_name, unit) in _VARIABLES.items()
        },
        coords={"time": ("time", times, {"long_name": "time", "units": "s"})},
        attrs={
            "experiment": "array_in_time",
            "solutions_of_the_network": run.solutions,
            "intervals": run.intervals,
            "steps": run.steps_taken,
            "step": run.step,
        },
    )
