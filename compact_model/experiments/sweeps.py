"""Resistance in a dc sweep of current, voltage or field, from nanoseconds to laboratory ramp rates.

A fast sweep is integrated.  In a slow sweep the motion of the wall is a Markov chain over the rest positions of its
track, whose rates and destinations follow the drive (`rates.hopping`).
"""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ..device.junction import antiparallel_share, conductance, voltage_at_current
from ..device.nucleation import UNIFORM_STATES, nucleation_time
from ..device.parameters import DeviceParameters, applied_field
from ..drive import DRIVES, Current, staircase
from ..methods import METHODS
from ..rates.chains import HoppingTable, most_values, walk
from ..rates.driven_track import check_width
from ..rates.escapes import LARGEST_DAMPING
from ..rates.flights import settling_time
from ..rates.hopping import FIELD, HoppingTrack
from ..rates.ramps import LONGEST_SIMULATED
from ..results import remanent_resistance
from ..simulation import simulate_ensemble
from ..support import validation
from ..support.arrays import FloatArray
from ..support.progress import Progress
from ..support.provenance import inherited, provenance
from ..support.random import Seed, generator, recorded
from ..support.validation import InputError
from ..track.landscape import Landscape

_UNITS = {"current": "A", "voltage": "V", FIELD: "T"}
_LEAST_DWELL = 2.0  # settling times: a hop ends long before the next value
_MOST_STEPS = 1e11  # of the simulation of one device: an hour


