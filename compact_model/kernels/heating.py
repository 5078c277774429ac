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


@only_for(_heats_up, lambda device: 0.0)
def inverse_scale(device):
    """1/K: the inverse of the temperature that errors of the rise are compared with."""
    return device.inverse_reference_temperature
