"""Depinning thresholds: the current or field at which a ramp frees the wall (the paper's Figs. 2c, 2d and 3)."""

from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ..constants import AMPERE_PER_SQUARE_CENTIMETRE, NANOSECOND, OERSTED
from ..device import heating
from ..device.equilibrium import turning_density
from ..device.junction import antiparallel_share
from ..device.parameters import DeviceParameters
from ..device.published import COERCIVE_FIELD, WELL_HALF_WIDTH
from ..drive import CurrentDensity, ramp
from ..methods import METHODS, REFERENCE_STEP
from ..rates.escapes import LARGEST_DAMPING
from ..rates.ramps import LEAST_BARRIER, LONGEST_SIMULATED, check_valid, current_departure, field_departure
from ..simulation import simulate_ensemble
from ..support import validation
from ..support.arrays import FloatArray
from ..support.provenance import provenance
from ..support.random import Seed, generator, recorded
from ..support.validation import ConvergenceError, InputError
from ..track.landscape import Landscape, check_well_fits, single_well
from ..track.resting import resting_push
from ..track.wells import ParabolicWell, Well

RAMP_RATE = 1e4 * AMPERE_PER_SQUARE_CENTIMETRE / NANOSECOND
"""The paper's current ramp, 1e4 A/cm2/ns, in A/(m2 s)."""
FIELD_RAMP_RATE = 0.02 * OERSTED / NANOSECOND
"""A field ramp that takes about as long as the current ramp, T/s."""

_EXTENSIONS = 4  # of the integrated part of a slow ramp, and of the end of a fast one, by a factor of 4 each
_TIME_TO_MOVE = 1e-6  # s: a ramp that lasts longer leaves the wall enough time, and is not extended


def static_current_threshold(
    parameters: DeviceParameters, offset: ArrayLike, torques: str = "both", *, position: float | None = None
) -> FloatArray:
    """J at which a slow ramp frees the wall at T = 0, A/m2; offset: Delta_H = H_c - H_z in T, any shape.

    It is the lowest J > 0 at which the wall has no rest angle or no rest position.  With the Slonczewski torque alone,
    the angle becomes unstable at sigma_ST = |H_K| / 2, whatever Delta_H; with further terms in the wall's energy, at
    the largest slope of that energy, which is found numerically (inf where there is none).  A wall in a shallower
    minimum swings to another one at a lower J, which may free a lightly damped wall.  The field-like torque alone adds
    to H_z, so that sigma_FLT = Delta_H.  With both torques, the lower threshold applies; the two cross at Delta_H =
    zeta |H_K| / 2.
    position: of the wall, m, None: the middle of the track.  It matters if the anisotropy depends on the voltage, which
    is that of a junction that carries J times its area.
    """
    heating.refuse(validation.instance("parameters", parameters, DeviceParameters), "static limits")
    delta = validation.array("offset", offset)
    validation.choice("torques", torques, ("slonczewski", "field-like", "both"))
    middle = 0.5 * parameters.track_length
    where = middle if position is None else validation.between("position", position, 0.0, parameters.track_length)
    share = float(antiparallel_share(parameters, where))
    slonczewski = np.full_like(delta, turning_density(parameters, share))
    field_like = _field_like_limit(parameters, delta)
    if torques == "slonczewski":
        return slonczewski
    return field_like if torques == "field-like" else np.minimum(slonczewski, field_like)


def _field_like_limit(parameters: DeviceParameters, delta: FloatArray) -> FloatArray:
    """The J with sigma_FLT = zeta sigma_ST + c_2 (J RA_P)^2 = Delta_H, A/m2; inf: there is none."""
    linear = parameters.field_like_ratio * parameters.torque_per_current_density
    quadratic = parameters.field_like_quadratic * parameters.resistance_area_product**2
    if quadratic == 0.0:
        return delta / linear if linear > 0.0 else np.full_like(delta, np.inf)
    with np.errstate(invalid="ignore", divide="ignore"):
        root = 2.0 * delta / (linear + np.sqrt(linear**2 + 4.0 * quadratic * delta))
    return np.where(np.isfinite(root), root, np.inf)