def resistance_sweep(
    parameters: DeviceParameters | Sequence[DeviceParameters],
    landscape: Landscape | Sequence[Landscape],
    values: ArrayLike,
    *,
    dwell: float,
    drive: str = "current",
    devices: int | None = None,
    samples: int = 10,
    external_field: float | None = None,
    temperature: float = 0.0,
    initial_position: ArrayLike | str | None = None,
    step: float = 20e-12,
    method: str | None = None,
    seed: Seed = 0,
    progress: bool = False,
) -> xr.Dataset:
    """R on a staircase of dc current (A), voltage (V) or, without a current, external field (T).

    parameters, landscape: one for all devices, or one for each; devices: their number, if no sequence determines it.
    values: values of the drive ('current', 'voltage' or 'field') in turn, shape (points,); dwell: time at each, s.
    samples: number of readings averaged in the second half of each dwell, as in a dc measurement.
    external_field: T, in addition to the stray field; None: cancels it; must not be given if the field is swept.
    temperature: K. initial_position: m, one for all devices or one for each; 'AP' or 'P': a uniform device that forms
    its wall as in `simulate_ensemble`; None: the centre of the landscape's first well.
    method: one of those of `simulate_ensemble`, with its step (s), or 'rates', a Markov chain over the rest positions
    of the wall.  Its rates are those of `escape_rates`; where the drive makes the wall precess or frees it, 32 walls
    for each position are integrated to find their destinations.  It has no lower limit on the rate of the sweep, but
    needs a dwell long enough for a wall to come to rest.  None: 'rates' if the drive would take more than
    rates.ramps.LONGEST_SIMULATED to rise from 0 to its largest value at this rate, else a simulation; the attribute
    'method' says which method was used.

    Returns a Dataset with dimensions (device, point): resistance (Ohm, at the bias), remanent_resistance (Ohm, of the
    same state at zero bias), position (m); and the drive along point.  Raises InputError for a sweep that neither
    method can follow.
    """
    models = validation.several("parameters", parameters, DeviceParameters)
    tracks = validation.several("landscape", landscape, Landscape)
    levels = validation.numbers("values", values)
    validation.choice("drive", drive, (*DRIVES, FIELD))
    wait = validation.positive("dwell", dwell)
    readings = validation.whole("samples", samples, 1)
    kelvin = validation.non_negative("temperature", temperature)
    longest = validation.positive("step", step)
    if drive == FIELD and external_field is not None:
        raise InputError(f"external_field: expected none in a sweep of the field, got {external_field}")
    way = _method(method, models, tracks, levels, wait, kelvin, longest)
    fractions = 1.0 - 0.5 * (np.arange(readings)[::-1] + 0.5) / readings
    attributes = {
        "experiment": "resistance_sweep",
        "drive": drive,
        "dwell": wait,
        "temperature": str(temperature),
        "method": way or ("heun" if kelvin > 0.0 else "adaptive"),
    }
    if way == "rates":
        count = _count(models, tracks, initial_position, devices)
        attributes |= provenance(models, tracks, seed=recorded(seed))
        draw = generator(seed)
        measured = [
            _by_rates(
                models[index % len(models)],
                tracks[index % len(tracks)],
                levels,
                1 if max(len(models), len(tracks)) > 1 else count,
                wait,
                drive,
                readings,
                external_field,
                kelvin,
                _of_device(initial_position, index),
                draw,
                Progress(progress, "finding rates"),
            )
            for index in range(max(len(models), len(tracks)))
        ]
        r, remanent, position = (np.concatenate(parts) for parts in zip(*measured, strict=True))
        external = [applied_field(model, external_field) for model in models]
        attributes["external_field"] = str(levels.tolist()) if drive == FIELD else external[0]
        if drive != FIELD and len(set(external)) > 1:
            attributes["external_field"] = external
    else:
        times = (wait * (np.arange(levels.size)[:, np.newaxis] + fractions)).ravel()
        stairs = staircase(levels, dwell=wait)
        run = simulate_ensemble(
            models,
            tracks,
            Current.of(0.0) if drive == FIELD else DRIVES[drive](stairs),
            np.concatenate([[0.0], times]),
            devices=devices,
            external_field=stairs if drive == FIELD else external_field,
            temperature=temperature,
            initial_position=initial_position,
            step=longest,
            method=way,
            seed=seed,
            progress=progress,
        )
        shape = (run.sizes["device"], levels.size, readings)

        def mean(values: xr.DataArray) -> FloatArray:
            result: FloatArray = values.values[:, 1:].reshape(shape).mean(axis=2)
            return result

        r, position = mean(run.resistance), mean(run.position)
        remanent = mean(remanent_resistance(run, models if len(models) > 1 else models[0]))
        attributes |= {"external_field": run.attrs["external_field"], **inherited(run)}
    ohms = {"units": "Ohm"}
    return xr.Dataset(
        {
            "resistance": (("device", "point"), r, {"long_name": "resistance R", **ohms}),
            "remanent_resistance": (("device", "point"), remanent, {"long_name": "resistance R at zero bias", **ohms}),
            "position": (("device", "point"), position, {"long_name": "wall position x", "units": "m"}),
        },
        coords={
            drive: (
                "point",
                levels,
                {"long_name": "external field" if drive == FIELD else drive, "units": _UNITS[drive]},
            ),
            "device": np.arange(r.shape[0]),
        },
        attrs=attributes,
    )


def _method(
    method: str | None,
    models: list[DeviceParameters],
    tracks: list[Landscape],
    levels: FloatArray,
    dwell: float,
    temperature: float,
    step: float,
) -> str | None:
    """The method to follow a sweep; None: the default of `simulate_ensemble`."""
    if method is not None:
        validation.choice("method", method, (*METHODS, "rates"))
        if method != "rates":
            return method
    travelled = float(np.abs(np.diff(levels, prepend=0.0)).sum())
    rise = dwell * levels.size * float(np.abs(levels).max()) / travelled if travelled else dwell * levels.size
    if method is None and rise <= LONGEST_SIMULATED:
        return None
    settled = _LEAST_DWELL * max(settling_time(model, tracks[i % len(tracks)]) for i, model in enumerate(models))
    damping = max(model.damping for model in models)
    if dwell >= settled and damping <= LARGEST_DAMPING:
        return "rates"
    wrong = f"a dwell of at least {settled:.3g} s and a damping of at most {LARGEST_DAMPING:g} for method 'rates'"
    if method is None and dwell * levels.size / step <= _MOST_STEPS:
        return None
    advice = "simulate it (method 'heun')"
    if dwell * levels.size / step > _MOST_STEPS:
        advice = f"a simulation would take {dwell * levels.size / step:.2g} steps: give fewer points, or longer ones"
    if not np.isfinite(settled):
        raise InputError(f"damping: expected a number above 0 for method 'rates', as walls must come to rest; {advice}")
    raise InputError(f"dwell: expected {wrong}, got {dwell:.3g} s and {damping:g}; {advice}")


