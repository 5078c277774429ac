"""Voltages as polynomials of the time, one for each device, in the form in which `compact_model`'s kernels read a
drive."""

from compact_model.kernels.jit import kernel
from compact_model.kernels.tables import (
    COEFFICIENTS,
    INVERSE_HALF_WIDTH,
    LEFT,
    MIDDLE,
    REGION_LEFT,
    REGION_RIGHT,
    RIGHT,
)


@kernel
def fill_rows(duration, voltage, net_field, rows):
    """Fill rows (devices, COEFFICIENTS + 2 terms) for times from 0 to a duration in s, at a net field (T, (devices,)).

    voltage: (terms, devices), V, the coefficients of u^0, u^1, ... with u from -1 to 1 over the duration.  The other
    coefficients of the field are 0, as already in the rows.
    """
    terms, devices = voltage.shape
    for device in range(devices):
        rows[device, LEFT] = 0.0
        rows[device, REGION_LEFT] = 0.0
        rows[device, RIGHT] = duration
        rows[device, REGION_RIGHT] = duration
        rows[device, MIDDLE] = 0.5 * duration
        rows[device, INVERSE_HALF_WIDTH] = 2.0 / duration
        rows[device, COEFFICIENTS + 1] = net_field[device]
        for term in range(terms):
            rows[device, COEFFICIENTS + 2 * term] = voltage[term, device]
