"""Simulation of devices on their landscapes under a drive, with a labelled result."""

from collections.abc import Sequence
from typing import Any, TypedDict, Unpack

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from . import ensemble
from .adaptive_run import run_adaptive
from .device import heating
from .device.nucleation import UNIFORM_STATES, nucleation_time
from .device.parameters import DeviceParameters, applied_field
from .drive import Drive, PiecewiseLinear, Waveform, WaveformSum, as_waveform, constant
from .kernels.fixed_step import WallState
from .methods import DEFAULT_TOLERANCE, METHODS, REFERENCE_STEP
from .results import label_trajectories
from .support import validation
from .support.arrays import FloatArray, IntArray
from .support.model_range import warn_of_field, warn_of_temperature
from .support.options import named_options
from .support.progress import Progress
from .support.provenance import provenance
from .support.random import Seed, generator, recorded
from .support.validation import InputError, shown
from .track.landscape import Landscape
from .track.resting import resting_angles

ExternalField = float | Waveform | Sequence[float | Waveform] | FloatArray | None

_MOST_STATES = 200_000_000  # 15 GB of labelled results


def simulate_ensemble(
    parameters: DeviceParameters | Sequence[DeviceParameters],
    landscape: Landscape | Sequence[Landscape],
    drive: Drive | Sequence[Drive],
    times: ArrayLike,
    *,
    devices: int | None = None,
    initial_position: ArrayLike | str | None = None,
    initial_angle: ArrayLike | None = None,
    external_field: ExternalField = None,
    temperature: ArrayLike = 0.0,
    torques: str = "both",
    method: str | None = None,
    step: float = REFERENCE_STEP,
    tolerance: float = DEFAULT_TOLERANCE,
    stop_below: ArrayLike | None = None,
    stop_above: ArrayLike | None = None,
    seed: Seed = 0,
    device_numbers: ArrayLike | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Simulate many independent devices over time (Eq. 1 of Lequeux et al. 2016, doi 10.1038/srep31510).

    parameters, landscape, drive, external_field: one for all devices, or a sequence with one for each.
    times: s, increasing, shape (times,): the start, and the times at which the state is recorded.
    devices: their number, if no sequence determines it.
    initial_position: m, one for all devices or one for each; 'AP' or 'P': a uniform device without a wall; None: the
    centre of the landscape's first well.  A uniform device forms its wall as soon as J (in the torques) reaches
    nucleation_current_density in the direction that reverses it: at x = 0, in the pad, in the AP state for J > 0, and
    at x = L in the P state for J < 0.  This is an assumption: nucleation is sharp and instant, and a wall that reaches
    an end of the track is held there and not annihilated.
    initial_angle: rad; None: the rest angle without a current; with H_K alone 0 if H_K > 0 and pi/2 if H_K < 0.
    external_field: T, a number or a waveform, to which the stray field of the device is added; None: cancels the stray
    field of each device, so that the net field is 0.
    temperature: K, one or one per device.
    torques: 'slonczewski', 'field-like' or 'both'.
    method: 'adaptive' (order 8, T = 0 only), 'rk4' or 'heun' (fixed step); None: adaptive at T = 0, else heun.  step:
    s, the longest step of the fixed-step methods; it is shortened to end on the times and on jumps of the drive.
    tolerance: local error of the adaptive method, in rad and in wall widths.
    stop_below, stop_above: m, one for all devices or one for each; a wall that passes one of them stops there.
    seed: of the random stream of the thermal fields.  Device i gets the same numbers whatever the number of devices or
    threads.
    device_numbers: numbers of the devices in that stream, shape (devices,), from 0 and below 2**63; None: 0, 1, 2, ...
    They allow parts of an ensemble to be simulated separately with the same noise.
    progress: show a bar on standard error.

    Returns a Dataset with dimensions (device, time): position (m), angle (rad), voltage (V), current (A), resistance
    (Ohm), current_density (A/m2, in the torques), net_field (T), where a device heats up (thermal_resistance)
    temperature_rise (K), which starts at 0; and per device passage_time (s, inf: no stop was
    passed) and nucleation_time (s, -inf: there was a wall from the start, inf: no wall was formed).  The attribute
    external_field is the field that was applied: T, or text for a waveform.  Raises InputError for invalid arguments
    and ConvergenceError if the method cannot continue.
    """
    return _simulate(
        parameters,
        landscape,
        drive,
        times,
        devices=devices,
        initial_position=initial_position,
        initial_angle=initial_angle,
        external_field=external_field,
        temperature=temperature,
        torques=torques,
        method=method,
        step=step,
        tolerance=tolerance,
        stop_below=stop_below,
        stop_above=stop_above,
        seed=seed,
        device_numbers=device_numbers,
        progress=progress,
    )


def _simulate(
    parameters: DeviceParameters | Sequence[DeviceParameters],
    landscape: Landscape | Sequence[Landscape],
    drive: Drive | Sequence[Drive],
    times: ArrayLike,
    *,
    devices: int | None = None,
    initial_position: ArrayLike | str | None = None,
    initial_angle: ArrayLike | None = None,
    external_field: ExternalField = None,
    temperature: ArrayLike = 0.0,
    torques: str = "both",
    method: str | None = None,
    step: float = REFERENCE_STEP,
    tolerance: float = DEFAULT_TOLERANCE,
    stop_below: ArrayLike | None = None,
    stop_above: ArrayLike | None = None,
    seed: Seed = 0,
    device_numbers: ArrayLike | None = None,
    progress: bool = False,
    alone: bool = False,
) -> xr.Dataset:
    """`simulate_ensemble`; alone: a single device, whose result has no device dimension."""
    when = validation.increasing("times", times)
    if when.size < 2:
        raise InputError(f"times: expected a start and at least one later time, got {when.size} value")
    every_parameters = validation.several("parameters", parameters, DeviceParameters)
    every_landscape = validation.several("landscape", landscape, Landscape)
    warn_of_field("coercive_field", max(well.coercive_field for each in every_landscape for well in each.wells))
    every_drive = validation.several("drive", drive, Drive)
    if len({type(item) for item in every_drive}) > 1:
        raise InputError("drive: expected the same kind for all devices, got several")
    if len({item.torque_density for item in every_parameters}) > 1:
        raise InputError("parameters: expected the same torque_density for all devices, got both")
    every_field = _external_fields(external_field, every_parameters)
    warmth = validation.numbers("temperature", temperature)
    validation.non_negative("temperature", warmth.min())
    uniform = isinstance(initial_position, str)
    lengths = {
        "parameters": len(every_parameters),
        "landscape": len(every_landscape),
        "drive": len(every_drive),
        "external_field": len(every_field),
        "temperature": warmth.size,
        "initial_position": 1 if uniform else _length("initial_position", initial_position),
        "initial_angle": _length("initial_angle", initial_angle),
        "stop_below": _length("stop_below", stop_below),
        "stop_above": _length("stop_above", stop_above),
    }
    count = max(lengths.values()) if devices is None else validation.whole("devices", devices, 1)
    for name, length in lengths.items():
        if length not in (1, count):
            raise InputError(f"{name}: expected one value, or one for each of the {count} devices, got {length}")
    if count * when.size > _MOST_STATES:
        raise InputError(
            f"times: expected at most {_MOST_STATES:g} recorded states (devices times times), got {count * when.size:g}"
        )
    validation.choice("torques", torques, ensemble.TORQUES)
    warn_of_temperature(float(warmth.max()))
    warmth = np.array(np.broadcast_to(warmth, (count,)))
    if method is None:
        method = "heun" if warmth.max() > 0.0 else "adaptive"
    validation.choice("method", method, METHODS)
    if method == "adaptive" and warmth.max() > 0.0:
        raise InputError(f"method: expected 'heun' or 'rk4' at a temperature of {warmth.max():g} K, got 'adaptive'")
    longest = validation.positive("step", step)
    local_error = validation.between("tolerance", tolerance, 1e-14, 1e-2)

    net_fields: list[Waveform] = [constant(0.0)]  # one waveform for all is compiled once
    if external_field is not None:
        warn_of_field("external_field", max(float(np.abs(each(when)).max()) for each in every_field))
        net_fields = _net_fields(every_field, every_parameters)
    devices_in_time = ensemble.Ensemble(
        devices=ensemble.device_arrays(every_parameters, every_drive[0], torques, warmth, count),
        mode=ensemble.density_mode(every_drive[0], every_parameters[0].torque_density),
        landscape=ensemble.landscape_table(every_landscape, every_parameters),
        drive=ensemble.drive_table(every_drive, net_fields, float(when[0]), float(when[-1])),
    )
    state = _initial_state(
        devices_in_time,
        every_parameters,
        every_landscape,
        every_drive,
        when,
        initial_position,
        initial_angle,
        stop_below,
        stop_above,
    )
    origin = provenance(every_parameters, every_landscape, seed=None if method == "adaptive" else recorded(seed))
    key = _key_of_noise(seed, method)
    numbers = _numbers_in_stream(device_numbers, count)
    bar = Progress(progress)
    if method == "adaptive":
        positions, angles, rises = run_adaptive(devices_in_time, state, when, tolerance=local_error, progress=bar)
    else:
        positions, angles, rises = ensemble.run_fixed_step(
            devices_in_time, state, when, method=method, step=longest, key=key, numbers=numbers, progress=bar
        )
    if not (np.isfinite(positions).all() and np.isfinite(angles).all()):
        raise validation.ConvergenceError(f"the {method} method overflowed; take a smaller step than {longest:g} s")

    heating.check_rises(every_parameters, state.highest_rise)
    initial_state = initial_position if isinstance(initial_position, str) else "wall"
    attributes: dict[str, Any] = {**origin, "method": method, "torques": torques, "initial_state": initial_state}
    attributes["external_field"] = _written(every_field)
    attributes |= {"tolerance": local_error} if method == "adaptive" else {"step": longest}
    return label_trajectories(
        every_parameters, every_drive, net_fields, when, positions, angles, rises, state, initial_state,
        attributes, alone=alone,
    )  # fmt: skip


class SimulateOptions(TypedDict, total=False):
    """The options of `simulate`: those of `simulate_ensemble` that do not concern several devices."""

    initial_position: ArrayLike | str | None
    initial_angle: ArrayLike | None
    external_field: ExternalField
    temperature: ArrayLike
    torques: str
    method: str | None
    step: float
    tolerance: float
    stop_below: ArrayLike | None
    stop_above: ArrayLike | None
    seed: Seed
    device_numbers: ArrayLike | None
    progress: bool


@named_options(simulate_ensemble)
def simulate(
    parameters: DeviceParameters,
    landscape: Landscape,
    drive: Drive,
    times: ArrayLike,
    **options: Unpack[SimulateOptions],
) -> xr.Dataset:
    """Simulate one device over time; the options and the variables of the result are those of `simulate_ensemble`.

    times: s, increasing, shape (times,); the only dimension of the result is 'time'.
    external_field: T, in addition to the stray field; None: cancels it, so that only the drive moves the wall.  Raises
    InputError; for an unknown option it suggests the nearest known one.
    """
    return _simulate(parameters, landscape, drive, times, devices=1, alone=True, **options)


def _key_of_noise(seed: Seed, method: str) -> int:
    if method == "adaptive" and not isinstance(seed, np.random.Generator):
        validation.whole("seed", seed, 0, at_most=None)  # there is no noise, and making a generator takes time
        return 0
    return int(generator(seed).integers(0, 2**64, dtype=np.uint64))


def _numbers_in_stream(numbers: ArrayLike | None, count: int) -> IntArray:
    if numbers is None:
        return np.arange(count)
    try:
        found = np.asarray(numbers)
    except ValueError:  # lists of different lengths
        found = np.array(None)
    if found.shape != (count,) or found.dtype.kind not in "iu" or found.min() < 0 or found.max() >= 2**63:
        raise InputError(
            f"device_numbers: expected a whole number from 0 for each of the {count} devices, got {shown(numbers)}"
        )
    return found.astype(np.int64)


def _length(name: str, values: Any) -> int:
    return 1 if values is None else validation.numbers(name, values).size


def _external_fields(given: ExternalField, parameters: list[DeviceParameters]) -> list[Waveform]:
    """The waveform applied to each device, or one for all."""
    if given is None:
        fields = [applied_field(device, None) for device in parameters]
        return [constant(field) for field in (fields if len(set(fields)) > 1 else fields[:1])]
    if isinstance(given, np.ndarray) and given.ndim == 0:
        given = given.item()
    if isinstance(given, Sequence | np.ndarray) and not isinstance(given, str):
        return [as_waveform("external_field", field) for field in given]
    return [as_waveform("external_field", given)]


def _net_fields(external: list[Waveform], parameters: list[DeviceParameters]) -> list[Waveform]:
    count = max(len(external), len({item.stray_field for item in parameters}) > 1 and len(parameters))
    return [
        WaveformSum((external[i % len(external)],), (1.0,), parameters[i % len(parameters)].stray_field)
        for i in range(count)
    ]


def _written(external: list[Waveform]) -> float | list[float] | str:
    """The applied field as an attribute: T, one number or one for each device; text if it changes in time."""
    values = [each.values[0] for each in external if isinstance(each, PiecewiseLinear) and len(set(each.values)) == 1]
    if len(values) < len(external):
        return validation.shown(external[0] if len(external) == 1 else external)
    return values if len(values) > 1 else values[0]


def _initial_state(
    devices_in_time: ensemble.Ensemble,
    parameters: list[DeviceParameters],
    landscapes: list[Landscape],
    drives: list[Drive],
    times: FloatArray,
    initial_position: ArrayLike | str | None,
    initial_angle: ArrayLike | None,
    stop_below: ArrayLike | None,
    stop_above: ArrayLike | None,
) -> WallState:
    count = devices_in_time.count
    lengths = devices_in_time.devices.track_length
    release = np.full(count, -np.inf)
    if isinstance(initial_position, str):
        validation.choice("initial_position", initial_position, UNIFORM_STATES)
        heating.refuse(parameters, f"the uniform initial_position {initial_position!r}")
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
        position = np.where(
            np.abs(position - lengths) <= 1e-12 * lengths, lengths, position
        )  # 1000 * 1e-9 exceeds 1e-6
        outside = (position < 0.0) | (position > lengths)
        if outside.any():
            worst = int(np.argmax(outside))
            raise InputError(
                f"initial_position: expected a position on the track, from 0 to {lengths[worst]:g} m, got "
                f"{position[worst]:g} m"
            )
    position[position < 1e-15 * lengths] = 0.0  # closer to the start, the time to reach it would underflow
    if initial_angle is None:
        angle = resting_angles(parameters, landscapes, position)
    else:
        angle = np.array(np.broadcast_to(validation.numbers("initial_angle", initial_angle), (count,)))

    def stops(name: str, value: ArrayLike | None, default: float) -> FloatArray:
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
    return WallState(position, angle, release, lower, upper, np.full(count, np.inf), np.zeros(count), np.zeros(count))
