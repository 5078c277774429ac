"""Device-to-device variation: random devices around a nominal one, each with its own parameters."""

from collections.abc import Mapping

import numpy as np

from ..support import validation
from ..support.arrays import FloatArray
from ..support.model_range import relative_spread
from ..support.random import Seed, generator
from ..support.validation import InputError, nearest
from ..track.random_sites import log_normal
from .parameter_table import Spread
from .parameters import PARAMETERS, DeviceParameters
from .width_laws import AnisotropyLaw, anisotropy_by_width

SIGNED = tuple(row.name for row in PARAMETERS if row.spread is Spread.IN_ITS_UNIT)
"""Parameters of either sign: their standard deviations are given in their SI units, all others' as ratios."""
SIZES = tuple(row.name for row in PARAMETERS if row.is_size)
"""Parameters that determine the junction's area."""
VARIABLE = tuple(row.name for row in PARAMETERS if row.spread is not Spread.NONE)
"""Parameters that may vary."""


def vary(
    parameters: DeviceParameters,
    count: int,
    spreads: Mapping[str, float],
    *,
    seed: Seed,
    anisotropy_from_width: AnisotropyLaw = "given",
) -> list[DeviceParameters]:
    """Draw `count` devices whose parameters vary around those given, with a seed.

    spreads: standard deviations by parameter name.  For positive parameters they are relative, of a log-normal
        distribution that keeps the mean; for parameters of either sign (H_K, the stray field, ...) they are in the SI
        unit, of a normal distribution.
    A wider or longer device has a lower R_P, in proportion to its area, because the barrier stays the same.  A spread
    of parallel_resistance comes in addition, and represents variation of the barrier.
    anisotropy_from_width: "given": every device keeps the anisotropy of `parameters`, or the one drawn for it, whatever
        its width.  "micromagnetics" or "rigid-wall": each device has the anisotropy of its own width by that law, see
        `DeviceParameters.with_anisotropy_from_width`, and `parameters` must have it as well.
    Raises InputError for a name that cannot vary, for a parameter that the law sets and that is in spreads or differs
    in `parameters`, and for a width that the law does not cover.

    Each parameter is drawn for all devices at once, in the order of `VARIABLE`, so that the same seed gives the same
    devices whatever the order of the mapping.
    """
    validation.instance("parameters", parameters, DeviceParameters)
    total = validation.whole("count", count, 1)
    for name in validation.instance("spreads", spreads, Mapping):
        if name not in VARIABLE:
            raise InputError(
                f"spreads: expected names out of {', '.join(VARIABLE)}, got {name!r}{nearest(str(name), VARIABLE)}"
            )
    set_by_law = anisotropy_by_width(parameters, anisotropy_from_width)
    for name, value in set_by_law.items():
        if name in spreads:
            raise InputError(
                f"spreads: expected no {name} beside anisotropy_from_width={anisotropy_from_width!r}, which sets it, "
                f"got {spreads[name]!r}"
            )
        if not np.isclose(getattr(parameters, name), value, rtol=1e-6, atol=0.0):
            raise InputError(
                f"parameters: expected a device with the anisotropy of its width, {name} = {value:g}, got "
                f"{getattr(parameters, name):g}; give parameters.with_anisotropy_from_width({anisotropy_from_width!r})"
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
            drawn[name] = mean * log_normal(draw, total, relative_spread(name, spread))
    barrier = drawn.pop("parallel_resistance", np.full(total, parameters.parallel_resistance))
    devices = []
    for index in range(total):
        each = parameters.replace(**{name: float(values[index]) for name, values in drawn.items()})
        each = each.with_anisotropy_from_width(anisotropy_from_width)
        area = each.junction_area / parameters.junction_area
        devices.append(each.replace(parallel_resistance=float(barrier[index]) / area))
    return devices