def rest_position(landscape: Landscape, net_field: float, parameters: DeviceParameters | None = None) -> float:
    """Rest position of a wall in the landscape's first well under a net field H_z (T), m.

    parameters: of the device, whose H_K pushes the wall if it varies along the track; None: that force is left out.
    Raises InputError if the field is stronger than the well.
    """
    from scipy.optimize import brentq

    well = validation.instance("landscape", landscape, Landscape).wells[0]
    field = validation.number("net_field", net_field)
    direction = 1.0 if field >= 0.0 else -1.0
    offsets = direction * np.linspace(0.0, well.reach, 2001)

    def along(position: FloatArray) -> FloatArray:
        pushed = 0.0 if parameters is None else resting_push(parameters, landscape, position)
        return landscape.pinning_field(position) + field + pushed

    force = direction * along(well.centre + offsets)
    held = np.flatnonzero(force <= 0.0)
    if held.size == 0:
        raise InputError(f"net_field: expected a field at which the well holds the wall, got {field:g} T")
    outer = held[0]
    if outer == 0:
        return well.centre
    root = brentq(
        lambda offset: float(along(np.array(well.centre + offset))),
        offsets[outer - 1],
        offsets[outer],
        xtol=1e-15,
    )
    return well.centre + float(root)


def depinning_density(
    parameters: DeviceParameters | Sequence[DeviceParameters],
    landscape: Landscape | Sequence[Landscape],
    *,
    largest_density: float,
    net_field: ArrayLike = 0.0,
    torques: str = "both",
    ramp_rate: float = RAMP_RATE,
    method: str | None = None,
    step: float = REFERENCE_STEP,
    temperature: float = 0.0,
    seed: Seed = 0,
    device_numbers: ArrayLike | None = None,
    progress: bool = False,
) -> FloatArray:
    """J (in the torques) at which a current ramp frees the wall of each device from its first well, A/m2.

    parameters, landscape, net_field (H_z, T): one for all devices, or one for each.  The ramp rises from 0 at
    ramp_rate, A/(m2 s), to largest_density, A/m2; the result is inf if the wall is still pinned then.  The other
    arguments are those of `simulate_ensemble`; method None is 'rk4', the paper's, or 'heun' at T > 0.
    The wall starts at rest in the well; it is free when |x - x_0| > x_c.
    """
    devices = [parameters] if isinstance(parameters, DeviceParameters) else list(parameters)
    tracks = [landscape] if isinstance(landscape, Landscape) else list(landscape)
    nets = validation.numbers("net_field", net_field)
    rate = validation.positive("ramp_rate", ramp_rate)
    highest = validation.positive("largest_density", largest_density)
    resolution = validation.positive("step", step)
    # A whole number of steps: the step, and with it the noise of each device, does not depend on the other devices.
    stop = resolution * np.ceil(highest / rate / resolution)
    count = max(len(devices), len(tracks), nets.size)
    wells = [tracks[index % len(tracks)].wells[0] for index in range(count)]
    rests = [
        rest_position(tracks[index % len(tracks)], float(nets[index % nets.size]), devices[index % len(devices)])
        for index in range(count)
    ]
    stray = np.array([device.stray_field for device in devices])
    one = nets.size == 1 and np.ptp(stray) == 0.0  # one waveform for all is compiled once
    field = nets[:1] - stray[:1] if one else np.broadcast_to(nets, (count,)) - np.resize(stray, count)
    run = simulate_ensemble(
        devices,
        tracks,
        CurrentDensity(ramp(rate, stop)),
        [0.0, stop],
        devices=count,
        external_field=field.tolist(),
        initial_position=rests,
        temperature=temperature,
        torques=torques,
        method=("heun" if temperature > 0.0 else "rk4") if method is None else method,
        step=resolution,
        stop_below=[well.centre - well.half_width for well in wells],
        stop_above=[well.centre + well.half_width for well in wells],
        seed=seed,
        device_numbers=device_numbers,
        progress=progress,
    )
    return rate * np.asarray(run.passage_time.values)


