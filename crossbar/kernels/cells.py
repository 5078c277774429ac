"""The current-voltage law of all junctions of an array, in one pass over the memory."""

from compact_model.kernels.jit import kernel
from compact_model.kernels.junction import conductance_and_slope


@kernel
def junction_law(begin, stop, voltage, share, tmr, inverse_half_voltage, parallel_conductance, current, slope):
    """I and dI/dV of G = [1 - f TMR(V) / (1 + TMR(V))] / R_P, written into current (A) and slope (S), shape (K, N, M).

    voltage (V): (K, N, M) for K inputs; share (f): (N, M); the parameters: (N, M), or (1, 1) if all devices are of one
    kind.  Only the rows from `begin` to `stop` are computed, so that threads can divide them.
    """
    own = tmr.size > 1
    for index in range(voltage.shape[0]):
        for row in range(begin, stop):
            place = row if own else 0
            for column in range(voltage.shape[2]):
                at = column if own else 0
                volts = voltage[index, row, column]
                relative, relative_slope = conductance_and_slope(
                    volts, share[row, column], tmr[place, at], inverse_half_voltage[place, at]
                )
                current[index, row, column] = volts * (relative * parallel_conductance[place, at])
                slope[index, row, column] = relative_slope * parallel_conductance[place, at]
