"""Joule heating: the junction's rise of temperature, a third state of a device that has a thermal resistance.

The rise follows the power of the junction with one time constant, d(rise)/dt = (R_th V I - rise) / tau, and changes
what the wall feels: M_s by Bloch's law, and with it the fields of its own charges and of the sites (H_K, H_4, H_pin go
with M_s) and what acts on a smaller moment (torques and the DMI field go with 1 / M_s); H_K by a further coefficient;
the TMR by another; the thermal fields by sqrt(T / M_s).

Such devices are a `HeatedDevice`, and all of this is compiled for them alone: for any other device the functions here
do nothing, and the rise is a constant 0.  Heated devices are integrated one after the other, never in SIMD lanes.
"""

from collections import namedtuple

import numpy as np
from numba.extending import overload

from .added_terms import ADDED, DeviceWithTerms, junction_voltage
from .dop853_coefficients import ERROR_3, ERROR_5, MATRIX, STAGES
from .jit import inlined
from .junction import conductance_and_slope


def _extended(name, *further):
    """`DeviceWithTerms` with further fields."""
    return namedtuple(name, (*DeviceWithTerms._fields, *further), module=__name__)


HeatedDevice = _extended(
    "HeatedDevice",
    "thermal_resistance",  # K/W
    "cooling_rate",  # 1 / tau, 1/s
    "inverse_reference_temperature",  # 1/K
    "bloch",  # (T_0/T_C)^(3/2) / [1 - (T_0/T_C)^(3/2)]
    "anisotropy_per_kelvin",  # T/K
    "tmr_per_kelvin",  # 1/K
    "polarisation_by_tmr",  # 1 where the polarisation follows the TMR, else 0
    "inverse_temperature",  # of the thermal fields, 1/K; 0 where there are none
)
"""A `DeviceWithTerms` that heats up."""

_POWERS = {
    "slonczewski_per_density": -1,
    "field_like_per_density": -1,
    "field_like_per_density_squared": -1,
    **{name: power for term in ADDED for name, power in term.powers_of_magnetisation.items()},
}
"""The power of M_s with which what a device holds changes."""
LEAST = 0.01
"""Of M_s and of the TMR that is left, at least: beyond its range the law stays finite, and the run is refused."""

# What is kept of the rise during an adaptive step, K and K/s; from FIRST_SLOPE on the slopes of its stages.
RISE = 0  # at its start
END = 1  # at the end of what was evaluated last
REACHED = 2  # at the end of the step that is taken
OUTER = 3  # at the outer end of a bracket
SLOPE = 4  # of the rise at the start
REACHED_SLOPE = 5
HIGHEST = 6
FIRST_SLOPE = 7
LAST_SLOPE = FIRST_SLOPE + STAGES


def _heated(device):
    """Whether numba's type is that of a device, or of devices, that heat up."""
    return device.instance_class is HeatedDevice


# ---- The laws ----


@inlined
def relative_magnetisation(rise, inverse_reference_temperature, bloch):
    """M_s over its value at the reference temperature T_0: [1 - (T/T_C)^(3/2)] / [1 - (T_0/T_C)^(3/2)]."""
    warmer = 1.0 + rise * inverse_reference_temperature
    return max(1.0 - bloch * (warmer * np.sqrt(abs(warmer)) - 1.0), LEAST)


@inlined
def relative_tmr(rise, tmr_per_kelvin):
    """The TMR at zero bias over its value at the reference temperature."""
    return max(1.0 + tmr_per_kelvin * rise, LEAST)


@inlined
def relative_polarisation(tmr, warm):
    """P over its value where it follows the TMR: P = sqrt(TMR (2 + TMR)) / (2 + 2 TMR) (Julliere, Slonczewski)."""
    return np.sqrt(warm * (2.0 + warm) / (tmr * (2.0 + tmr))) * (1.0 + tmr) / (1.0 + warm)


@inlined
def _torque(device, tmr):
    """What the torques have more, or less, by another polarisation."""
    return 1.0 + device.polarisation_by_tmr * (relative_polarisation(device.tmr, tmr) - 1.0)


# ---- What the wall feels ----


def at_rise(device, rise, pinning, anisotropy, thermal_z, thermal_angle):
    """The device, and the fields on its wall (T), at a rise of temperature (K)."""
    raise NotImplementedError  # called from compiled code only, like all that follow


