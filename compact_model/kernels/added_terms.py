"""Adds the optional terms, which only some devices have, to the equation of motion.

A device without optional terms is a `tables.Device`, for which the equation is compiled without them.  A device with
at least one is a `DeviceWithTerms`, for which numba compiles a second version that contains all of them.  A term that
only another device of the same run has contributes exact zeros to the fields of this one.
"""

from collections import namedtuple

import numpy as np
from numba import types
from numba.extending import overload

from .jit import inlined
from .junction import voltage_for_current
from .tables import Device, device_at, slope_of_second
from .terms import TERMS
from .variants import only_for

ADDED = tuple(term for term in TERMS if term.switches)
"""The optional terms."""


def _extended(name, *further):
    """`Device` with additional fields."""
    return namedtuple(name, (*Device._fields, *further), module=__name__)


DeviceWithTerms = _extended(
    "DeviceWithTerms",
    "voltage_by_current",
    "slope_is_read",
    *(name for term in ADDED for name in term.coefficients),
)
"""A `Device` with the coefficients of the optional terms.  voltage_by_current: 1 if V follows from the current J A,
0 if V = J RA_P; slope_is_read: 1 if one of the device's terms reads the slope of H_K along the track, otherwise 0."""


def _sum(kernels):
    """A function that adds the contributions of several kernels in order."""

    @inlined
    def total(value, device, position, voltage, angle, slope):
        return value

    for kernel in kernels:
        total = _plus(total, kernel)
    return total


def _plus(before, kernel):
    @inlined
    def total(value, device, position, voltage, angle, slope):
        return before(value, device, position, voltage, angle, slope) + kernel(device, position, voltage, angle, slope)

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


def _sum_of_lanes(kernels):
    """The same for arrays, modified in place, with one loop for each kernel."""

    @inlined
    def total(values, devices, position, voltage, angle, slope):
        pass

    for kernel in kernels:
        total = _plus_in_lanes(total, kernel)
    return total


def _plus_in_lanes(before, kernel):
    @inlined
    def total(values, devices, position, voltage, angle, slope):
        before(values, devices, position, voltage, angle, slope)
        for lane in range(values.size):
            values[lane] += kernel(device_at(devices, lane), position[lane], voltage[lane], angle[lane], slope[lane])

    return total


_ALONG_Z = [term.along_z for term in ADDED if term.along_z]
_ABOUT_ANGLE = [term.about_angle for term in ADDED if term.about_angle]
_along_z = _sum(_ALONG_Z)
_about_angle = _sum(_ABOUT_ANGLE)
_along_z_of_lanes = _sum_of_lanes(_ALONG_Z)
_about_angle_of_lanes = _sum_of_lanes(_ABOUT_ANGLE)
_relative_width = _product([term.relative_width for term in ADDED if term.relative_width])


@inlined
def _voltage_by_current(device, density, position):
    """V across a junction that carries the current J A."""
    share = (device.track_length - position) * device.antiparallel_share_per_length
    return voltage_for_current(density * device.resistance_area, share, device.tmr, device.inverse_half_voltage)


@inlined
def junction_voltage(device, density, position):
    """V across a junction whose torques are those of the density J; device: a DeviceWithTerms."""
    if device.voltage_by_current > 0.0:
        return _voltage_by_current(device, density, position)
    return density * device.resistance_area


@inlined
def _loudness(width):
    """The relative increase of the thermal fields on a wall whose width differs, at the same temperature."""
    return 1.0 / np.sqrt(width) - 1.0


def _has_terms(kind):
    """Whether devices of this type can have optional terms."""
    return kind is not Device


def _without_terms(device, density, position, angle, slope, along_z, about_angle, thermal_z, thermal_angle):
    return along_z, about_angle, device.wall_width


@only_for(_has_terms, _without_terms)
def add_terms(device, density, position, angle, slope, along_z, about_angle, thermal_z, thermal_angle):
    """The two fields (T) including the contributions of the optional terms, and the wall's width (m)."""
    voltage = junction_voltage(device, density, position)
    width = _relative_width(device, voltage)
    louder = _loudness(width)
    return (
        _along_z(along_z + louder * thermal_z, device, position, voltage, angle, slope),
        _about_angle(about_angle + louder * thermal_angle, device, position, voltage, angle, slope),
        device.wall_width * width,
    )


def _lanes_without_terms(
    devices, density, position, angle, slope, along_z, about_angle, thermal_z, thermal_angle, width
):
    pass


@only_for(_has_terms, _lanes_without_terms, inlined=False)
def add_terms_to_lanes(devices, density, position, angle, slope, along_z, about_angle, thermal_z, thermal_angle, width):
    """The same for several devices at once; the two fields and the widths are modified in place."""
    # Short loops that each write one array, as `lanes.py` explains.
    voltage = np.empty(width.size)
    louder = np.empty(width.size)
    if devices.voltage_by_current[0] > 0.0:  # the same for all devices of a run
        for lane in range(width.size):
            voltage[lane] = _voltage_by_current(device_at(devices, lane), density[lane], position[lane])
    else:
        for lane in range(width.size):
            voltage[lane] = density[lane] * devices.resistance_area[lane]
    for lane in range(width.size):
        width[lane] = _relative_width(device_at(devices, lane), voltage[lane])
    for lane in range(width.size):
        louder[lane] = _loudness(width[lane])
    for lane in range(width.size):
        width[lane] = devices.wall_width[lane] * width[lane]
    for lane in range(width.size):
        along_z[lane] += louder[lane] * thermal_z[lane]
    for lane in range(width.size):
        about_angle[lane] += louder[lane] * thermal_angle[lane]
    _along_z_of_lanes(along_z, devices, position, voltage, angle, slope)
    _about_angle_of_lanes(about_angle, devices, position, voltage, angle, slope)


@only_for(_has_terms, lambda devices, wall_width: wall_width)
def own_widths(devices, wall_width):
    """The widths of the lanes, m: the array of the devices, or a copy if terms change the widths."""
    return wall_width.copy()


def reads_slope(device):
    """Whether any term of a device, or of any device in arrays, reads the slope of H_K."""
    return type(device) is not Device and np.max(device.slope_is_read) > 0.0


@overload(reads_slope)
def _reads_slope(device):
    if device.instance_class is Device:
        return lambda device: False
    if isinstance(device.types[device.instance_class._fields.index("slope_is_read")], types.Array):
        return lambda device: device.slope_is_read.max() > 0.0
    return lambda device: device.slope_is_read > 0.0


@inlined
def slope_if_read(device, track, piece, position):
    """dH_K/dx (T/m) at a position, or 0 if no term of the device reads it."""
    return slope_of_second(track, piece, position) if reads_slope(device) else 0.0
