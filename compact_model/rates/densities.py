"""The current density in the torques of a wall at rest, for a drive in A or V."""

from ..device.junction import antiparallel_share, conductance, voltage_at_current
from ..device.parameters import DeviceParameters
from ..support import validation

DRIVES = ("current", "voltage")


def density_at_rest(parameters: DeviceParameters, drive: str, value: float, position: float) -> float:
    """J in the torques, A/m2, of a wall at a position (m), under a constant current (A) or voltage (V)."""
    validation.choice("drive", drive, DRIVES)
    share = antiparallel_share(parameters, position)
    if parameters.torque_density == drive:
        per_drive = parameters.junction_area if drive == "current" else parameters.resistance_area_product
        return value / per_drive
    if drive == "current":
        return float(voltage_at_current(parameters, share, value)) / parameters.resistance_area_product
    return value * float(conductance(parameters, share, value)) / parameters.junction_area