def _replaced():
    """The fields of a device at a rise, as text."""
    named = {name: "*moment" if power > 0 else "/moment" for name, power in _POWERS.items()}
    fields = []
    for name in HeatedDevice._fields:
        if name == "tmr":
            value = "tmr"
        elif name in ("slonczewski_per_density", "field_like_per_density"):
            value = f"device.{name} / moment * torque"
        else:
            value = f"device.{name}{named.get(name, '')}"
        fields.append(f"{name}={value}")
    return ", ".join(fields)


_AT_RISE = f"""
def at_rise(device, rise, pinning, anisotropy, thermal_z, thermal_angle):
    moment = relative_magnetisation(rise, device.inverse_reference_temperature, device.bloch)
    tmr = device.tmr * relative_tmr(rise, device.tmr_per_kelvin)
    torque = _torque(device, tmr)
    louder = np.sqrt((1.0 + rise * device.inverse_temperature) / moment)
    return (
        kind({_replaced()}),
        moment * pinning,
        moment * anisotropy + device.anisotropy_per_kelvin * rise,
        louder * thermal_z,
        louder * thermal_angle,
    )
"""


@overload(at_rise, inline="always")
def _at_rise(device, rise, pinning, anisotropy, thermal_z, thermal_angle):
    if not _heated(device):
        return lambda device, rise, pinning, anisotropy, thermal_z, thermal_angle: (
            device,
            pinning,
            anisotropy,
            thermal_z,
            thermal_angle,
        )
    scope = {
        "kind": HeatedDevice,
        "np": np,
        "relative_magnetisation": relative_magnetisation,
        "relative_tmr": relative_tmr,
        "_torque": _torque,
    }
    exec(_AT_RISE, scope)
    return scope["at_rise"]


def warming(device, density, position, rise):
    """d(rise)/dt, K/s, of a device that is what it is at this rise."""
    raise NotImplementedError


@overload(warming, inline="always")
def _warming(device, density, position, rise):
    if not _heated(device):
        return lambda device, density, position, rise: 0.0

    def heated(device, density, position, rise):
        voltage = junction_voltage(device, density, position)
        share = (device.track_length - position) * device.antiparallel_share_per_length
        relative, _ = conductance_and_slope(voltage, share, device.tmr, device.inverse_half_voltage)
        power = voltage * voltage * relative / device.parallel_resistance
        return device.cooling_rate * (device.thermal_resistance * power - rise)

    return heated


# ---- The rise in the methods with a fixed step: plain floats ----


def advanced(device, value, factor, slope):
    """value + factor slope of a device that heats up, and 0 of any other."""
    raise NotImplementedError


@overload(advanced, inline="always")
def _advanced(device, value, factor, slope):
    if _heated(device):
        return lambda device, value, factor, slope: value + factor * slope
    return lambda device, value, factor, slope: 0.0


def rise_at(device, rises, index):
    """The rise of a device, from an array."""
    raise NotImplementedError


@overload(rise_at, inline="always")
def _rise_at(device, rises, index):
    if _heated(device):
        return lambda device, rises, index: rises[index]
    return lambda device, rises, index: 0.0


def keep_rise(device, rises, place, rise):
    """Write a rise at a place of an array."""
    raise NotImplementedError


@overload(keep_rise, inline="always")
def _keep_rise(device, rises, place, rise):
    if not _heated(device):
        return lambda device, rises, place, rise: None

    def keep(device, rises, place, rise):
        rises[place] = rise

    return keep


def keep_highest(device, rises, index, rise):
    """Write a rise where it is above the one that is there."""
    raise NotImplementedError


@overload(keep_highest, inline="always")
def _keep_highest(device, rises, index, rise):
    if not _heated(device):
        return lambda device, rises, index, rise: None

    def keep(device, rises, index, rise):
        rises[index] = max(rises[index], rise)

    return keep


# ---- The rise in the adaptive method: an array of what is kept of a step ----


def new_heat(device):
    """What is kept of a step; empty for devices that do not heat up."""
    raise NotImplementedError


@overload(new_heat, inline="always")
def _new_heat(device):
    if _heated(device):
        return lambda device: np.zeros(LAST_SLOPE + 1)
    return lambda device: np.zeros(0)


def copy_heat(device, heat, to, source):
    """Copy one kept number to another."""
    raise NotImplementedError


@overload(copy_heat, inline="always")
def _copy_heat(device, heat, to, source):
    if not _heated(device):
        return lambda device, heat, to, source: None

    def put(device, heat, to, source):
        heat[to] = heat[source]

    return put


