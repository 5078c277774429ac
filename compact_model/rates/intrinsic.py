"""Conversion between the measured properties of a site and its parameters at T = 0, in both directions."""

from collections.abc import Callable

import numpy as np
import xarray as xr

from ..constants import BOLTZMANN_CONSTANT
from ..device.parameters import DeviceParameters
from ..device.published import WELL_HALF_WIDTH
from ..support import validation
from ..support.provenance import provenance
from ..support.validation import ConvergenceError, InputError
from ..track.landscape import Landscape, check_well_fits, single_well
from ..track.wells import ParabolicWell, Well
from .escapes import LARGEST_DAMPING, LEAST_BARRIER, leaving_rate
from .ramps import field_departure, not_by_rates

LABORATORY_RAMP_RATE = 1e-4
"""T/s: 1 Oe/s."""
_QUARTILES = np.array([0.25, 0.5, 0.75])
_FIRST_FACTOR = 1.0
_LARGEST_FACTOR = 200.0
_TOLERANCE = 1e-3


def laboratory_thresholds(
    parameters: DeviceParameters,
    landscape: Landscape,
    *,
    ramp_rate: float = LABORATORY_RAMP_RATE,
    temperature: float = 300.0,
) -> tuple[float, float, float]:
    """Quartiles, T, of the net field at which a field ramp frees the wall from the landscape's first well.

    ramp_rate: of the net field, T/s, from laboratory rates up to the rate at which walls leave over 1 k_B T.
    temperature: K.  Raises InputError for a faster ramp, and for walls whose damping is above 0.2.
    """
    validation.instance("parameters", parameters, DeviceParameters)
    well = validation.instance("landscape", landscape, Landscape).wells[0]
    check_well_fits(parameters, well)
    found = field_departure(
        parameters,
        landscape,
        ramp_rate=validation.positive("ramp_rate", ramp_rate),
        temperature=validation.non_negative("temperature", temperature),
        limit=validation.positive("coercive_field", well.coercive_field),
    )
    if not found.valid:
        raise InputError(
            f"ramp_rate: expected a ramp {not_by_rates(found, 'field')}; simulate it (field_threshold with method "
            f"'heun'), or ramp more slowly"
        )
    lower, median, upper = found.at(_QUARTILES).tolist()
    return lower, median, upper


