"""From the wall's position and the bias to the junction's resistance: parallel conduction of the two domains."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .parameters import DeviceParameters

Array = NDArray[np.float64]


def antiparallel_share(parameters: DeviceParameters, position: ArrayLike) -> Array:
    """f, the share of the junction's area (pad included) that is antiparallel, for a wall at x.

    position: m, any shape.  The pad is parallel once a wall is in the track.
    """
    length = parameters.track_length
    inside = np.clip(np.asarray(position, dtype=np.float64), 0.0, length)
    return (length - inside) * parameters.track_width / parameters.junction_area


def conductance(parameters: DeviceParameters, share: ArrayLike, voltage: ArrayLike = 0.0) -> Array:
    """G(f, V) = [1 - f TMR(V) / (1 + TMR(V))] / R_P in S, with TMR(V) = TMR_0 / (1 + (V/V_h)^2).

    share: f, 0 to 1; voltage: V; shapes that broadcast.
    """
    bias = np.asarray(voltage, dtype=np.float64) / parameters.tmr_half_voltage
    drop = np.asarray(share, dtype=np.float64) * parameters.tmr / (1.0 + parameters.tmr + bias**2)
    result: Array = (1.0 - drop) / parameters.parallel_resistance
    return result


def resistance(parameters: DeviceParameters, position: ArrayLike, voltage: ArrayLike = 0.0) -> Array:
    """R(x, V) in Ohm; position: m, voltage: V, shapes that broadcast."""
    return 1.0 / conductance(parameters, antiparallel_share(parameters, position), voltage)


def voltage_at_current(parameters: DeviceParameters, share: ArrayLike, current: ArrayLike) -> Array:
    """The V in volts that solves V G(f, V) = I (a cubic with one real root; Newton's method).

    share: f, 0 to 1; current: A; shapes that broadcast.
    """
    from .kernels.vectorised import voltage_for_current

    parallel_voltage = np.asarray(current, dtype=np.float64) * parameters.parallel_resistance
    result: Array = voltage_for_current(
        parallel_voltage, np.asarray(share, dtype=np.float64), parameters.tmr, 1.0 / parameters.tmr_half_voltage
    )
    return result


def position_for_resistance(parameters: DeviceParameters, ohms: ArrayLike) -> Array:
    """The x in m at which R(x, 0) takes a value in Ohm; nan-free: values beyond the track's range give its ends."""
    share = (1.0 - parameters.parallel_resistance / np.asarray(ohms, dtype=np.float64)) * (1.0 + 1.0 / parameters.tmr)
    position = parameters.track_length - share * parameters.junction_area / parameters.track_width
    return np.clip(position, 0.0, parameters.track_length)
