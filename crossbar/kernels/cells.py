"""The current-voltage law of all junctions of an array, in one pass over the memory."""

from compact_model.kernels.jit import kernel


@kernel
def junction_law(begin, stop, voltage, share, tmr, inverse_half_voltage, parallel_conductance, current, slope):
    """I and dI/dV of G = [1 - f TMR(V) / (1 + TMR(V))] / R_P, written into current (A) and slope (S), shape (N, M).

    voltage (V) and share (f): (N, M); the parameters: (N, M), or (1, 1) where all devices are of one kind.  Only the
    rows from `begin` to `stop` are done, so that threads may divide them.
    """
    own = tmr.shape[0] > 1
    for row in range(begin, stop):
        place = row if own else 0
        for column in range(voltage.shape[1]):
            at = column if own else 0
            ratio = tmr[place, at]
            volts = voltage[row, column]
            bias = volts * inverse_half_voltage[place, at]
            denominator = 1.0 + ratio + bias * bias
            drop = share[row, column] * ratio / denominator
            conductance = (1.0 - drop) * parallel_conductance[place, at]
            current[row, column] = volts * conductance
            slope[row, column] = conductance + 2.0 * drop * bias * bias / denominator * parallel_conductance[place, at]
