"""Tracks with many random pinning sites, like a real track with rough edges."""

import numpy as np

from ..device.anisotropy import AnisotropyProfile
from ..device.parameters import DeviceParameters
from ..support import validation
from ..support.arrays import FloatArray
from ..support.model_range import relative_spread, warn_of_field
from ..support.random import Seed, generator
from ..support.validation import InputError
from .landscape import Landscape, check_kind
from .wells import ParabolicWell, Well

# A site leaves this share of its own section of track free, so that neighbours never touch.
_FREE_SHARE = 0.05
_MOST_SITES = 100_000


def random_track(
    parameters: DeviceParameters,
    count: int,
    *,
    seed: Seed,
    coercive_field: float,
    coercive_field_spread: float,
    half_width: float,
    half_width_spread: float,
    anisotropy_spread: float,
    position_jitter: float = 0.5,
    kind: type[Well] = ParabolicWell,
) -> Landscape:
    """A landscape of `count` random pinning sites, each in its own section of the track, drawn with a seed.

    coercive_field: mean H_c, T; coercive_field_spread: its relative standard deviation (log-normal).
    half_width: mean x_c, m; half_width_spread: relative standard deviation (log-normal); a draw that does not fit
    between its neighbours is reduced to fit.
    anisotropy_spread: standard deviation of H_K from site to site, T (normal, about parameters.anisotropy_field).  H_K
    is constant across a site and changes linearly between sites.  This represents edge roughness: near the hybrid
    width, H_K changes by about 5 Oe per nm of track width (`demagnetising_anisotropy_field`).
    position_jitter: from 0 (equal pitch) to 1 (anywhere in its own section where the site fits).

    Raises InputError if the mean half width does not fit the pitch.
    """
    validation.instance("parameters", parameters, DeviceParameters)
    check_kind(kind)
    sites = validation.whole("count", count, 1)
    if sites > _MOST_SITES:
        raise InputError(f"count: expected at most {_MOST_SITES} sites, got {sites}")
    mean_field = validation.non_negative("coercive_field", coercive_field)
    warn_of_field("coercive_field", mean_field)
    mean_width = validation.positive("half_width", half_width)
    field_spread = relative_spread("coercive_field_spread", coercive_field_spread)
    width_spread = relative_spread("half_width_spread", half_width_spread)
    spread_of_anisotropy = validation.non_negative("anisotropy_spread", anisotropy_spread)
    jitter = validation.between("position_jitter", position_jitter, 0.0, 1.0)
    pitch = parameters.track_length / sites
    widest = 0.5 * pitch * (1.0 - _FREE_SHARE)
    if mean_width > widest:
        raise InputError(
            f"half_width: expected at most {widest:g} m, so that {sites} sites fit on {parameters.track_length:g} m, "
            f"got {mean_width:g} m"
        )
    draw = generator(seed)
    fields = mean_field * log_normal(draw, sites, field_spread)
    widths = np.minimum(mean_width * log_normal(draw, sites, width_spread), widest)
    room = (widest - widths) * jitter
    centres = pitch * (np.arange(sites) + 0.5) + room * draw.uniform(-1.0, 1.0, sites)
    anisotropies = parameters.anisotropy_field + spread_of_anisotropy * draw.standard_normal(sites)

    wells = tuple(
        kind(centre=centre, coercive_field=field, half_width=width)
        for centre, field, width in zip(centres.tolist(), fields.tolist(), widths.tolist(), strict=True)
    )
    profile = AnisotropyProfile(
        tuple(np.column_stack([centres - widths, centres + widths]).ravel().tolist()),
        tuple(np.repeat(anisotropies, 2).tolist()),
    )
    return Landscape(wells, profile)


def log_normal(draw: np.random.Generator, count: int, spread: float) -> FloatArray:
    """Log-normal deviates with mean 1 and a relative standard deviation."""
    sigma = np.sqrt(np.log1p(spread**2))
    result: FloatArray = np.exp(sigma * draw.standard_normal(count) - 0.5 * sigma**2)
    return result
