"""Joule heating of a device: its laws, their range, and checks for functions that do not support it."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..support.arrays import FloatArray
from ..support.validation import InputError
from .parameters import DeviceParameters

SWITCH = "thermal_resistance"
SETTINGS = (
    "thermal_time_constant",
    "reference_temperature",
    "curie_temperature",
    "anisotropy_field_per_kelvin",
    "tmr_per_kelvin",
)
"""Parameters that have an effect only if `SWITCH` is not 0."""


def _bloch(parameters: DeviceParameters) -> float:
    """The number that the law of `kernels.heating` reads: (T_0/T_C)^(3/2) / [1 - (T_0/T_C)^(3/2)]."""
    lost: float = (parameters.reference_temperature / parameters.curie_temperature) ** 1.5
    return lost / (1.0 - lost)


COEFFICIENTS: dict[str, Callable[[DeviceParameters], float]] = {
    "thermal_resistance": lambda parameters: parameters.thermal_resistance,
    "cooling_rate": lambda parameters: 1.0 / parameters.thermal_time_constant,
    "inverse_reference_temperature": lambda parameters: 1.0 / parameters.reference_temperature,
    "bloch": _bloch,
    "anisotropy_per_kelvin": lambda parameters: parameters.anisotropy_field_per_kelvin,
    "tmr_per_kelvin": lambda parameters: parameters.tmr_per_kelvin,
    "polarisation_by_tmr": lambda parameters: float(parameters.spin_polarisation is None),
}
"""The heating parameters of a device in the form that the kernels read."""


def is_on(parameters: DeviceParameters) -> bool:
    """Whether a device heats up."""
    return parameters.thermal_resistance != 0.0


def refuse(parameters: DeviceParameters | Sequence[DeviceParameters], purpose: str) -> None:
    """Raise InputError if a device heats up; purpose: of the function without heating, as in 'escape rates'."""
    for each in [parameters] if isinstance(parameters, DeviceParameters) else parameters:
        if isinstance(each, DeviceParameters) and is_on(each):
            raise InputError(
                f"thermal_resistance: expected 0 for {purpose}, where Joule heating is left out, got "
                f"{each.thermal_resistance:g} K/W"
            )


def magnetisation_at(parameters: DeviceParameters, rise: ArrayLike) -> FloatArray:
    """M_s at rises of temperature (K, any shape) over its value at the reference temperature."""
    from ..kernels.heating import LEAST

    warmer = 1.0 + np.asarray(rise, dtype=np.float64) / parameters.reference_temperature
    return np.maximum(1.0 - _bloch(parameters) * (warmer**1.5 - 1.0), LEAST)


def tmr_at(parameters: DeviceParameters, rise: ArrayLike) -> FloatArray:
    """TMR at zero bias, at rises of temperature (K, any shape)."""
    return tmr_of(parameters.tmr, parameters.tmr_per_kelvin, rise)


def tmr_of(tmr: ArrayLike, per_kelvin: ArrayLike, rise: ArrayLike) -> FloatArray:
    """The same for many devices: their TMRs, the temperature coefficients of these (1/K), and the rises (K)."""
    from ..kernels.heating import LEAST

    result: FloatArray = np.asarray(tmr) * np.maximum(1.0 + np.asarray(per_kelvin) * np.asarray(rise), LEAST)
    return result


def conductance_at(
    parameters: DeviceParameters, rise: FloatArray, share: FloatArray, voltage: FloatArray
) -> FloatArray:
    """G(f, V) of `junction.conductance`, S, at rises of temperature (K); all of one shape."""
    from ..kernels.junction import conductance_and_slope

    law: Any = conductance_and_slope  # a jitted function, which also runs as plain Python
    relative, _ = law.py_func(voltage, share, tmr_at(parameters, rise), 1.0 / parameters.tmr_half_voltage)
    return np.asarray(relative / parameters.parallel_resistance)


def voltage_at(parameters: DeviceParameters, rise: FloatArray, share: FloatArray, current: FloatArray) -> FloatArray:
    """V of `junction.voltage_at_current` at rises of temperature (K); all of one shape."""
    from ..kernels.junction import voltage_for_current

    law: Any = voltage_for_current
    parallel, inverse = current * parameters.parallel_resistance, 1.0 / parameters.tmr_half_voltage
    return np.asarray(law.py_func(parallel, share, tmr_at(parameters, rise), inverse))


def check_rises(parameters: Sequence[DeviceParameters], highest: FloatArray) -> None:
    """Raise InputError if devices became hotter than their laws allow; highest: K, (devices,)."""
    for index, rise in enumerate(highest.tolist() if len(parameters) > 1 else [float(highest.max())]):
        each = parameters[index % len(parameters)]
        if not is_on(each):
            continue
        if not rise + each.reference_temperature < each.curie_temperature:
            raise InputError(
                f"thermal_resistance: expected a device that stays below its Curie temperature of "
                f"{each.curie_temperature:g} K under this drive, got {each.reference_temperature + rise:.4g} K"
            )
        if not 1.0 + each.tmr_per_kelvin * rise > 0.0:
            raise InputError(
                f"tmr_per_kelvin: expected a TMR above 0 at every temperature of the device, got "
                f"{100.0 * (1.0 + each.tmr_per_kelvin * rise):.4g} % of it at a rise of {rise:.4g} K"
            )


def check_resolution(devices: Any, shortest: float) -> None:
    """Raise InputError if a run cannot follow the heat; devices: a `HeatedDevice` of arrays; shortest: s."""
    own = 1.0 / float(devices.cooling_rate[devices.thermal_resistance > 0.0].max())
    if own < shortest:
        raise InputError(
            f"thermal_time_constant: expected at least {shortest:.3g} s with these steps and times, got {own:.3g} s"
        )