def current_threshold(
    parameters: DeviceParameters,
    offsets: ArrayLike,
    *,
    coercive_field: float = COERCIVE_FIELD,
    half_width: float = WELL_HALF_WIDTH,
    torques: str = "both",
    ramp_rate: float = RAMP_RATE,
    method: str | None = None,
    step: float = REFERENCE_STEP,
    temperature: float = 0.0,
    repeats: int = 1,
    largest_density: float | None = None,
    kind: type[Well] = ParabolicWell,
    seed: Seed = 0,
    progress: bool = False,
) -> xr.Dataset:
    """J at which a current ramp frees the wall from a well, against the offset field Delta_H = H_c - H_z (Fig. 3).

    offsets: Delta_H in T, in any order; coercive_field: H_c, T; half_width: x_c, m; kind: the class of the well.
    ramp_rate: A/(m2 s); the ramp rises from 0 to largest_density (A/m2; None: three times the static limit, or
    more on a ramp so fast that the wall needs longer to move).
    method, step, temperature (K), seed, progress: as in `simulate_ensemble`, or method 'rates', which uses escape rates
    (`escape_rates`) and has no lower limit on the ramp rate.  None: 'rates' if a ramp to the static limit takes more
    than rates.ramps.LONGEST_SIMULATED and is not too fast for them, else 'rk4', the paper's method, or
    'heun' at T > 0; the attribute 'method' says which method was used.
    The wall starts at rest in the well; it is free when |x - x_0| > x_c.  J is the one in the torques,
    the same wherever the wall is, by either method: the damping by a current source, whose voltage follows the wall,
    is not part of the ramp (`resistance_sweep` and `escape_rates(current=...)` have it).

    Returns a Dataset with dimensions (offset, repeat): threshold (A/m2), and static_threshold (offset), the limit of a
    slow ramp at T = 0.  Outside 0 < Delta_H < 2 H_c the field alone frees the wall and the threshold is 0.  Raises
    ConvergenceError if the ramp ends before the wall is free, and InputError for 'rates' with a ramp so fast that walls
    leave over barriers of less than 1 k_B T, or a quarter of them within four relaxation times of their energy.
    """
    deltas = validation.numbers("offsets", offsets)
    count = validation.whole("repeats", repeats, 1)
    landscape = single_well(parameters, coercive_field=coercive_field, half_width=half_width, kind=kind)
    check_well_fits(parameters, landscape.wells[0])
    # Checked here, because offsets at which the field alone frees the wall run no simulation.
    rate = validation.positive("ramp_rate", ramp_rate)
    validation.non_negative("temperature", temperature)
    validation.positive("step", step)
    origin = recorded(seed)
    draw = generator(seed)
    limits = static_current_threshold(parameters, deltas, torques)
    held = (deltas > 0.0) & (deltas < 2.0 * coercive_field)
    thresholds = np.zeros((deltas.size, count))
    longest = float(np.nan_to_num(limits[held], posinf=0.0).max(initial=0.0)) / rate
    way = _method(method, longest, temperature)
    highest = 3.0 * float(limits[held].max(initial=0.0)) if largest_density is None else largest_density
    if held.any():
        highest = validation.positive("largest_density", highest)
    integrated = held if way != "rates" else np.zeros_like(held)
    if held.any() and way == "rates":
        if not np.isfinite(limits[held]).all():
            raise InputError("torques: expected ones that free the wall at T = 0, got some without a static limit")
        shares = draw.random((deltas.size, count))
        for place in np.flatnonzero(held).tolist():
            offset = float(deltas[place])
            left = current_departure(
                parameters,
                landscape,
                net_field=coercive_field - offset,
                ramp_rate=rate,
                temperature=temperature,
                torques=torques,
                limit=float(limits[place]),
            )
            if left.valid:
                thresholds[place] = left.at(shares[place])
            elif method is None:
                integrated[place] = True
            check_valid(left, f"at Delta_H = {offset:g} T", unless=method is None)
        _check_end(thresholds[held & ~integrated], highest, "largest_density", "A/m2")
    if integrated.any():
        how = _method(None if way == "rates" else method, 0.0, temperature)
        nets = np.repeat(coercive_field - deltas[integrated], count)

        def simulated(largest: float) -> FloatArray:
            return depinning_density(
                parameters,
                landscape,
                largest_density=largest,
                net_field=nets,
                torques=torques,
                ramp_rate=rate,
                method=how,
                step=step,
                temperature=temperature,
                seed=draw,
                progress=progress,
            )

        if way == "rates":
            found = _first_part(simulated, rate, highest)
        else:
            found, highest = _whole(simulated, rate, highest, extend=largest_density is None)
        if not np.isfinite(found).all():
            worst = nets[int(np.argmin(np.isfinite(found)))]
            raise ConvergenceError(
                f"the ramp ended at {highest:g} A/m2 before the wall was free at Delta_H = {coercive_field - worst:g} T"
                "; give a larger largest_density"
            )
        thresholds[integrated] = found.reshape(-1, count)
        way = how if integrated[held].all() else f"rates and {how}"
    result = xr.Dataset(
        {
            "threshold": (("offset", "repeat"), thresholds, {"long_name": "depinning threshold J_th", "units": "A/m2"}),
            "static_threshold": (
                ("offset",),
                np.where(held, limits, 0.0),
                {"long_name": "static limit of J_th", "units": "A/m2"},
            ),
        },
        coords={
            "offset": ("offset", deltas, {"long_name": "offset field Delta_H = H_c - H_z", "units": "T"}),
            "repeat": np.arange(count),
        },
        attrs={
            "experiment": "current_threshold",
            "torques": torques,
            "coercive_field": coercive_field,
            "half_width": half_width,
            "ramp_rate": ramp_rate,
            "method": way,
            "temperature": temperature,
            "step": step,
            **provenance([parameters], [landscape], seed=origin),
        },
    )
    return result