def _count(
    models: list[DeviceParameters], tracks: list[Landscape], position: ArrayLike | str | None, devices: int | None
) -> int:
    starts = (
        1 if position is None or isinstance(position, str) else validation.numbers("initial_position", position).size
    )
    lengths = {"parameters": len(models), "landscape": len(tracks), "initial_position": starts}
    count = max(lengths.values()) if devices is None else validation.whole("devices", devices, 1)
    for name, length in lengths.items():
        if length not in (1, count):
            raise InputError(f"{name}: expected one value, or one for each of the {count} devices, got {length}")
    return count


def _of_device(position: ArrayLike | str | None, index: int) -> ArrayLike | str | None:
    if position is None or isinstance(position, str):
        return position
    given = validation.numbers("initial_position", position)
    return given[index % given.size] if given.size > 1 else given


def _by_rates(
    parameters: DeviceParameters,
    landscape: Landscape,
    levels: FloatArray,
    walls: int,
    dwell: float,
    drive: str,
    readings: int,
    external_field: float | None,
    temperature: float,
    initial_position: ArrayLike | str | None,
    draw: np.random.Generator,
    progress: Progress,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """R, R at zero bias and position of walls on one track, shapes (walls, points)."""
    check_width(parameters, drive != FIELD)
    external = 0.0 if drive == FIELD else applied_field(parameters, external_field)
    track = HoppingTrack(
        parameters, landscape, drive=drive, external_field=external, temperature=temperature, draw=draw
    )
    started = 0
    if isinstance(initial_position, str):
        validation.choice("initial_position", initial_position, UNIFORM_STATES)
        started = _nucleation(parameters, drive, levels, initial_position)
        start = np.full(walls, 0 if initial_position == "AP" else track.count - 1)
    else:
        position = landscape.wells[0].centre if initial_position is None else initial_position
        metres = np.broadcast_to(validation.numbers("initial_position", position), (walls,))
        if metres.min() < 0.0 or metres.max() > parameters.track_length:
            raise InputError(
                f"initial_position: expected a position on the track, from 0 to {parameters.track_length:g} m, got "
                f"{metres.min() if metres.min() < 0.0 else metres.max():g} m"
            )
        start = np.array([track.place_of(float(each)) for each in metres])
    positions = np.full((walls, levels.size, readings), 0.0 if initial_position == "AP" else parameters.track_length)
    if started < levels.size:
        moving = levels[started:]
        with progress.bar(most_values(moving), "value") as advance:
            table = HoppingTable(track, moving, dwell, advance)
        positions[:, started:] = walk(table, moving, start, dwell=dwell, readings=readings, draw=draw)
    bias = np.zeros_like(levels) if drive == FIELD else levels
    amount = np.broadcast_to(bias[:, np.newaxis], positions.shape)
    share = antiparallel_share(parameters, positions)
    share[:, :started] = 1.0 if initial_position == "AP" else 0.0
    volts = voltage_at_current(parameters, share, amount) if drive == "current" else amount
    at_bias = 1.0 / conductance(parameters, share, volts)
    remanent = 1.0 / conductance(parameters, share)
    return at_bias.mean(axis=2), remanent.mean(axis=2), positions.mean(axis=2)


def _nucleation(parameters: DeviceParameters, drive: str, levels: FloatArray, state: str) -> int:
    """Number of the first point at which a uniform device has its wall; the number of points if it never has one."""
    if drive == FIELD:
        return int(levels.size)
    stairs = DRIVES[drive](staircase(levels, dwell=1.0))
    return int(min(nucleation_time(parameters, stairs, state, [0.0, float(levels.size)]), levels.size))
