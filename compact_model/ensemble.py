"""Between the labelled outer layer and the kernels: arrays in, arrays out, in parts short enough to be interrupted."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .device import heating
from .device.parameters import DeviceParameters
from .drive import Drive, Waveform, is_known
from .kernels import equations, fixed_step, lanes
from .kernels.added_terms import ADDED, DeviceWithTerms
from .kernels.heating import HeatedDevice
from .kernels.tables import Device, PiecewiseTable
from .kernels.term import Limits, Term
from .kernels.terms import TERMS
from .support.arrays import FloatArray, IntArray
from .support.progress import Progress
from .support.threads import run_shares, threads
from .support.validation import InputError
from .track.landscape import Landscape
from .track.piecewise import bounds, polynomial_rows, stack

TORQUES = ("slonczewski", "field-like", "both")
TABLEAUS = {"rk4": fixed_step.RK4, "heun": fixed_step.HEUN}

# From this many devices on a thread, integrating side by side in SIMD lanes is faster than one after the other.
_LANES_FROM = 2
# Work between two checks for an interrupt and two updates of the progress bar: a few tenths of a second.
_DEVICE_STEPS_PER_CALL = 2_000_000  # 0.5 s of one device: the longest delay of Ctrl-C
_MOST_STEPS = 1e13  # three days of one device
_MOST_TURNING = 1e10  # rad: hours of one device by the adaptive method
_MOST_TIME_CONSTANTS = 1e9  # of the heat, in one run: also hours


@dataclass(frozen=True)
class Ensemble:
    """Devices, their tracks and their drives, in the form that the kernels read."""

    devices: Device
    mode: int
    landscape: PiecewiseTable
    drive: PiecewiseTable
    landscape_bounds: tuple[FloatArray, FloatArray] | None = None
    """The result of `track.piecewise.bounds`, if already known."""

    @property
    def count(self) -> int:
        """Number of devices."""
        return len(self.devices.damping)


def density_mode(drive: Drive, torque_density: str) -> int:
    """How the J in the torques follows from the drive, as a kernels.equations.DENSITY_* number."""
    if drive.quantity == "current density" or drive.quantity == torque_density:
        return equations.DENSITY_FROM_DRIVE
    if drive.quantity == "voltage":
        return equations.DENSITY_FROM_VOLTAGE_BY_CURRENT
    return equations.DENSITY_FROM_CURRENT_BY_VOLTAGE


def density_per_drive(parameters: DeviceParameters, drive: Drive) -> float:
    """A/m2 in the torques per unit of the drive, if the two are proportional."""
    if drive.quantity == "current":
        return 1.0 / parameters.junction_area
    if drive.quantity == "voltage":
        return 1.0 / parameters.resistance_area_product
    return 1.0


def device_arrays(
    parameters: Sequence[DeviceParameters], drive: Drive, torques: str, temperature: FloatArray, count: int
) -> Device:
    """The parameters of `count` devices (one set for all, or one each) as arrays of shape (count,)."""
    slonczewski = 1.0 if torques in ("slonczewski", "both") else 0.0
    field_like = 1.0 if torques in ("field-like", "both") else 0.0
    rows = [
        {
            "rate": each.gyromagnetic_ratio / (1.0 + each.damping**2),
            "damping": each.damping,
            "wall_width": each.wall_width,
            "track_length": each.track_length,
            "slonczewski_per_density": slonczewski * each.torque_per_current_density,
            "field_like_per_density": field_like * each.field_like_ratio * each.torque_per_current_density,
            "field_like_per_density_squared": field_like * each.field_like_quadratic * each.resistance_area_product**2,
            "antiparallel_share_per_length": each.track_width / each.junction_area,
            "tmr": each.tmr,
            "inverse_half_voltage": 1.0 / each.tmr_half_voltage,
            "parallel_resistance": each.parallel_resistance,
            "density_per_drive": density_per_drive(each, drive),
            "resistance_area": each.resistance_area_product,
            "thermal_field_per_root_time": each.thermal_field_per_root_time(1.0),
        }
        for each in parameters
    ]

    def column(values: list[float]) -> FloatArray:
        found = np.empty(count)
        found[:] = values
        return found

    columns = {name: column([row[name] for row in rows]) for name in rows[0]}
    # The strength is proportional to the root of the temperature.
    columns["thermal_field_per_root_time"] *= np.sqrt(temperature)
    heated = any(heating.is_on(each) for each in parameters)
    if not (heated or any(term.is_on(each) for term in ADDED for each in parameters)):
        return Device(**columns)
    by_current = drive.quantity == "current density"  # through a junction that carries J A; see `CurrentDensity`
    slope_terms = [term for term in ADDED if term.reads_slope]
    further = {
        "voltage_by_current": lambda each: float(by_current or each.torque_density == "current"),
        "slope_is_read": lambda each: float(any(term.is_on(each) for term in slope_terms)),
    }
    for term in ADDED:
        further |= term.coefficients
    if heated:
        further |= heating.COEFFICIENTS
    for name, value in further.items():
        columns[name] = column([value(each) for each in parameters])
    if heated:
        with np.errstate(divide="ignore"):
            columns["inverse_temperature"] = np.where(temperature > 0.0, 1.0 / temperature, 0.0) * np.ones(count)
    kind: Any = HeatedDevice if heated else DeviceWithTerms
    with_terms: Device = kind(**columns)
    return with_terms


def drive_table(drives: Sequence[Drive], fields: Sequence[Waveform], start: float, stop: float) -> PiecewiseTable:
    """Drive and net field over [start, stop], one of each for all devices, or one for each device."""
    rows = []
    for index in range(max(len(drives), len(fields))):
        waveforms = (drives[index % len(drives)].waveform, fields[index % len(fields)])
        fitted = _kept_rows if is_known(waveforms[0]) and is_known(waveforms[1]) else _drive_rows
        rows.append(fitted(waveforms, start, stop))
    return stack(rows)


def _drive_rows(waveforms: tuple[Waveform, Waveform], start: float, stop: float) -> FloatArray:
    edges = [edge for waveform in waveforms for edge in waveform.edges(start, stop)]
    knots = [knot for waveform in waveforms for knot in waveform.knots(start, stop)]
    return polynomial_rows(waveforms, edges, knots, (start, stop))


@functools.lru_cache(maxsize=64)
def _kept_rows(waveforms: tuple[Waveform, Waveform], start: float, stop: float) -> FloatArray:
    rows = _drive_rows(waveforms, start, stop)
    rows.flags.writeable = False
    return rows


def landscape_table(landscapes: Sequence[Landscape], parameters: Sequence[DeviceParameters]) -> PiecewiseTable:
    """The tracks of all devices; a table of one if they share landscape and parameters."""
    count = max(len(landscapes), len(parameters))
    return stack([landscapes[i % len(landscapes)].rows(parameters[i % len(parameters)]) for i in range(count)])


def check_step(ensemble: Ensemble, step: float) -> None:
    """Raise InputError if a fixed step does not resolve the fastest motion that the fields allow."""
    fastest = _fastest_turning(ensemble)
    if isinstance(ensemble.devices, HeatedDevice):
        heating.check_resolution(ensemble.devices, step)
    if step * fastest > 1.0:
        raise InputError(
            f"step: expected at most {1.0 / fastest:.3g} s, the time in which these fields can turn the angle by "
            f"one radian, got {step:.3g} s"
        )


def check_duration(ensemble: Ensemble, duration: float) -> None:
    """Raise InputError if the fastest motion that the fields allow would take too long to follow."""
    fastest = _fastest_turning(ensemble)
    if isinstance(ensemble.devices, HeatedDevice):
        heating.check_resolution(ensemble.devices, duration / _MOST_TIME_CONSTANTS)
    if duration * fastest > _MOST_TURNING:
        raise InputError(
            f"times: expected at most {_MOST_TURNING / fastest:.3g} s, in which these fields can turn the angle by "
            f"{_MOST_TURNING:g} radians, got {duration:.3g} s"
        )


def _fastest_turning(ensemble: Ensemble) -> float:
    """The largest |dphi/dt| that the fields allow, rad/s."""
    (drive, net_field), _ = bounds(ensemble.drive)
    (pinning, anisotropy), (pinning_slope, anisotropy_slope) = ensemble.landscape_bounds or bounds(ensemble.landscape)
    devices = ensemble.devices
    if ensemble.mode == equations.DENSITY_FROM_DRIVE:
        density = drive * devices.density_per_drive
    elif ensemble.mode == equations.DENSITY_FROM_VOLTAGE_BY_CURRENT:
        density = drive / devices.resistance_area
    else:
        density = drive * devices.parallel_resistance * (1.0 + devices.tmr) / devices.resistance_area
    voltage = density * devices.resistance_area
    if not isinstance(devices, Device) and ensemble.mode == equations.DENSITY_FROM_DRIVE:
        voltage = voltage * (1.0 + devices.voltage_by_current * devices.tmr)
    limits = Limits(devices, density, voltage, net_field, pinning, pinning_slope, anisotropy, anisotropy_slope)
    return float(largest_turning(limits).max())


def largest_turning(limits: Limits) -> FloatArray:
    """The largest |dphi/dt| of each device from all terms together, within limits, rad/s.

    Raises InputError for limits beyond a term's own range.
    """
    for term in _terms_of(limits.devices):
        wrong = term.refuse(limits)
        if wrong:
            raise InputError(wrong)
    field = sum(np.asarray(term.bound(limits)) for term in _terms_of(limits.devices))
    result: FloatArray = limits.devices.rate * field
    return result


def largest_pull(devices: Device, landscape: PiecewiseTable, net_field: float) -> float:
    """The largest speed change of a wall per error of the junction's voltage, m/(s V); net_field: the largest, T."""
    (pinning, anisotropy), (pinning_slope, anisotropy_slope) = bounds(landscape)
    limits = Limits(devices, 0.0, 0.0, net_field, pinning, pinning_slope, anisotropy, anisotropy_slope)
    field = sum(np.asarray(term.per_volt(limits)) for term in _terms_of(devices))
    return float((devices.rate * devices.wall_width * field).max())