def load_heat(device, heat, rises, index):
    """Begin with a device's rise."""
    raise NotImplementedError


@overload(load_heat, inline="always")
def _load_heat(device, heat, rises, index):
    if not _heated(device):
        return lambda device, heat, rises, index: None

    def load(device, heat, rises, index):
        heat[RISE] = rises[index]
        heat[HIGHEST] = rises[index]

    return load


def store_heat(device, heat, rises, highest, index):
    """End with it, and with the highest there was."""
    raise NotImplementedError


@overload(store_heat, inline="always")
def _store_heat(device, heat, rises, highest, index):
    if not _heated(device):
        return lambda device, heat, rises, highest, index: None

    def store(device, heat, rises, highest, index):
        rises[index] = heat[RISE]
        highest[index] = max(highest[index], heat[HIGHEST])

    return store


def record_heat(device, heat, slot, rises, index, column):
    """Write one kept number as a record."""
    raise NotImplementedError


@overload(record_heat, inline="always")
def _record_heat(device, heat, slot, rises, index, column):
    if not _heated(device):
        return lambda device, heat, slot, rises, index, column: None

    def record(device, heat, slot, rises, index, column):
        rises[index, column] = heat[slot]

    return record


def take_up_heat(device, heat):
    """The step is taken: begin the next one where it ended."""
    raise NotImplementedError


@overload(take_up_heat, inline="always")
def _take_up_heat(device, heat):
    if not _heated(device):
        return lambda device, heat: None

    def take_up(device, heat):
        heat[RISE] = heat[REACHED]
        heat[HIGHEST] = max(heat[HIGHEST], heat[RISE])

    return take_up


def bridge_heat(device, heat, missing):
    """A step ends so much later (s) than what was evaluated last."""
    raise NotImplementedError


@overload(bridge_heat, inline="always")
def _bridge_heat(device, heat, missing):
    if not _heated(device):
        return lambda device, heat, missing: None

    def bridge(device, heat, missing):
        heat[REACHED] = heat[END] + missing * heat[LAST_SLOPE]

    return bridge


def _stage(device, heat, stage, step):
    raise NotImplementedError


@overload(_stage, inline="always")
def _overloaded_stage(device, heat, stage, step):
    if not _heated(device):
        return lambda device, heat, stage, step: 0.0

    def heated(device, heat, stage, step):
        total = 0.0
        if step != 0.0:
            for column in range(stage):
                total += MATRIX[stage, column] * heat[FIRST_SLOPE + column]
        heat[END] = heat[RISE] + step * total
        return heat[END]

    return heated


def _slope(device, heat, stage, slope):
    raise NotImplementedError


@overload(_slope, inline="always")
def _overloaded_slope(device, heat, stage, slope):
    if not _heated(device):
        return lambda device, heat, stage, slope: None

    def heated(device, heat, stage, slope):
        heat[FIRST_SLOPE + stage] = slope

    return heated


def _with_error(device, heat, step, tolerance, error):
    raise NotImplementedError


@overload(_with_error, inline="always")
def _overloaded_error(device, heat, step, tolerance, error):
    if not _heated(device):
        return lambda device, heat, step, tolerance, error: error

    def heated(device, heat, step, tolerance, error):
        third = 0.0
        fifth = 0.0
        for stage in range(STAGES):
            third += ERROR_3[stage] * heat[FIRST_SLOPE + stage]
            fifth += ERROR_5[stage] * heat[FIRST_SLOPE + stage]
        fifth = (fifth * device.inverse_reference_temperature) ** 2
        both = fifth + 0.01 * (third * device.inverse_reference_temperature) ** 2
        own = abs(step) * fifth / np.sqrt(2.0 * both) / tolerance if both > 0.0 else 0.0
        return max(error, own)

    return heated


@inlined
def rise_at_stage(device, heat, stage, step):
    """The rise at a stage of Dormand and Prince's step, as its slopes so far make it."""
    return _stage(device, heat, stage, step)


@inlined
def keep_slope(device, heat, stage, slope):
    """Keep the slope of a stage."""
    _slope(device, heat, stage, slope)


@inlined
def with_error_of_rise(device, heat, step, tolerance, error):
    """The larger error: that of position and angle, or of the rise, in units of the tolerance times the temperature."""
    return _with_error(device, heat, step, tolerance, error)
