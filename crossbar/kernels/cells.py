"""The current-voltage law of all junctions of an array, in one pass over the memory."""

import numpy as np
from numba import prange

from compact_model.kernels.jit import kernel, parallel_kernel
from compact_model.kernels.junction import conductance_and_slope


@kernel
def _row(row, voltage, share, tmr, inverse_half_voltage, parallel_conductance, current, slope):
    own = tmr.shape[0] > 1
    place = row if own else 0
    for column in range(voltage.shape[1]):
        at = column if own else 0
        volts = voltage[row, column]
        ratio, relative_slope = conductance_and_slope(
            volts, share[row, column], tmr[place, at], inverse_half_voltage[place, at]
        )
        current[row, column] = volts * (ratio * parallel_conductance[place, at])
        slope[row, column] = relative_slope * parallel_conductance[place, at]


@parallel_kernel
def junction_law_in_parallel(voltage, share, tmr, inverse_half_voltage, parallel_conductance, current, slope):
    """`junction_law`, the rows shared among the threads."""
    for row in prange(voltage.shape[0]):
        _row(np.int64(row), voltage, share, tmr, inverse_half_voltage, parallel_conductance, current, slope)


@kernel
def junction_law(voltage, share, tmr, inverse_half_voltage, parallel_conductance, current, slope):
    """I and dI/dV of G = [1 - f TMR(V) / (1 + TMR(V))] / R_P, written into current (A) and slope (S), shape (N, M).

    voltage (V) and share (f): (N, M); the parameters: (N, M), or (1, 1) where all devices are of one kind.
    """
    for row in range(voltage.shape[0]):
        _row(row, voltage, share, tmr, inverse_half_voltage, parallel_conductance, current, slope)
