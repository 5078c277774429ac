"""The terms of the equation of motion, each in one place (Lequeux et al. 2016, doi 10.1038/srep31510, Eq. 1).

To add one: its parameters as rows of `device/parameters.py`, and here its kernels and a `Term` in the list at the end.
All engines, arrays, netlists, the step control and the static limits follow from that.
"""

import numpy as np

from .fast_math import sine
from .jit import inlined
from .term import Term, no_energy, no_push, not_by_voltage, nothing_wrong

# ---- The terms that are always there ----


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
    along_text="rate*{net_field}",
    about_text="",
    width_text="",
    bound=lambda limits: limits.net_field,
    energy=no_energy,
    push=no_push,  # a static limit is asked for at a given distance of the field from the depinning one
    per_volt=not_by_voltage,
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
    per_volt=lambda limits: (
        limits.devices.damping * limits.devices.field_like_per_density * limits.devices.density_per_drive
    ),
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
    per_volt=not_by_voltage,
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
    per_volt=lambda limits: limits.devices.slonczewski_per_density * limits.devices.density_per_drive,
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
    per_volt=not_by_voltage,
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
    per_volt=not_by_voltage,
    refuse=nothing_wrong,
)


# ---- The terms that a device may have ----


@inlined
def _four_fold_anisotropy(device, voltage, angle):
    return 0.5 * device.fourth_order_field * sine(4.0 * angle)


_FOUR_FOLD_ANISOTROPY = Term(
    name="fourth-order anisotropy",
    switches=("fourth_order_anisotropy_field",),
    coefficients={"fourth_order_field": lambda parameters: parameters.fourth_order_anisotropy_field},
    along_z=None,
    about_angle=_four_fold_anisotropy,
    relative_width=None,
    along_text="",
    about_text="0.5*rate*h4*sin(4.0*{angle})",
    width_text="",
    bound=lambda limits: 0.5 * np.abs(limits.devices.fourth_order_field),
    # E = M_s Delta W t H_4 (1 - cos 4 phi) / 4
    energy=lambda parameters, angle, voltage, anisotropy: (
        0.125 * parameters.fourth_order_anisotropy_field * (1.0 - np.cos(4.0 * angle))
    ),
    push=no_push,
    per_volt=not_by_voltage,
    refuse=nothing_wrong,
)


@inlined
def _anisotropy_by_voltage(device, voltage, angle):
    return 0.5 * device.anisotropy_per_volt * voltage * sine(2.0 * angle)


@inlined
def _width_by_voltage(device, voltage):
    return 1.0 / np.sqrt(1.0 + device.perpendicular_anisotropy_per_volt * voltage)


def _width_bound(limits):
    """The largest Delta over that at 0 V."""
    return 1.0 / np.sqrt(
        np.maximum(1.0 - np.abs(limits.devices.perpendicular_anisotropy_per_volt) * limits.voltage, 1e-9)
    )


def _voltage_bound(limits):
    wider = limits.devices.wall_width * (_width_bound(limits) - 1.0)
    return 0.5 * np.abs(limits.devices.anisotropy_per_volt) * limits.voltage + limits.pinning_slope * wider


def _field_per_volt(limits):
    fields = limits.net_field + limits.pinning + limits.anisotropy
    by_width = 0.5 * np.abs(limits.devices.perpendicular_anisotropy_per_volt) * fields
    return 0.5 * np.abs(limits.devices.anisotropy_per_volt) + by_width


def _voltage_out_of_range(limits):
    largest = float(np.max(np.abs(limits.devices.perpendicular_anisotropy_per_volt) * limits.voltage))
    if largest < 1.0:
        return ""
    return (
        "perpendicular_anisotropy_per_volt: expected a perpendicular anisotropy that changes by less than 100 % "
        f"at every voltage of the drive, got {100.0 * largest:.4g} %"
    )


_ANISOTROPY_BY_VOLTAGE = Term(
    name="voltage-controlled anisotropy",
    switches=("anisotropy_field_per_volt", "perpendicular_anisotropy_per_volt"),
    coefficients={
        "anisotropy_per_volt": lambda parameters: parameters.anisotropy_field_per_volt,
        "perpendicular_anisotropy_per_volt": lambda parameters: parameters.perpendicular_anisotropy_per_volt,
    },
    along_z=None,
    about_angle=_anisotropy_by_voltage,
    relative_width=_width_by_voltage,
    along_text="",
    about_text="0.5*rate*hkv*{voltage}*sin(2.0*{angle})",
    # Beyond its range, which Newton's method of a simulator may try, the root stays real.
    width_text="1.0/sqrt(max(1.0+kv*{voltage},1.0e-3))",
    bound=_voltage_bound,
    energy=lambda parameters, angle, voltage, anisotropy: (
        0.5 * parameters.anisotropy_field_per_volt * voltage * np.sin(angle) ** 2
    ),
    push=no_push,
    per_volt=_field_per_volt,
    refuse=_voltage_out_of_range,
)


@inlined
def _in_plane_field(device, voltage, angle):
    along = device.in_plane_field_x * sine(angle + 0.5 * np.pi)
    return 0.5 * np.pi * (along + device.in_plane_field_y * sine(angle))


_IN_PLANE_FIELD = Term(
    name="in-plane field",
    switches=("in_plane_field_x", "in_plane_field_y"),
    coefficients={
        "in_plane_field_x": lambda parameters: parameters.in_plane_field_x,
        "in_plane_field_y": lambda parameters: parameters.in_plane_field_y,
    },
    along_z=None,
    about_angle=_in_plane_field,
    relative_width=None,
    along_text="",
    about_text="1.5707963267948966*rate*(hx*cos({angle})+hy*sin({angle}))",
    width_text="",
    bound=lambda limits: (
        0.5 * np.pi * (np.abs(limits.devices.in_plane_field_x) + np.abs(limits.devices.in_plane_field_y))
    ),
    # -pi M_s Delta W t H . m for a profile sech(x / Delta) whose moment is m = (-sin phi, cos phi, 0)
    energy=lambda parameters, angle, voltage, anisotropy: (
        0.5 * np.pi * (parameters.in_plane_field_x * np.sin(angle) - parameters.in_plane_field_y * np.cos(angle))
    ),
    push=no_push,
    per_volt=not_by_voltage,
    refuse=nothing_wrong,
)


TERMS = (
    _NET_FIELD,
    _FIELD_LIKE_TORQUE,
    _PINNING,
    _SLONCZEWSKI_TORQUE,
    _TWO_FOLD_ANISOTROPY,
    _THERMAL_FIELDS,
    _FOUR_FOLD_ANISOTROPY,
    _ANISOTROPY_BY_VOLTAGE,
    _IN_PLANE_FIELD,
)
"""All of them, in the order in which they are added up."""
