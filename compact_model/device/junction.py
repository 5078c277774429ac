"""Resistance of the junction as a function of wall position and bias; the two domains conduct in parallel."""

import numpy as np
from numpy.typing import ArrayLike

from ..support import validation
from ..support.arrays import FloatArray
from ..support.validation import InputError
from .parameters import DeviceParameters


def _share(share: ArrayLike) -> FloatArray:
    values = validation.array("share", share)
    if ((values < 0.0) | (values > 1.0)).any():
        raise InputError(f"share: expected values from 0 to 1, got {values.min():g} to {values.max():g}")
    return values


def _broadcast(values: dict[str, FloatArray]) -> tuple[FloatArray, ...]:
    """The arrays broadcast to one shape."""
    try:
        return tuple(np.broadcast_arrays(*values.values()))
    except ValueError:
        shapes = " and ".join(str(each.shape) for each in values.values())
        raise InputError(f"{', '.join(values)}: expected shapes that broadcast, got {shapes}") from None


def antiparallel_share(parameters: DeviceParameters, position: ArrayLike) -> FloatArray:
    """f, the share of the junction's area (pad included) that is antiparallel, for a wall at x.

    position: m, any shape.  The pad is parallel whenever there is a wall in the track.
    """
    length = validation.instance("parameters", parameters, DeviceParameters).track_length
    inside = np.clip(validation.array("position", position), 0.0, length)
    return (length - inside) * parameters.track_width / parameters.junction_area


def conductance(parameters: DeviceParameters, share: ArrayLike, voltage: ArrayLike = 0.0) -> FloatArray:
    """G(f, V) = [1 - f TMR(V) / (1 + TMR(V))] / R_P in S, with TMR(V) = TMR_0 / (1 + (V/V_h)^2).

    share: f, 0 to 1; voltage: V; shapes that broadcast.
    """
    from ..kernels.junction import conductance_and_slope

    validation.instance("parameters", parameters, DeviceParameters)
    part, volts = _broadcast({"share": _share(share), "voltage": validation.array("voltage", voltage)})
    relative, _ = conductance_and_slope.py_func(volts, part, parameters.tmr, 1.0 / parameters.tmr_half_voltage)
    result: FloatArray = relative / parameters.parallel_resistance
    return result


def resistance(parameters: DeviceParameters, position: ArrayLike, voltage: ArrayLike = 0.0) -> FloatArray:
    """R(x, V) in Ohm; position: m, voltage: V, shapes that broadcast."""
    return 1.0 / conductance(parameters, antiparallel_share(parameters, position), voltage)


def voltage_at_current(parameters: DeviceParameters, share: ArrayLike, current: ArrayLike) -> FloatArray:
    """The V in volts that solves V G(f, V) = I (a cubic with one real root; Newton's method).

    share: f, 0 to 1; current: A; shapes that broadcast.
    """
    from ..kernels.vectorised import voltages_for_currents

    validation.instance("parameters", parameters, DeviceParameters)
    part, amperes = _broadcast({"share": _share(share), "current": validation.array("current", current)})
    voltage = np.empty(part.shape)
    voltages_for_currents(
        np.ravel(amperes * parameters.parallel_resistance),
        part.ravel(),
        parameters.tmr,
        1.0 / parameters.tmr_half_voltage,
        voltage.reshape(-1),
    )
    return voltage


def position_for_resistance(parameters: DeviceParameters, ohms: ArrayLike) -> FloatArray:
    """The x in m at which R(x, 0) equals a resistance in Ohm (positive), or the nearer end of the track."""
    validation.instance("parameters", parameters, DeviceParameters)
    values = validation.array("ohms", ohms)
    if (values < 1.0 / validation.LARGEST).any():
        raise InputError(f"ohms: expected resistances above 0, got {values.min():g}")
    share = (1.0 - parameters.parallel_resistance / values) * (1.0 + 1.0 / parameters.tmr)
    position = parameters.track_length - share * parameters.junction_area / parameters.track_width
    return np.clip(position, 0.0, parameters.track_length)
