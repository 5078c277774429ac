"""Functions of the inner layer over arrays, for the outer one."""

from . import junction
from .jit import kernel


@kernel
def voltages_for_currents(parallel_voltage, antiparallel_share, tmr, inverse_half_voltage, voltage):
    """The V that solve V G = I, given I R_P, written into voltage; see `junction.voltage_for_current`.

    parallel_voltage, antiparallel_share, voltage: float64 (values,).
    """
    for index in range(voltage.size):
        voltage[index] = junction.voltage_for_current(
            parallel_voltage[index], antiparallel_share[index], tmr, inverse_half_voltage
        )