def field_threshold(
    parameters: DeviceParameters,
    landscape: Landscape,
    *,
    ramp_rate: float = FIELD_RAMP_RATE,
    current_density: float = 0.0,
    torques: str = "both",
    method: str | None = None,
    step: float = REFERENCE_STEP,
    temperature: float = 0.0,
    repeats: int = 1,
    largest_field: float | None = None,
    seed: Seed = 0,
    progress: bool = False,
) -> xr.Dataset:
    """H_z at which a field ramp frees the wall from the landscape's first well, at a constant J (Fig. 2d).

    ramp_rate: T/s; the net field rises from 0 to largest_field (T; None: ten times H_c, or more on a fast ramp).
    The other arguments, and the choice of a method, are those of `current_threshold`.
    Returns a Dataset with dimension (repeat): threshold (T).
    """
    well = validation.instance("landscape", landscape, Landscape).wells[0]
    check_well_fits(validation.instance("parameters", parameters, DeviceParameters), well)
    count = validation.whole("repeats", repeats, 1)
    warmth = validation.non_negative("temperature", temperature)
    rate = validation.positive("ramp_rate", ramp_rate)
    highest = 10.0 * well.coercive_field if largest_field is None else largest_field
    highest = validation.positive("largest_field", highest)
    origin = recorded(seed)
    draw = generator(seed)
    limit = well.coercive_field
    way = _method(method, limit / rate, warmth)
    if way == "rates":
        density = validation.number("current_density", current_density)
        # The field-like torque is a field that exists from the start: the ramp begins at it.
        pushed = 0.0
        if torques != "slonczewski":
            voltage = density * parameters.resistance_area_product
            pushed = parameters.field_like_ratio * parameters.torque_per_current_density * density
            pushed += parameters.field_like_quadratic * voltage**2
        left = field_departure(
            parameters.replace(field_like_ratio=0.0, field_like_quadratic=0.0),
            landscape,
            ramp_rate=rate,
            temperature=warmth,
            density=density if torques != "field-like" else 0.0,
            pushed=pushed,
            limit=max(limit - pushed, 0.0),
        )
        check_valid(left, "field", unless=method is None)
        if left.valid:
            thresholds = left.at(draw.random(count))
            _check_end(thresholds, highest, "largest_field", "T")
            return _field_result(thresholds, rate, way, warmth, step, parameters, landscape, origin)
    how = _method(None, 0.0, warmth) if way == "rates" else way

    def simulated(largest: float) -> FloatArray:
        run = simulate_ensemble(
            parameters.replace(stray_field=0.0),  # the ramp is that of the net field
            landscape,
            CurrentDensity.of(current_density),
            [0.0, largest / rate],
            devices=count,
            external_field=ramp(rate, largest / rate),
            initial_position=well.centre,
            temperature=temperature,
            torques=torques,
            method=how,
            step=step,
            stop_below=well.centre - well.half_width,
            stop_above=well.centre + well.half_width,
            seed=draw,
            progress=progress,
        )
        return rate * np.asarray(run.passage_time.values)

    if way == "rates":
        found = _first_part(simulated, rate, highest)
    else:
        found, highest = _whole(simulated, rate, highest, extend=largest_field is None)
    _check_end(found, highest, "largest_field", "T")
    return _field_result(found, rate, how, warmth, step, parameters, landscape, origin)


