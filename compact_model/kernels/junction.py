"""The junction's law G(x, V): parallel conduction of the two domains, with a TMR that falls with the bias.

Plain arithmetic without branches, which numba inlines into kernels and which runs on arrays as it stands (`.py_func`).
"""

from .jit import inlined

# Newton's iteration for the junction's voltage converges quadratically: seven steps reach round-off for every TMR
# below 1000 % and every bias.  The number is fixed to keep the loop free of branches.
_NEWTON_STEPS = 7


@inlined
def conductance_and_slope(voltage, antiparallel_share, tmr, inverse_half_voltage):
    """G(x, V) R_P = 1 - f TMR(V) / (1 + TMR(V)), with TMR(V) = TMR / (1 + (V/V_h)^2), and d(V G)/dV R_P."""
    bias = voltage * inverse_half_voltage
    denominator = 1.0 + tmr + bias * bias
    drop = antiparallel_share * tmr / denominator
    return 1.0 - drop, 1.0 - drop + 2.0 * drop * bias * bias / denominator


@inlined
def voltage_for_current(parallel_voltage, antiparallel_share, tmr, inverse_half_voltage):
    """The V that solves V G(x, V) = I, given parallel_voltage = I R_P (Newton's method).

    V G(V) rises strictly with V, so the root is unique; it lies between I R_P and I R(x, 0), the starting point.
    """
    conductance, slope = conductance_and_slope(0.0, antiparallel_share, tmr, inverse_half_voltage)
    voltage = parallel_voltage / conductance
    for _ in range(_NEWTON_STEPS):
        conductance, slope = conductance_and_slope(voltage, antiparallel_share, tmr, inverse_half_voltage)
        voltage -= (voltage * conductance - parallel_voltage) / slope
    return voltage


@inlined
def voltage_for_current_of_one(parallel_voltage, antiparallel_share, tmr, inverse_half_voltage):
    """The same, bit for bit, for a device on its own: ends where a step changes nothing, as then no later one would."""
    conductance, slope = conductance_and_slope(0.0, antiparallel_share, tmr, inverse_half_voltage)
    voltage = parallel_voltage / conductance
    for _ in range(_NEWTON_STEPS):
        conductance, slope = conductance_and_slope(voltage, antiparallel_share, tmr, inverse_half_voltage)
        before = voltage
        voltage -= (voltage * conductance - parallel_voltage) / slope
        if voltage == before:
            break
    return voltage
