"""Device-to-device variation: many devices drawn about one, each with its own parameters."""

from collections.abc import Mapping

import numpy as np

from ..support import validation
from ..support.arrays import FloatArray
from ..support.random import Seed, generator
from ..support.validation import InputError, nearest
from ..track.random_sites import log_normal
from .parameter_table import Spread
from .parameters import PARAMETERS, DeviceParameters

SIGNED = tuple(row.name for row in PARAMETERS if row.spread is Spread.IN_ITS_UNIT)
"""Names of the parameters of either sign: their standard deviation is given in their SI unit, all others' relative."""
SIZES = tuple(row.name for row in PARAMETERS if row.is_size)
"""Names of the parameters from which the junction's area follows."""
VARIABLE = tuple(row.name for row in PARAMETERS if row.spread is not Spread.NONE)
"""Names of the parameters that may vary."""


def vary(
    parameters: DeviceParameters, count: int, spreads: Mapping[str, float], *, seed: Seed
) -> list[DeviceParameters]:
    """`count` devices whose parameters scatter about those given, drawn with a seed.

    spreads: standard deviation by name of a parameter: relative, of a log-normal law that keeps the mean, for those
        that are positive; in their SI unit, of a normal law, for those of either sign (H_K, the stray field, ...).
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
