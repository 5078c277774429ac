"""The terms of the equation of motion, each defined in one place (Lequeux et al. 2016, doi 10.1038/srep31510, Eq. 1).

To add a term, add its parameters as rows of `device/parameters.py`, and here its kernels and a `Term` in the list at
the end.  All solvers, arrays, netlists, the step control and the static limits then include it.
"""

import numpy as np

from .fast_math import sine
from .jit import inlined
from .term import Term, no_energy, no_push, not_by_voltage, nothing_wrong

# ---- Terms that are always on ----


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
    push=no_push,  # static limits are computed at a given distance of the field from the depinning field
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
    # A wall also moves while its angle turns, and the pinning field changes along the way.
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
    energy=lambda parameters, position, angle, voltage, anisotropy: 0.5 * anisotropy * np.sin(angle) ** 2,
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
    bound=lambda limits: 0.0,  # white noise has no bound; its effect on a step of Heun's method is part of the method
    energy=no_energy,
    push=no_push,
    per_volt=not_by_voltage,
    refuse=nothing_wrong,
)


# ---- Optional terms ----


@inlined
def _four_fold_anisotropy(device, position, voltage, angle, anisotropy_slope):
    return 0.5 * device.fourth_order_field * sine(4.0 * angle)


_FOUR_FOLD_ANISOTROPY = Term(
    name="fourth-order anisotropy",
    switches=("fourth_order_anisotropy_field",),
    coefficients={"fourth_order_field": lambda parameters: parameters.fourth_order_anisotropy_field},
    powers_of_magnetisation={"fourth_order_field": 1},
    along_z=None,
    about_angle=_four_fold_anisotropy,
    relative_width=None,
    along_text="",
    about_text="0.5*rate*h4*sin(4.0*{angle})",
    width_text="",
    bound=lambda limits: 0.5 * np.abs(limits.devices.fourth_order_field),
    # E = M_s Delta W t H_4 (1 - cos 4 phi) / 4
    energy=lambda parameters, position, angle, voltage, anisotropy: (
        0.125 * parameters.fourth_order_anisotropy_field * (1.0 - np.cos(4.0 * angle))
    ),
    push=no_push,
    per_volt=not_by_voltage,
    refuse=nothing_wrong,
)


@inlined
def _anisotropy_by_voltage(device, position, voltage, angle, anisotropy_slope):
    return 0.5 * device.anisotropy_per_volt * voltage * sine(2.0 * angle)


@inlined
def _width_by_voltage(device, voltage):
    return 1.0 / np.sqrt(1.0 + device.perpendicular_anisotropy_per_volt * voltage)


def _width_bound(limits):
    """The largest Delta relative to that at 0 V."""
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
    # The root stays real beyond the range of validity, which a simulator's Newton iterations may visit.
    width_text="1.0/sqrt(max(1.0+kv*{voltage},1.0e-3))",
    bound=_voltage_bound,
    energy=lambda parameters, position, angle, voltage, anisotropy: (
        0.5 * parameters.anisotropy_field_per_volt * voltage * np.sin(angle) ** 2
    ),
    push=no_push,
    per_volt=_field_per_volt,
    refuse=_voltage_out_of_range,
)


@inlined
def _in_plane_field(device, position, voltage, angle, anisotropy_slope):
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
    energy=lambda parameters, position, angle, voltage, anisotropy: (
        0.5 * np.pi * (parameters.in_plane_field_x * np.sin(angle) - parameters.in_plane_field_y * np.cos(angle))
    ),
    push=no_push,
    per_volt=not_by_voltage,
    refuse=nothing_wrong,
)


@inlined
def _interfacial_dmi(device, position, voltage, angle, anisotropy_slope):
    return -0.5 * np.pi * device.dmi_field / _width_by_voltage(device, voltage) * sine(angle + 0.5 * np.pi)


def _dmi_field(parameters):
    """D / (M_s Delta), T: the field along the track that is equivalent to the interaction."""
    return parameters.interfacial_dmi / (parameters.saturation_magnetisation * parameters.wall_width)


_INTERFACIAL_DMI = Term(
    name="interfacial Dzyaloshinskii-Moriya interaction",
    switches=("interfacial_dmi",),
    coefficients={"dmi_field": _dmi_field},
    powers_of_magnetisation={"dmi_field": -1},
    along_z=None,
    about_angle=_interfacial_dmi,
    relative_width=None,
    along_text="",
    about_text="-1.5707963267948966*rate*dmi/(ms*delta*1.0e-9*({width}))*cos({angle})",
    width_text="",
    bound=lambda limits: (
        0.5
        * np.pi
        * np.abs(limits.devices.dmi_field)
        * np.sqrt(1.0 + np.abs(limits.devices.perpendicular_anisotropy_per_volt) * limits.voltage)
    ),
    # -pi D W t sin phi, independent of the width: the integral of D (m_z dm_x/dx - m_x dm_z/dx) over a wall whose
    # moment is (-sin phi, cos phi, 0)
    energy=lambda parameters, position, angle, voltage, anisotropy: (
        -0.5
        * np.pi
        * _dmi_field(parameters)
        * np.sqrt(1.0 + parameters.perpendicular_anisotropy_per_volt * voltage)
        * np.sin(angle)
    ),
    reads=("saturation_magnetisation", "wall_width"),
    push=no_push,
    per_volt=not_by_voltage,  # the wall is moved by Delta times the field, which is D / M_s at every voltage
    refuse=nothing_wrong,
)


