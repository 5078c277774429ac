"""Straight lines of voltage, one for each device, as the kernels of `compact_model` read a drive."""

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

COLUMNS = COEFFICIENTS + 4


@kernel
def straight_lines(begin, end, voltage, target, net_field, rows):
    """Fill rows (devices, COLUMNS): from voltage to target (V, (devices,)) over [begin, end], at a net field (T)."""
    for device in range(voltage.size):
        rows[device, LEFT] = begin
        rows[device, REGION_LEFT] = begin
        rows[device, RIGHT] = end
        rows[device, REGION_RIGHT] = end
        rows[device, MIDDLE] = 0.5 * (begin + end)
        rows[device, INVERSE_HALF_WIDTH] = 2.0 / (end - begin)
        rows[device, COEFFICIENTS] = 0.5 * (voltage[device] + target[device])
        rows[device, COEFFICIENTS + 1] = net_field[device]
        rows[device, COEFFICIENTS + 2] = 0.5 * (target[device] - voltage[device])
        rows[device, COEFFICIENTS + 3] = 0.0
