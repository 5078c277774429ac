"""Simulations: devices, landscapes and a drive in, one labelled result out."""

import dataclasses
import itertools
import json
import math
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from . import engine, plots, validation  # noqa: F401 (plots registers the accessor that draws the results)
from .drive import Drive, Waveform, as_waveform
from .kernels.fixed_step import WallState
from .landscape import Landscape
from .parameters import DeviceParameters
from .progress import Progress
from .random_track import Seed, generator
from .resistance import antiparallel_share, conductance, voltage_at_current
from .validation import InputError

Array = NDArray[np.float64]
T = TypeVar("T")

UNIFORM_STATES = ("AP", "P")
REFERENCE_STEP = 5e-12
"""Step of the paper's RK4, s."""
DEFAULT_TOLERANCE = 3e-9
"""Local error of the adaptive method, in rad for phi and in wall widths for x.

Over 1 us of precession through wells it leaves less than 1e-6 rad and 1e-4 nm."""


def simulate(
    parameters: DeviceParameters,
    landscape: Landscape,
    drive: Drive,
    times: ArrayLike,
    **options: Any,
) -> xr.Dataset:
    """One device over time; the options are those of `simulate_ensemble`, and so are the variables of the result.

    times: s, rising, shape (times,); the result's dimension is 'time' alone.
    """
    result = simulate_ensemble(parameters, landscape, drive, times, devices=1, **options)
    return result.isel(device=0, drop=True)


