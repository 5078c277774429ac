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

from .added_terms import ADDED, DeviceWithTerms, junction_voltage
from .dop853_coefficients import ERROR_3, ERROR_5, MATRIX, STAGES
from .jit import inlined
from .junction import conductance_and_slope
from .variants import only_for


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


def _heats_up(kind):
    """Whether devices of this type do."""
    return kind is HeatedDevice


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
def _warm(device, rise, pinning, anisotropy, thermal_z, thermal_angle):
    moment = relative_magnetisation(rise, device.inverse_reference_temperature, device.bloch)
    tmr = device.tmr * relative_tmr(rise, device.tmr_per_kelvin)
    torque = _torque(device, tmr)
    louder = np.sqrt((1.0 + rise * device.inverse_temperature) / moment)
    return (
        HeatedDevice({_replaced()}),
        moment * pinning,
        moment * anisotropy + device.anisotropy_per_kelvin * rise,
        louder * thermal_z,
        louder * thermal_angle,
    )
"""
exec(_AT_RISE)  # the names of the fields follow from the terms
at_rise = only_for(
    _heats_up,
    lambda device, rise, pinning, anisotropy, thermal_z, thermal_angle: (
        device,
        pinning,
        anisotropy,
        thermal_z,
        thermal_angle,
    ),
)(globals()["_warm"])
"""The device, and the fields on its wall (T), at a rise of temperature (K)."""


@only_for(_heats_up, lambda device, density, position, rise: 0.0)
def warming(device, density, position, rise):
    """d(rise)/dt, K/s, of a device that is what it is at this rise."""
    voltage = junction_voltage(device, density, position)
    share = (device.track_length - position) * device.antiparallel_share_per_length
    relative, _ = conductance_and_slope(voltage, share, device.tmr, device.inverse_half_voltage)
    power = voltage * voltage * relative / device.parallel_resistance
    return device.cooling_rate * (device.thermal_resistance * power - rise)


# ---- The rise in the methods with a fixed step: plain floats ----


@only_for(_heats_up, lambda device, value, factor, slope: 0.0)
def advanced(device, value, factor, slope):
    """value + factor slope of a device that heats up, and 0 of any other."""
    return value + factor * slope


@only_for(_heats_up, lambda device, rises, index: 0.0)
def rise_at(device, rises, index):
    """The rise of a device, from an array."""
    return rises[index]


@only_for(_heats_up, lambda device, rises, place, rise: None)
def keep_rise(device, rises, place, rise):
    """Write a rise at a place of an array."""
    rises[place] = rise


@only_for(_heats_up, lambda device, rises, index, rise: None)
def keep_highest(device, rises, index, rise):
    """Write a rise where it is above the one that is there."""
    rises[index] = max(rises[index], rise)


# ---- The rise in the adaptive method: an array of what is kept of a step ----


@only_for(_heats_up, lambda device: np.zeros(0))
def new_heat(device):
    """What is kept of a step; empty for devices that do not heat up."""
    return np.zeros(LAST_SLOPE + 1)


@only_for(_heats_up, lambda device, heat, to, source: None)
def copy_heat(device, heat, to, source):
    """Copy one kept number to another."""
    heat[to] = heat[source]


@only_for(_heats_up, lambda device, heat, rises, index: None)
def load_heat(device, heat, rises, index):
    """Begin with a device's rise."""
    heat[RISE] = rises[index]
    heat[HIGHEST] = rises[index]


@only_for(_heats_up, lambda device, heat, rises, highest, index: None)
def store_heat(device, heat, rises, highest, index):
    """End with it, and with the highest there was."""
    rises[index] = heat[RISE]
    highest[index] = max(highest[index], heat[HIGHEST])


@only_for(_heats_up, lambda device, heat, slot, rises, index, column: None)
def record_heat(device, heat, slot, rises, index, column):
    """Write one kept number as a record."""
    rises[index, column] = heat[slot]


@only_for(_heats_up, lambda device, heat: None)
def take_up_heat(device, heat):
    """The step is taken: begin the next one where it ended."""
    heat[RISE] = heat[REACHED]
    heat[HIGHEST] = max(heat[HIGHEST], heat[RISE])


@only_for(_heats_up, lambda device, heat, missing: None)
def bridge_heat(device, heat, missing):
    """A step ends so much later (s) than what was evaluated last."""
    heat[REACHED] = heat[END] + missing * heat[LAST_SLOPE]


@only_for(_heats_up, lambda device, heat, stage, step: 0.0)
def rise_at_stage(device, heat, stage, step):
    """The rise at a stage of Dormand and Prince's step, as its slopes so far make it."""
    total = 0.0
    if step != 0.0:
        for column in range(stage):
            total += MATRIX[stage, column] * heat[FIRST_SLOPE + column]
    heat[END] = heat[RISE] + step * total
    return heat[END]


@only_for(_heats_up, lambda device, heat, stage, slope: None)
def keep_slope(device, heat, stage, slope):
    """Keep the slope of a stage."""
    heat[FIRST_SLOPE + stage] = slope


@only_for(_heats_up, lambda device, heat, step, tolerance, error: error)
def with_error_of_rise(device, heat, step, tolerance, error):
    """The larger error: that of position and angle, or of the rise, in units of the tolerance times the temperature."""
    third = 0.0
    fifth = 0.0
    for stage in range(STAGES):
        third += ERROR_3[stage] * heat[FIRST_SLOPE + stage]
        fifth += ERROR_5[stage] * heat[FIRST_SLOPE + stage]
    fifth = (fifth * device.inverse_reference_temperature) ** 2
    both = fifth + 0.01 * (third * device.inverse_reference_temperature) ** 2
    own = abs(step) * fifth / np.sqrt(2.0 * both) / tolerance if both > 0.0 else 0.0
    return max(error, own)
