"""Device-to-device variation: many devices drawn about one, each with its own parameters."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from ..support import validation
from ..support.arrays import FloatArray
from ..support.random import Seed, generator
from ..support.validation import InputError, nearest
from ..track.random_sites import log_normal
from .parameters import DeviceParameters

# Quantities of either sign: their standard deviation is given in T, all others' relative to the mean.
SIGNED = ("anisotropy_field", "stray_field", "field_like_quadratic")
SIZES = ("track_length", "track_width", "nucleation_pad_area")
_FIXED = ("torque_density", "tmr_half_voltage", "spin_polarisation", "gyromagnetic_ratio")
VARIABLE = tuple(field.name for field in dataclasses.fields(DeviceParameters) if field.name not in _FIXED)
"""Names of the parameters that may vary."""


def vary(
    parameters: DeviceParameters, count: int, spreads: Mapping[str, float], *, seed: Seed
) -> list[DeviceParameters]:
    """`count` devices whose parameters scatter about those given, drawn with a seed.

    spreads: standard deviation by name of a parameter: relative, of a log-normal law that keeps the mean, for those
        that are positive; in T (T/V2), of a normal law, for H_K, the stray field and field_like_quadratic.
    A device that is wider or longer has a lower R_P, by its area: the barrier stays the same.  A spread of
    parallel_resistance comes on top and stands for the barrier.  Raises InputError for a name that cannot vary.

    Each parameter is drawn for all devices at once, in the order of `VARIABLE`, so that the same seed gives the same
    devices however the mapping is ordered.
    """
    validation.instance("parameters", parameters, DeviceParameters)
    total = validation.whole("count", count, 1)
    for name in validation.instance("spreads", spreads, Mapping):
        if name not in VARIABLE:
            raise InputError(
                f"spreads: expected names out of {', '.join(VARIABLE)}, got {name!r}{nearest(str(name), VARIABLE)}"
            )
    draw = generator(seed)
    drawn: dict[str, FloatArray] = {}
    for name in VARIABLE:
        if name not in spreads:
            continue
        spread, mean = spreads[name], getattr(parameters, name)
        if name in SIGNED:
            drawn[name] = mean + validation.non_negative(name, spread) * draw.standard_normal(total)
        else:
            drawn[name] = mean * log_normal(draw, total, validation.between(name, spread, 0.0, 10.0))
    barrier = drawn.pop("parallel_resistance", np.full(total, parameters.parallel_resistance))
    devices = []
    for index in range(total):
        each = parameters.replace(**{name: float(values[index]) for name, values in drawn.items()})
        area = each.junction_area / parameters.junction_area
        devices.append(each.replace(parallel_resistance=float(barrier[index]) / area))
    return devices