def simulate_ensemble(
    parameters: DeviceParameters | Sequence[DeviceParameters],
    landscape: Landscape | Sequence[Landscape],
    drive: Drive | Sequence[Drive],
    times: ArrayLike,
    *,
    devices: int | None = None,
    initial_position: ArrayLike | str | None = None,
    initial_angle: ArrayLike | None = None,
    external_field: float | Waveform | Sequence[float | Waveform] = 0.0,
    temperature: ArrayLike = 0.0,
    torques: str = "both",
    method: str | None = None,
    step: float = REFERENCE_STEP,
    tolerance: float = DEFAULT_TOLERANCE,
    stop_below: ArrayLike | None = None,
    stop_above: ArrayLike | None = None,
    seed: Seed = 0,
    progress: bool = False,
) -> xr.Dataset:
    """Many independent devices over time (Eq. 1 of Lequeux et al. 2016, doi 10.1038/srep31510).

    parameters, landscape, drive, external_field: one for all devices, or a sequence with one each.
    times: s, rising, shape (times,): the start and where the state is recorded.
    devices: how many, where no sequence tells.
    initial_position: m, one or one per device; 'AP' or 'P': a uniform device without a wall; None: the centre of
        the landscape's first well.  A uniform device forms its wall at the first moment at which J (in the torques)
        reaches nucleation_current_density in the direction that reverses it: the AP state at x = 0, in the pad, for
        J > 0, the P state at x = L for J < 0.  This is an assumption: nucleation is taken as sharp and instant, and
        a wall that reaches an end of the track is held there and not annihilated.
    initial_angle: rad; None: at rest, 0 where H_K > 0 and pi/2 where H_K < 0.
    external_field: T, a number or a waveform; the stray field of the parameters adds to it.
    temperature: K, one or one per device.
    torques: 'slonczewski', 'field-like' or 'both'.
    method: 'adaptive' (order 8, T = 0 only), 'rk4' or 'heun' (fixed step); None: adaptive at T = 0, else heun.
    step: s, the longest step of the fixed-step methods; shortened to end on the times and on the drive's jumps.
    tolerance: local error of the adaptive method, in rad and in wall widths.
    stop_below, stop_above: m, one or one per device: a wall that passes rests there from then on.
    seed: the thermal fields' random stream.  Device i gets the same numbers whatever the number of devices or threads.
    progress: show a bar on standard error.

    Returns a Dataset with dimensions (device, time): position (m), angle (rad), voltage (V), current (A),
    resistance (Ohm), current_density (A/m2, in the torques), net_field (T); and per device passage_time (s, inf: no
    stop was passed) and nucleation_time (s, -inf: there was a wall from the start, inf: none was formed).
    Raises InputError for arguments that make no sense and ConvergenceError where the method cannot go on.
    """
    when = validation.increasing("times", times)
    if when.size < 2:
        raise InputError(f"times: expected a start and at least one later time, got {when.size} value")
    every_parameters = _sequence("parameters", parameters, DeviceParameters)
    every_landscape = _sequence("landscape", landscape, Landscape)
    every_drive = _sequence("drive", drive, Drive)
    if len({type(item) for item in every_drive}) > 1:
        raise InputError("drive: expected the same kind for all devices (current, voltage or current density)")
    if len({item.torque_density for item in every_parameters}) > 1:
        raise InputError("parameters: expected the same torque_density for all devices")
    fields = external_field if isinstance(external_field, Sequence) else [external_field]
    every_field = [as_waveform("external_field", field) for field in fields]
    warmth = np.atleast_1d(np.asarray(temperature, dtype=np.float64))
    for value in warmth:
        validation.non_negative("temperature", value)
    uniform = isinstance(initial_position, str)
    lengths = {
        "parameters": len(every_parameters),
        "landscape": len(every_landscape),
        "drive": len(every_drive),
        "external_field": len(every_field),
        "temperature": warmth.size,
        "initial_position": 1 if uniform or initial_position is None else np.size(np.asarray(initial_position)),
        "initial_angle": 1 if initial_angle is None else np.size(np.asarray(initial_angle)),
        "stop_below": 1 if stop_below is None else np.size(np.asarray(stop_below)),
        "stop_above": 1 if stop_above is None else np.size(np.asarray(stop_above)),
    }
    count = max(lengths.values()) if devices is None else validation.whole("devices", devices, 1)
    for name, length in lengths.items():
        if length not in (1, count):
            raise InputError(f"{name}: expected one value, or one for each of the {count} devices, got {length}")
    validation.choice("torques", torques, engine.TORQUES)
    warmth = np.array(np.broadcast_to(warmth, (count,)))
    if method is None:
        method = "heun" if warmth.max() > 0.0 else "adaptive"
    validation.choice("method", method, engine.METHODS)
    if method == "adaptive" and warmth.max() > 0.0:
        raise InputError(f"method: expected 'heun' or 'rk4' at a temperature of {warmth.max():g} K, got 'adaptive'")
    longest = validation.positive("step", step)
    local_error = validation.between("tolerance", tolerance, 1e-14, 1e-2)

    net_fields = _net_fields(every_field, every_parameters)
    circuit = engine.Circuit(
        devices=engine.device_arrays(every_parameters, every_drive[0], torques, warmth, count),
        mode=engine.density_mode(every_drive[0], every_parameters[0].torque_density),
        landscape=engine.landscape_table(every_landscape, every_parameters),
        drive=engine.drive_table(every_drive, net_fields, float(when[0]), float(when[-1])),
    )
    state = _initial_state(
        circuit,
        every_parameters,
        every_landscape,
        every_drive,
        when,
        initial_position,
        initial_angle,
        stop_below,
        stop_above,
    )
    key = int(generator(seed).integers(0, 2**64, dtype=np.uint64))
    bar = Progress(progress)
    if method == "adaptive":
        positions, angles = engine.run_adaptive(circuit, state, when, tolerance=local_error, progress=bar)
    else:
        positions, angles = engine.run_fixed_step(
            circuit, state, when, method=method, step=longest, key=key, progress=bar
        )
    if not (np.isfinite(positions).all() and np.isfinite(angles).all()):
        raise validation.ConvergenceError(f"the {method} method overflowed; take a smaller step than {longest:g} s")

    initial_state = initial_position if isinstance(initial_position, str) else "wall"
    result = _label(every_parameters, every_drive, net_fields, when, positions, angles, state, initial_state)
    result.attrs.update(provenance(every_parameters, every_landscape))
    result.attrs.update(method=method, torques=torques, initial_state=initial_state)
    if method == "adaptive":
        result.attrs.update(tolerance=local_error)
    else:
        result.attrs.update(step=longest, seed=str(seed) if isinstance(seed, np.random.Generator) else seed)
    return result


def provenance(parameters: Sequence[DeviceParameters], landscapes: Sequence[Landscape]) -> dict[str, str]:
    """What a result came from: version, parameters and landscapes (the first hundred of each) as JSON."""
    try:
        release = version("dwmtj")
    except PackageNotFoundError:
        release = "unknown (not installed)"

    def as_json(items: Sequence[Any]) -> str:
        return json.dumps([_plain(item) for item in items[:100]])

    return {"dwmtj_version": release, "parameters": as_json(parameters), "landscape": as_json(landscapes)}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"kind": type(value).__name__, **fields}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, float) and math.isinf(value) else value


def _sequence(name: str, value: T | Sequence[T], kind: type[T]) -> list[T]:
    items = list(value) if isinstance(value, Sequence) else [value]
    for item in items:
        if not isinstance(item, kind):
            raise InputError(f"{name}: expected {kind.__name__}, or a sequence of them, got {type(item).__name__}")
    if not items:
        raise InputError(f"{name}: expected at least one {kind.__name__}, got an empty sequence")
    return items