def pull_by_heat(devices: Device, landscape: PiecewiseTable) -> float:
    """The largest speed change of a wall through the heat, per error of the voltage and per volt, m/(s V2)."""
    (pinning, anisotropy), _ = bounds(landscape)
    assert isinstance(devices, HeatedDevice)
    by_magnetisation = 1.5 * devices.bloch * devices.inverse_reference_temperature * (pinning + 0.5 * anisotropy)
    per_kelvin = by_magnetisation + 0.5 * np.abs(devices.anisotropy_per_kelvin)
    kelvins = 2.0 * devices.thermal_resistance / devices.parallel_resistance
    return float((devices.rate * devices.wall_width * per_kelvin * kelvins).max())


def new_rises(devices: Device, shape: tuple[int, ...]) -> FloatArray:
    """An array for temperature rises (devices, times); empty where no device heats up."""
    return np.empty(shape if isinstance(devices, HeatedDevice) else (0, 0))


def _terms_of(devices: Device) -> Sequence[Term]:
    """The terms of the devices in one table."""
    return [term for term in TERMS if not term.switches] if isinstance(devices, Device) else TERMS


def plan_steps(times: FloatArray, edges: FloatArray, step: float) -> fixed_step.StepPlan:
    """Steps of at most `step` that end on every time and on every edge of the drive."""
    extra = edges[(edges > times[0]) & (edges < times[-1])]
    after = np.searchsorted(times, extra)
    extra = extra[np.minimum(times[after] - extra, extra - times[after - 1]) > 1e-6 * step]
    grid = np.unique(np.concatenate([times, extra]))
    spans = np.diff(grid)
    if (times[-1] - times[0]) / step > _MOST_STEPS:
        raise InputError(
            f"step: expected at most {_MOST_STEPS:g} steps in the simulated {times[-1] - times[0]:g} s, got a step of "
            f"{step:g} s"
        )
    counts = np.maximum(1, np.ceil(spans / step - 1e-6)).astype(np.int64)
    column = np.searchsorted(times, grid[1:])
    recorded = times[np.minimum(column, times.size - 1)] == grid[1:]
    return fixed_step.StepPlan(
        grid[:-1].copy(),
        spans / counts,
        np.zeros_like(counts),
        counts,
        np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64),
        np.where(recorded, column, -1).astype(np.int64),
    )


