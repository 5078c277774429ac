"""Functions of the inner layer as numpy ufuncs, for the outer one."""

from numba import vectorize

from . import junction


@vectorize(["float64(float64, float64, float64, float64)"], cache=True)
def voltage_for_current(parallel_voltage, antiparallel_share, tmr, inverse_half_voltage):
    """The V that solves V G = I, given I R_P; see `junction.voltage_for_current`."""
    return junction.voltage_for_current(parallel_voltage, antiparallel_share, tmr, inverse_half_voltage)