@dataclasses.dataclass(frozen=True)
class _Sum(Waveform):
    """A waveform on top of a constant."""

    waveform: Waveform
    offset: float

    def __call__(self, time: ArrayLike) -> Array:
        return self.waveform(time) + self.offset

    def edges(self, start: float, stop: float) -> Any:
        return self.waveform.edges(start, stop)

    def knots(self, start: float, stop: float) -> Any:
        return self.waveform.knots(start, stop)


def _net_fields(external: list[Waveform], parameters: list[DeviceParameters]) -> list[Waveform]:
    count = max(len(external), len({item.stray_field for item in parameters}) > 1 and len(parameters))
    return [_Sum(external[i % len(external)], parameters[i % len(parameters)].stray_field) for i in range(count)]


def _initial_state(
    circuit: engine.Circuit,
    parameters: list[DeviceParameters],
    landscapes: list[Landscape],
    drives: list[Drive],
    times: Array,
    initial_position: ArrayLike | str | None,
    initial_angle: ArrayLike | None,
    stop_below: ArrayLike | None,
    stop_above: ArrayLike | None,
) -> WallState:
    count = circuit.count
    lengths = circuit.devices.track_length
    release = np.full(count, -np.inf)
    if isinstance(initial_position, str):
        validation.choice("initial_position", initial_position, UNIFORM_STATES)
        position = np.zeros(count) if initial_position == "AP" else lengths.copy()
        several = max(len(parameters), len(drives))
        moments = [
            nucleation_time(parameters[i % len(parameters)], drives[i % len(drives)], initial_position, times)
            for i in range(several)
        ]
        release[:] = moments if several > 1 else moments[0]
    elif initial_position is None:
        position = np.array([landscapes[i % len(landscapes)].wells[0].centre for i in range(count)])
    else:
        position = np.array(np.broadcast_to(validation.numbers("initial_position", initial_position), (count,)))
        outside = (position < 0.0) | (position > lengths)
        if outside.any():
            worst = int(np.argmax(outside))
            raise InputError(
                f"initial_position: expected a position on the track, from 0 to {lengths[worst]:g} m, got "
                f"{position[worst]:g} m"
            )
    position[position < 1e-15 * lengths] = 0.0  # from closer to the start, the time to reach it would underflow
    if initial_angle is None:
        anisotropy = np.array(
            [
                float(landscapes[i % len(landscapes)].anisotropy_field(position[i], parameters[i % len(parameters)]))
                for i in range(count if max(len(landscapes), len(parameters)) > 1 else 1)
            ]
        )
        angle = np.array(np.broadcast_to(np.where(anisotropy < 0.0, 0.5 * np.pi, 0.0), (count,)))
    else:
        angle = np.array(np.broadcast_to(validation.numbers("initial_angle", initial_angle), (count,)))

    def stops(name: str, value: ArrayLike | None, default: float) -> Array:
        given = np.array([default]) if value is None else validation.numbers(name, value)
        return np.array(np.broadcast_to(given, (count,)))

    lower, upper = stops("stop_below", stop_below, -np.inf), stops("stop_above", stop_above, np.inf)
    beyond = (position < lower) | (position > upper)
    if beyond.any():
        worst = int(np.argmax(beyond))
        raise InputError(
            f"initial_position: expected a position between stop_below and stop_above, from {lower[worst]:g} to "
            f"{upper[worst]:g} m, got {position[worst]:g} m"
        )
    return WallState(position, angle, release, lower, upper, np.full(count, np.inf))


def nucleation_time(parameters: DeviceParameters, drive: Drive, state: str, times: ArrayLike) -> float:
    """When a uniform device ('AP' or 'P') forms its wall, s; inf: not between the first and the last time.

    The first moment at which J in the torques reaches nucleation_current_density, with J > 0 for AP and J < 0 for P.
    """
    when = validation.increasing("times", times)
    share, sign = (1.0, 1.0) if state == "AP" else (0.0, -1.0)
    threshold = parameters.nucleation_current_density

    def excess(time: Array) -> Array:
        _, _, density = electrical_state(parameters, drive, time, np.full(time.shape, share))
        return sign * density - threshold

    start, stop = float(when[0]), float(when[-1])
    marks = np.unique([start, stop, *drive.waveform.edges(start, stop), *drive.waveform.knots(start, stop)])
    # Between two edges a waveform is smooth: twenty points find where it first exceeds, and bisection the moment.
    inner = np.linspace(0.0, 1.0, 21)
    for begin, end in itertools.pairwise(marks):
        grid = begin + (end - begin) * inner
        grid[-1] = np.nextafter(end, begin)
        above = excess(grid) >= 0.0
        if above.any():
            first = int(np.argmax(above))
            if first == 0:
                return float(begin)
            low, high = grid[first - 1], grid[first]
            while high - low > 1e-12 * (end - begin):
                middle = 0.5 * (low + high)
                low, high = (low, middle) if excess(np.array([middle]))[0] >= 0.0 else (middle, high)
            return float(high)
    return math.inf