def plan_parts(plan: fixed_step.StepPlan, most_steps: int) -> Iterator[fixed_step.StepPlan]:
    """The plan in parts of this many steps; step lengths and counters stay the same."""
    ends = np.cumsum(plan.steps)
    total = int(ends[-1])
    for begin in range(0, total, most_steps):
        stop = min(begin + most_steps, total)
        first = int(np.searchsorted(ends, begin, side="right"))
        last = int(np.searchsorted(ends, stop, side="left"))
        runs = slice(first, last + 1)
        skipped, count, index = plan.skipped[runs].copy(), plan.steps[runs].copy(), plan.first_index[runs].copy()
        column = plan.column[runs].copy()
        done = begin - int(index[0])
        skipped[0] += done
        count[0] -= done
        index[0] += done
        surplus = int(ends[last]) - stop
        if surplus > 0:
            count[-1] -= surplus
            column[-1] = -1
        yield fixed_step.StepPlan(plan.start[runs].copy(), plan.step[runs].copy(), skipped, count, index, column)


def integrate_side_by_side(
    shares: int,
    devices: Device,
    mode: int,
    landscape: PiecewiseTable,
    drive: PiecewiseTable,
    plan: fixed_step.StepPlan,
    tableau: fixed_step.Tableau,
    key: np.uint64,
    numbers: IntArray,
    state: fixed_step.WallState,
    positions: FloatArray,
    angles: FloatArray,
    rises: FloatArray,
) -> None:
    """All devices by a fixed-step method, on a number of threads; see `fixed_step.integrate_devices`.

    Many of them go side by side in SIMD (`lanes.integrate_blocks`), unless they heat up.
    """
    if isinstance(devices, HeatedDevice):
        alone = (devices, mode, landscape, drive, plan, tableau, key, numbers, state, positions, angles, rises)
        run_shares(fixed_step.integrate_devices, shares, *alone)
        return
    share = -(-len(devices.damping) // shares)
    width = min(lanes.LANES, -(-share // 8) * 8)
    arguments = (width, devices, mode, landscape, drive, plan, tableau, key, numbers, state, positions, angles)
    run_shares(lanes.integrate_blocks, shares, *arguments)


def run_fixed_step(
    ensemble: Ensemble,
    state: fixed_step.WallState,
    times: FloatArray,
    *,
    method: str,
    step: float,
    key: int,
    numbers: IntArray,
    progress: Progress,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Positions, angles and temperature rises, (devices, times), by 'rk4' or 'heun'; the state is advanced in place.

    The rises are empty where no device heats up.
    """
    check_step(ensemble, step)
    from .kernels.tables import REGION_LEFT

    edges = np.unique(ensemble.drive.rows[:, REGION_LEFT])
    released = state.release_time[np.isfinite(state.release_time)]
    plan = plan_steps(times, np.unique(np.concatenate([edges, released])), step)
    positions = np.empty((ensemble.count, times.size))
    angles = np.empty_like(positions)
    positions[:, 0] = state.position
    angles[:, 0] = state.angle
    rises = new_rises(ensemble.devices, positions.shape)
    if rises.size:
        rises[:, 0] = state.rise
    total = int(plan.steps.sum())
    per_call = max(1, _DEVICE_STEPS_PER_CALL // ensemble.count)
    stream = np.uint64(key)
    shares = min(threads(), ensemble.count)
    with progress.bar(total, "step") as advance:
        for part in plan_parts(plan, per_call):
            arguments = (
                ensemble.devices,
                ensemble.mode,
                ensemble.landscape,
                ensemble.drive,
                part,
                TABLEAUS[method],
                stream,
                numbers,
                state,
                positions,
                angles,
                rises,
            )
            if ensemble.count >= _LANES_FROM * shares:
                integrate_side_by_side(shares, *arguments)
            else:
                run_shares(fixed_step.integrate_devices, shares, *arguments)
            advance(int(part.steps.sum()))
    return positions, angles, rises
