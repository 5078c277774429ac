"""The terms of the equation of motion, each in one place (Lequeux et al. 2016, doi 10.1038/srep31510, Eq. 1).

To add one: its parameters as rows of `device/parameters.py`, and here its kernels and a `Term` in the list at the end.
All engines, arrays, netlists, the step control and the static limits follow from that.
"""

import numpy as np

from .jit import inlined
from .term import Term, no_energy, no_push, nothing_wrong

# The terms that are always there --------------------------------------------------------------------------------------


@inlined
def external_and_stray_field(net_field):
    return net_field


_NET_FIELD = Term(
    name="external and stray field",
    switches=(),
    coefficients={},
    along_z=external_and_stray_field,
    about_angle=None,
    relative_width=None,
    along_text="rate*hz",
    about_text="",
    width_text="",
    bound=lambda limits: limits.net_field,
    energy=no_energy,
    push=no_push,  # a static limit is asked for at a given distance of the field from the depinning one
    refuse=nothing_wrong,
)


@inlined
def field_like_torque(density, per_density, per_density_squared):
    return density * (per_density + per_density_squared * density)


def _field_like_push(parameters, density):
    per_density = parameters.field_like_ratio * parameters.torque_per_current_density
    per_density_squared = parameters.field_like_quadratic * parameters.resistance_area_product**2
    return field_like_torque.py_func(density, per_density, per_density_squared), 0.0 * density


_FIELD_LIKE_TORQUE = Term(
    name="field-like torque",
    switches=(),
    coefficients={},
    along_z=field_like_torque,
    about_angle=None,
    relative_width=None,
    along_text="zeta*{torque} + quadratic_rate*{drive}*{drive}",
    about_text="",
    width_text="",
    bound=lambda limits: (
        limits.density * limits.devices.field_like_per_density
        + limits.density**2 * np.abs(limits.devices.field_like_per_density_squared)
    ),
    energy=no_energy,
    push=_field_like_push,
    refuse=nothing_wrong,
)


@inlined
def pinning(pinning_field):
    return pinning_field


_PINNING = Term(
    name="pinning",
    switches=(),
    coefficients={},
    along_z=pinning,
    about_angle=None,
    relative_width=None,
    along_text="rate*hc*{pinning}",
    about_text="",
    width_text="",
    # A wall that turns moves as well, and the field changes on its way.
    bound=lambda limits: limits.pinning + limits.pinning_slope * limits.devices.wall_width,
    energy=no_energy,
    push=no_push,
    refuse=nothing_wrong,
)


@inlined
def slonczewski_torque(density, per_density):
    return per_density * density


def _slonczewski_push(parameters, density):
    return 0.0 * density, slonczewski_torque.py_func(density, parameters.torque_per_current_density)


_SLONCZEWSKI_TORQUE = Term(
    name="Slonczewski torque",
    switches=(),
    coefficients={},
    along_z=None,
    about_angle=slonczewski_torque,
    relative_width=None,
    along_text="",
    about_text="{torque}",
    width_text="",
    bound=lambda limits: limits.density * limits.devices.slonczewski_per_density,
    energy=no_energy,
    push=_slonczewski_push,
    refuse=nothing_wrong,
)


@inlined
def two_fold_anisotropy(anisotropy_field, sine_of_double_angle):
    return 0.5 * anisotropy_field * sine_of_double_angle


_TWO_FOLD_ANISOTROPY = Term(
    name="anisotropy",
    switches=(),
    coefficients={},
    along_z=None,
    about_angle=two_fold_anisotropy,
    relative_width=None,
    along_text="",
    about_text="0.5*rate*{anisotropy}*sin(2.0*{angle})",
    width_text="",
    bound=lambda limits: limits.anisotropy,
    energy=lambda parameters, angle, voltage, anisotropy: 0.5 * anisotropy * np.sin(angle) ** 2,
    push=no_push,
    refuse=nothing_wrong,
)


@inlined
def thermal(field):
    return field


_THERMAL_FIELDS = Term(
    name="thermal fields",
    switches=(),
    coefficients={},
    along_z=thermal,
    about_angle=thermal,
    relative_width=None,
    along_text="{thermal_z}",
    about_text="{thermal_angle}",
    width_text="",
    bound=lambda limits: 0.0,  # white noise has none; what a step of Heun's method makes of it is part of the method
    energy=no_energy,
    push=no_push,
    refuse=nothing_wrong,
)


TERMS = (_NET_FIELD, _FIELD_LIKE_TORQUE, _PINNING, _SLONCZEWSKI_TORQUE, _TWO_FOLD_ANISOTROPY, _THERMAL_FIELDS)
"""All of them, in the order in which they are added up."""
