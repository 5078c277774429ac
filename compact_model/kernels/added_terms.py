"""How the terms that are on for some devices join the equation of motion.

Devices without any of them are a `tables.Device`, and the equation is compiled without them; devices with some are a
`DeviceWithTerms`, for which numba compiles a second version, with all of them.  A term that another device of the same
run has turned on adds exact zeros to this one's fields.
"""

from collections import namedtuple

import numpy as np
from numba.extending import overload

from .jit import inlined
from .junction import voltage_for_current
from .tables import Device, device_at
from .terms import TERMS

ADDED = tuple(term for term in TERMS if term.switches)
"""The terms that are not always there."""


def _extended(name, *further):
    """`Device` with further fields."""
    return namedtuple(name, (*Device._fields, *further), module=__name__)


DeviceWithTerms = _extended(
    "DeviceWithTerms", "voltage_by_current", *(name for term in ADDED for name in term.coefficients)
)
"""A `Device` with what the added terms read.  voltage_by_current: 1 where V follows from J A, 0 where it is J RA_P."""


def _sum(kernels):
    """One function that adds the contributions of several, in turn."""

    @inlined
    def total(value, device, voltage, angle):
        return value

    for kernel in kernels:
        total = _plus(total, kernel)
    return total


def _plus(before, kernel):
    @inlined
    def total(value, device, voltage, angle):
        return before(value, device, voltage, angle) + kernel(device, voltage, angle)

    return total


def _product(kernels):
    @inlined
    def total(device, voltage):
        return 1.0

    for kernel in kernels:
        total = _times(total, kernel)
    return total


def _times(before, kernel):
    @inlined
    def total(device, voltage):
        return before(device, voltage) * kernel(device, voltage)

    return total


_along_z = _sum([term.along_z for term in ADDED if term.along_z])
_about_angle = _sum([term.about_angle for term in ADDED if term.about_angle])
_relative_width = _product([term.relative_width for term in ADDED if term.relative_width])


@inlined
def _voltage(device, density, position):
    """V across the junction."""
    volts = density * device.resistance_area
    if device.voltage_by_current > 0.0:
        share = (device.track_length - position) * device.antiparallel_share_per_length
        volts = voltage_for_current(volts, share, device.tmr, device.inverse_half_voltage)
    return volts


@inlined
def _with_terms(device, density, position, angle, along_z, about_angle, thermal_z, thermal_angle):
    voltage = _voltage(device, density, position)
    width = _relative_width(device, voltage)
    louder = 1.0 / np.sqrt(width) - 1.0  # white fields on a wall of another width: as the fluctuations must be
    return (
        _along_z(along_z + louder * thermal_z, device, voltage, angle),
        _about_angle(about_angle + louder * thermal_angle, device, voltage, angle),
        device.wall_width * width,
    )


def add_terms(device, density, position, angle, along_z, about_angle, thermal_z, thermal_angle):
    """The two fields (T) with what the added terms contribute, and the wall's width (m)."""
    raise NotImplementedError  # called from compiled code only


@overload(add_terms, inline="always")
def _add_terms(device, density, position, angle, along_z, about_angle, thermal_z, thermal_angle):
    if device.instance_class is not DeviceWithTerms:
        return lambda device, density, position, angle, along_z, about_angle, thermal_z, thermal_angle: (
            along_z,
            about_angle,
            device.wall_width,
        )
    return lambda device, density, position, angle, along_z, about_angle, thermal_z, thermal_angle: _with_terms(
        device, density, position, angle, along_z, about_angle, thermal_z, thermal_angle
    )


def add_terms_to_lanes(devices, first, density, position, angle, along_z, about_angle, thermal_z, thermal_angle, width):
    """The same for lanes, of which the first is device `first`; the fields and the widths are changed in place."""
    raise NotImplementedError


@overload(add_terms_to_lanes)
def _add_terms_to_lanes(
    devices, first, density, position, angle, along_z, about_angle, thermal_z, thermal_angle, width
):
    def lanes(devices, first, density, position, angle, along_z, about_angle, thermal_z, thermal_angle, width):
        for lane in range(position.size):
            along_z[lane], about_angle[lane], width[lane] = _with_terms(
                device_at(devices, first + lane),
                density[lane],
                position[lane],
                angle[lane],
                along_z[lane],
                about_angle[lane],
                thermal_z[lane],
                thermal_angle[lane],
            )

    def nothing(devices, first, density, position, angle, along_z, about_angle, thermal_z, thermal_angle, width):
        pass

    return lanes if devices.instance_class is DeviceWithTerms else nothing


def own_widths(devices, wall_width):
    """The lanes' widths, m: the devices' own array, or a copy where terms change them."""
    raise NotImplementedError


@overload(own_widths, inline="always")
def _own_widths(devices, wall_width):
    if devices.instance_class is not DeviceWithTerms:
        return lambda devices, wall_width: wall_width
    return lambda devices, wall_width: wall_width.copy()