@inlined
def _strip(distance):
    """Integral of (x - x') / r^2 over a strip of width 1 from x' = x - distance to x, averaged over the width at x."""
    reach = np.maximum(distance, 1e-9)
    square = reach * reach
    return 0.5 * (np.log1p(square) - square * np.log1p(1.0 / square)) + 2.0 * reach * np.arctan(1.0 / reach)


@inlined
def _field_of_domains(per_volt, tmr, bias, voltage, parallel, antiparallel):
    """Field across the track at the wall, T: that of the parallel domain's current less the antiparallel one's.

    parallel, antiparallel: `_strip` of the two domains' lengths over the track's width.
    """
    return per_volt * voltage * (parallel - antiparallel / (1.0 + tmr / (1.0 + bias * bias)))


@inlined
def _oersted_field(device, position, voltage, angle, anisotropy_slope):
    if device.oersted_per_volt == 0.0:
        return 0.0
    field = _field_of_domains(
        device.oersted_per_volt,
        device.tmr,
        voltage * device.inverse_half_voltage,
        voltage,
        _strip(position / device.oersted_width),
        _strip((device.track_length - position) / device.oersted_width),
    )
    return 0.5 * np.pi * field * sine(angle)


_STRIP_TEXT = "(0.5*(ln(1.0+{0}*{0})-{0}*{0}*ln(1.0+1.0/({0}*{0})))+2.0*{0}*atan(1.0/{0}))"
"""`_strip` as written in netlists."""


def _oersted_energy(parameters, position, angle, voltage, anisotropy):
    # As Python: numba would compile them anew in every process.
    field = _field_of_domains.py_func(
        parameters.oersted_field_per_volt,
        parameters.tmr,
        voltage / parameters.tmr_half_voltage,
        voltage,
        _strip.py_func(position / parameters.track_width),
        _strip.py_func((parameters.track_length - position) / parameters.track_width),
    )
    return -0.5 * np.pi * field * np.cos(angle)


def _strongest_oersted_field(limits):
    """The largest field per volt, T/V, which occurs at the parallel end of the track."""
    devices = limits.devices
    return np.abs(devices.oersted_per_volt) * _strip.py_func(devices.track_length / devices.oersted_width)


_OERSTED_FIELD = Term(
    name="Oersted field",
    switches=("oersted_field_ratio",),
    coefficients={
        "oersted_per_volt": lambda parameters: parameters.oersted_field_per_volt,
        "oersted_width": lambda parameters: parameters.track_width,
    },
    along_z=None,
    about_angle=_oersted_field,
    relative_width=None,
    along_text="",
    about_text=(
        "1.5707963267948966*rate*oersted*1.9999999997359347e-16*width/(rp*area)*{voltage}"  # 1e-9 mu_0 / (2 pi)
        f"*({_STRIP_TEXT.format('max({position}/width,1.0e-9)')}"
        "-(vh*vh+{voltage}*{voltage})/(bias_scale+{voltage}*{voltage})"
        f"*{_STRIP_TEXT.format('max((length-{position})/width,1.0e-9)')})*sin({{angle}})"
    ),
    width_text="",
    bound=lambda limits: 0.5 * np.pi * _strongest_oersted_field(limits) * limits.voltage,
    energy=_oersted_energy,
    reads=(
        "track_length",
        "track_width",
        "tmr",
        "tmr_half_voltage",
        "oersted_field_per_volt",
    ),
    push=no_push,
    # As its TMR falls, the current of the antiparallel domain rises up to one and a half times as fast as the voltage.
    per_volt=lambda limits: 0.75 * np.pi * _strongest_oersted_field(limits),
    refuse=nothing_wrong,
)


@inlined
def _force_of_varying_anisotropy(device, position, voltage, angle, anisotropy_slope):
    turned = sine(angle)
    width = device.wall_width * _width_by_voltage(device, voltage)
    return -0.5 * device.anisotropy_gradient_force * width * anisotropy_slope * (turned * turned)


def _bound_of_the_force(limits):
    width = limits.devices.wall_width * _width_bound(limits)
    return 0.5 * np.abs(limits.devices.anisotropy_gradient_force) * width * limits.anisotropy_slope


_FORCE_OF_VARYING_ANISOTROPY = Term(
    name="force of an anisotropy that varies along the track",
    switches=("anisotropy_gradient_force",),
    coefficients={"anisotropy_gradient_force": lambda parameters: parameters.anisotropy_gradient_force},
    powers_of_magnetisation={"anisotropy_gradient_force": 1},
    along_z=_force_of_varying_anisotropy,
    about_angle=None,
    relative_width=None,
    along_text="-0.5*hkforce*({width})*{anisotropy_rise}*sin({angle})*sin({angle})",
    about_text="",
    width_text="",
    # Doubled: the force changes with the angle and, through H_K, with the position, by at most this much per radian.
    bound=lambda limits: 2.0 * _bound_of_the_force(limits),
    energy=no_energy,  # part of that of the two-fold anisotropy, whose derivative with respect to x it is
    reads_slope=True,
    share_along=lambda parameters: parameters.anisotropy_gradient_force,
    push=no_push,
    per_volt=lambda limits: (
        limits.devices.damping
        * _bound_of_the_force(limits)
        * np.abs(limits.devices.perpendicular_anisotropy_per_volt)
        * _width_bound(limits) ** 2
    ),
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
    _INTERFACIAL_DMI,
    _OERSTED_FIELD,
    _FORCE_OF_VARYING_ANISOTROPY,
)
"""All terms, in the order in which they are summed."""