def intrinsic_site(
    parameters: DeviceParameters,
    *,
    threshold_field: float | None = None,
    threshold_error: float = 0.0,
    ramp_rate: float = LABORATORY_RAMP_RATE,
    stable_field: float | None = None,
    stable_error: float = 0.0,
    stable_time: float = 60.0,
    half_width: float = WELL_HALF_WIDTH,
    half_width_error: float = 0.0,
    temperature: float = 300.0,
    kind: type[Well] = ParabolicWell,
) -> xr.Dataset:
    """H_c at T = 0 of the site that has a measured threshold, or a measured stability, at some temperature.

    Give one of the following.  threshold_field: T, the median net field at which a ramp of ramp_rate (T/s) frees the
    wall, with its error.  stable_field: T, the largest net field under which the wall stays for stable_time (s; its
    mean escape time), with its error: half of the range of fields over which the site is stable.  half_width: x_c, m,
    with its error; kind: the class of the well; temperature: K.

    Returns a Dataset: coercive_field (T) with coercive_field_error, from the errors given (to first order); half_width
    (m); well_depth (k_B T at that temperature); measured_field (T), as given; lower_quartile, median, upper_quartile
    (T), the thresholds of the site on the ramp.  Raises InputError if no H_c below 200 times the measured field
    explains the measurement, and for walls whose damping is above 0.2.
    """
    validation.instance("parameters", parameters, DeviceParameters)
    if (threshold_field is None) == (stable_field is None):
        raise InputError(
            "threshold_field: expected only one of threshold_field and stable_field, got "
            + ("both", "neither")[threshold_field is None]
        )
    ramp = validation.positive("ramp_rate", ramp_rate)
    kelvin = validation.positive("temperature", temperature)
    width = validation.positive("half_width", half_width)
    width_error = validation.non_negative("half_width_error", half_width_error)
    name = "threshold_field" if stable_field is None else "stable_field"
    measured = validation.positive(name, threshold_field if stable_field is None else stable_field)
    given = threshold_error if stable_field is None else stable_error
    error = validation.non_negative(name.replace("field", "error"), given)
    wait = validation.positive("stable_time", stable_time)
    if parameters.damping > LARGEST_DAMPING:
        raise InputError(
            f"parameters: expected a damping of at most {LARGEST_DAMPING:g}, up to which the rates of escape hold, got "
            f"{parameters.damping:g}"
        )

    def landscape_of(height: float, half: float) -> Landscape:
        landscape = single_well(parameters, coercive_field=height, half_width=half, kind=kind)
        check_well_fits(parameters, landscape.wells[0])
        return landscape

    def excess(height: float, half: float, field: float) -> float:
        """Above 0 where the site shows more than that field: how much more, in T, or by the logarithm of a time."""
        landscape = landscape_of(height, half)
        if stable_field is None:
            found = field_departure(parameters, landscape, ramp_rate=ramp, temperature=kelvin, limit=height)
            return float(found.at(np.array(0.5))) - field
        left = leaving_rate(parameters, landscape, net_field=field, density=0.0, temperature=kelvin)
        rate = 1e300 if left is None else max(left.total, 1e-300)
        return -float(np.log(rate * wait))

    landscape_of(measured, width)
    spread = 0.0
    try:
        height = _solve(lambda value: excess(value, width, measured), measured, name)
        if error or width_error:
            # To first order, for the logarithm of the time as for the field itself.
            by_height, by_width, by_field = _slopes(excess, (height, width, measured))
            spread = float(np.hypot(by_field * error, by_width * width_error) / by_height)
        landscape = landscape_of(height, width)
        lower, median, upper = laboratory_thresholds(parameters, landscape, ramp_rate=ramp, temperature=kelvin)
    except ConvergenceError as failure:
        raise InputError(
            f"{name}: expected a field from which the theory of escape finds H_c, got {measured:g} T with a half_width "
            f"of {width:g} m: {failure}"
        ) from None
    if stable_field is not None:
        _check_barrier(parameters, landscape, measured, wait, kelvin)
    depth = landscape.wells[0].depth(parameters) / (BOLTZMANN_CONSTANT * kelvin)
    field = {"units": "T"}
    return xr.Dataset(
        {
            "coercive_field": ((), height, {"long_name": "H_c at T = 0", **field}),
            "coercive_field_error": ((), spread, {"long_name": "error of H_c", **field}),
            "half_width": ((), width, {"long_name": "x_c", "units": "m"}),
            "well_depth": ((), depth, {"long_name": "well depth", "units": "k_B T"}),
            "measured_field": ((), measured, {"long_name": f"measured {name.replace('_', ' ')}", **field}),
            "lower_quartile": ((), lower, {"long_name": "lower quartile of the threshold", **field}),
            "median": ((), median, {"long_name": "median threshold", **field}),
            "upper_quartile": ((), upper, {"long_name": "upper quartile of the threshold", **field}),
        },
        attrs={
            "experiment": "intrinsic_site",
            "measured": name,
            "ramp_rate": ramp,
            "stable_time": wait,
            "temperature": kelvin,
            **provenance([parameters], [landscape]),
        },
    )


def _check_barrier(
    parameters: DeviceParameters, landscape: Landscape, field: float, wait: float, temperature: float
) -> None:
    """Raise InputError where the wall stays for so long (s) over a barrier that the rates are not valid for."""
    found = leaving_rate(parameters, landscape, net_field=field, density=0.0, temperature=temperature)
    barrier = 0.0 if found is None else found.barrier
    if barrier < LEAST_BARRIER:
        raise InputError(
            f"stable_time: expected a time for which the wall stays by a barrier of {LEAST_BARRIER:g} k_B T or more, "
            f"got {wait:g} s, {barrier:.2g} k_B T"
        )


def _slopes(function: Callable[..., float], at: tuple[float, ...]) -> list[float]:
    """The slopes of a function at a place, one for each argument, from its values 2 % away."""
    found = []
    for index, value in enumerate(at):
        more, less = (function(*at[:index], each, *at[index + 1 :]) for each in (1.02 * value, 0.98 * value))
        found.append((more - less) / (0.04 * value))
    return found


def _solve(excess: Callable[[float], float], measured: float, name: str) -> float:
    """The H_c for which the measured field is found; the measured field is below H_c and rises with it."""
    from scipy.optimize import brentq

    low = high = measured * _FIRST_FACTOR
    while excess(high) < 0.0:
        low, high = high, 1.6 * high
        if high > _LARGEST_FACTOR * measured:
            raise InputError(
                f"{name}: expected a field that a site at T = 0 explains, got {measured:g} T, which none with an H_c "
                f"up to {_LARGEST_FACTOR * measured:g} T shows"
            )
    if high == low:
        return high
    return float(brentq(excess, low, high, rtol=_TOLERANCE))