def _first_part(simulated: Callable[[float], FloatArray], rate: float, highest: float) -> FloatArray:
    """Thresholds on a slow ramp of walls that leave within microseconds of its start, over hardly any barrier.

    simulated: the thresholds on a ramp up to a value, inf if the wall is still held; highest: the end of the ramp.
    """
    largest = rate * LONGEST_SIMULATED
    for _ in range(_EXTENSIONS):
        found = simulated(min(largest, highest))
        if np.isfinite(found).all() or largest >= highest:
            return found
        largest *= 4.0
    raise InputError(
        f"ramp_rate: expected one that the rates or the equation of motion can follow, got a ramp of "
        f"{highest / rate:.3g} s whose rates are not valid (a barrier below {LEAST_BARRIER:g} k_B T, or a damping "
        f"above {LARGEST_DAMPING:g}), and on which not all walls leave within {0.25 * largest / rate:.3g} s"
    )


def _whole(
    simulated: Callable[[float], FloatArray], rate: float, highest: float, *, extend: bool
) -> tuple[FloatArray, float]:
    """Thresholds on a ramp up to a value, and that value, which is raised where the wall needs longer to move."""
    found = simulated(highest)
    for _ in range(_EXTENSIONS if extend else 0):
        if np.isfinite(found).all() or 4.0 * highest / rate > _TIME_TO_MOVE:
            break
        highest *= 4.0
        found = simulated(highest)
    return found, highest


def _check_end(thresholds: FloatArray, highest: float, name: str, unit: str) -> None:
    if thresholds.size and thresholds.max() > highest:
        raise ConvergenceError(f"the ramp ended at {highest:g} {unit} before the wall was free; give a larger {name}")


def _method(method: str | None, duration: float, temperature: float) -> str:
    """The method to follow a ramp that takes this long (s) to its static limit."""
    if method is not None:
        return validation.choice("method", method, (*METHODS, "rates"))
    if duration > LONGEST_SIMULATED:
        return "rates"
    return "heun" if temperature > 0.0 else "rk4"


def _field_result(
    thresholds: FloatArray,
    rate: float,
    method: str,
    temperature: float,
    step: float,
    parameters: DeviceParameters,
    landscape: Landscape,
    origin: str | None,
) -> xr.Dataset:
    return xr.Dataset(
        {"threshold": (("repeat",), thresholds, {"long_name": "depinning field H_z", "units": "T"})},
        coords={"repeat": np.arange(thresholds.size)},
        attrs={
            "experiment": "field_threshold",
            "ramp_rate": rate,
            "method": method,
            "temperature": temperature,
            "step": step,
            **provenance([parameters], [landscape], seed=origin),
        },
    )
