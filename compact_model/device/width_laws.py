"""The wall's anisotropy as a function of the track width: a table for the paper's film, or an estimate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from ..constants import NANOMETRE
from ..support import validation
from ..support.validation import InputError
from .anisotropy import demagnetising_anisotropy_field

if TYPE_CHECKING:
    from .parameters import DeviceParameters

AnisotropyLaw = Literal["given", "micromagnetics", "rigid-wall"]
"""What determines the wall's anisotropy: the device's own numbers, the table of `micromagnetic_wall`, or the rigid
wall."""
ANISOTROPY_LAWS: tuple[AnisotropyLaw, ...] = get_args(AnisotropyLaw)
WIDTH_LAWS = ANISOTROPY_LAWS[1:]
"""The laws by which the anisotropy follows from the width."""

SET_BY_LAW: dict[str, tuple[str, ...]] = {
    "given": (),
    "micromagnetics": ("wall_width", "anisotropy_field", "fourth_order_anisotropy_field"),
    "rigid-wall": ("anisotropy_field",),
}
"""The parameters that each law sets."""

_WIDTH_STEP = 0.01
"""The relative change of the width over which its effect on H_K is measured."""


def anisotropy_by_width(parameters: DeviceParameters, by: str) -> dict[str, float]:
    """The parameters that a law sets, SI and tesla; see `DeviceParameters.with_anisotropy_from_width`."""
    law = validation.choice("anisotropy_from_width", by, ANISOTROPY_LAWS)
    if law == "micromagnetics":
        from ..micromagnetics.table import micromagnetic_wall

        _check_device(parameters)
        wall = micromagnetic_wall(parameters.track_width)
        return {name: float(wall[name]) for name in SET_BY_LAW[law]}
    return {"anisotropy_field": _rigid_field(parameters, parameters.track_width)} if law == "rigid-wall" else {}


def anisotropy_slope(parameters: DeviceParameters, by: str = "micromagnetics") -> float:
    """The dependence of H_K on the width of the track, |dH_K/dW| in T/m, by a law other than "given".

    At 100 nm the table has 2.9 Oe per nm, the rigid wall 4.4.
    """
    law = validation.choice("by", by, WIDTH_LAWS)
    half = 0.5 * _WIDTH_STEP * parameters.track_width
    lower, upper = parameters.track_width - half, parameters.track_width + half
    if law == "rigid-wall":
        return abs(_rigid_field(parameters, upper) - _rigid_field(parameters, lower)) / (upper - lower)
    from ..micromagnetics.table import micromagnetic_wall, table_widths

    _check_device(parameters)
    narrowest, widest = table_widths()
    lower, upper = max(lower, narrowest), min(upper, widest)
    above, below = (float(micromagnetic_wall(width).anisotropy_field) for width in (upper, lower))
    return abs(above - below) / (upper - lower)


def _rigid_field(parameters: DeviceParameters, track_width: float) -> float:
    return field_of_width(
        "rigid-wall",
        track_width=track_width,
        thickness=parameters.thickness,
        wall_width=parameters.wall_width,
        saturation_magnetisation=parameters.saturation_magnetisation,
    )


def field_of_width(
    law: str, *, track_width: float, thickness: float, wall_width: float, saturation_magnetisation: float
) -> float:
    """H_K in T by one of WIDTH_LAWS; lengths in m, M_s in A/m."""
    if law == "micromagnetics":
        from ..micromagnetics.table import micromagnetic_wall

        _check_covered(track_width, thickness, saturation_magnetisation)
        return float(micromagnetic_wall(track_width).anisotropy_field)
    return demagnetising_anisotropy_field(
        track_width=track_width,
        thickness=thickness,
        wall_width=wall_width,
        saturation_magnetisation=saturation_magnetisation,
    )


def _check_device(parameters: DeviceParameters) -> None:
    _check_covered(parameters.track_width, parameters.thickness, parameters.saturation_magnetisation)


def _check_covered(track_width: float, thickness: float, saturation_magnetisation: float) -> None:
    """Raise InputError, quoting the quick estimate, for a film or a width that the table does not cover."""
    from ..micromagnetics.published import lequeux2016_stripe
    from ..micromagnetics.table import table_widths

    film = lequeux2016_stripe()
    narrowest, widest = table_widths()
    other = "; the quick estimate for any film and width is 'rigid-wall'"
    for name, given in (("thickness", thickness), ("saturation_magnetisation", saturation_magnetisation)):
        own, expected = validation.positive(name, given), getattr(film, name)
        if abs(own - expected) > 1e-9 * expected:
            raise InputError(
                f"{name}: expected {expected:g}, of the film that the table of micromagnetic walls is for, got {own:g}"
                f"{other}"
            )
    # The ends of the table are rounded numbers: 130 times 1e-9 is not 130e-9.
    if not narrowest * (1.0 - 1e-12) <= validation.positive("track_width", track_width) <= widest * (1.0 + 1e-12):
        raise InputError(
            f"track_width: expected {narrowest / NANOMETRE:g} to {widest / NANOMETRE:g} nm, the widths in the table of "
            f"micromagnetic walls, got {track_width / NANOMETRE:g} nm{other}"
        )