def electrical_state(
    parameters: DeviceParameters, drive: Drive, times: Array, share: Array
) -> tuple[Array, Array, Array]:
    """Voltage (V), current (A) and the torques' J (A/m2) at times, for an antiparallel share of the same shape."""
    value = np.broadcast_to(drive.waveform(times), share.shape)
    if drive.quantity == "voltage":
        voltage = np.array(value)
        current = voltage * conductance(parameters, share, voltage)
    else:
        current = np.array(value) if drive.quantity == "current" else value * parameters.junction_area
        voltage = voltage_at_current(parameters, share, current)
    if drive.quantity == "current density":
        density = np.array(value)
    elif parameters.torque_density == "voltage":
        density = voltage / parameters.resistance_area_product
    else:
        density = current / parameters.junction_area
    return voltage, current, density


def remanent_resistance(result: xr.Dataset, parameters: DeviceParameters | Sequence[DeviceParameters]) -> xr.DataArray:
    """R at zero bias of every recorded state of a `simulate_ensemble`, in Ohm; a uniform AP device has R_AP."""
    every = list(parameters) if isinstance(parameters, Sequence) else [parameters]
    values = np.empty(result.position.shape)
    for index, position in enumerate(result.position.values):
        each = every[index % len(every)]
        share = antiparallel_share(each, position)
        if result.attrs["initial_state"] == "AP":
            share = np.where(result.time.values < result.nucleation_time.values[index], 1.0, share)
        values[index] = 1.0 / conductance(each, share)
    attributes = {"long_name": "resistance R at zero bias", "units": "Ohm"}
    return xr.DataArray(values, coords=result.position.coords, dims=result.position.dims, attrs=attributes)


VARIABLES = {
    "position": ("wall position x", "m"),
    "angle": ("wall angle phi", "rad"),
    "voltage": ("voltage V", "V"),
    "current": ("current I", "A"),
    "resistance": ("resistance R", "Ohm"),
    "current_density": ("current density J in the torques", "A/m2"),
    "net_field": ("net field H_z", "T"),
    "passage_time": ("time of passage of a stop", "s"),
    "nucleation_time": ("time of nucleation", "s"),
}
"""Long name and unit of each variable of a simulation's result."""


def _label(
    parameters: list[DeviceParameters],
    drives: list[Drive],
    fields: list[Waveform],
    times: Array,
    positions: Array,
    angles: Array,
    state: WallState,
    initial_state: str,
) -> xr.Dataset:
    count = positions.shape[0]
    voltage, current, density = (np.empty_like(positions) for _ in range(3))
    resistance = np.empty_like(positions)
    several = max(len(parameters), len(drives)) > 1
    for index in range(count if several else 1):
        rows = slice(index, index + 1) if several else slice(None)
        each = parameters[index % len(parameters)]
        share = antiparallel_share(each, positions[rows])
        if initial_state == "AP":
            share = np.where(times < state.release_time[rows, np.newaxis], 1.0, share)
        voltage[rows], current[rows], density[rows] = electrical_state(each, drives[index % len(drives)], times, share)
        resistance[rows] = 1.0 / conductance(each, share, voltage[rows])
    field = np.array([waveform(times) for waveform in fields])
    arrays = {
        "position": positions,
        "angle": angles,
        "voltage": voltage,
        "current": current,
        "resistance": resistance,
        "current_density": density,
        "net_field": np.array(np.broadcast_to(field, positions.shape)),
    }
    per_device = {"passage_time": state.passage_time, "nucleation_time": state.release_time}
    result = xr.Dataset(
        {
            **{name: (("device", "time"), values) for name, values in arrays.items()},
            **{name: (("device",), values) for name, values in per_device.items()},
        },
        coords={"time": ("time", times, {"long_name": "time", "units": "s"}), "device": np.arange(count)},
        attrs={"experiment": "simulation"},
    )
    for name, (long_name, unit) in VARIABLES.items():
        result[name].attrs = {"long_name": long_name, "units": unit}
    return result
