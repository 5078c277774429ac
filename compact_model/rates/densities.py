"""The effect of a drive in A or V on a wall at rest anywhere on its track."""

import numpy as np

from ..device.junction import antiparallel_share, conductance, voltage_at_current
from ..device.parameters import DeviceParameters
from ..support import validation
from ..support.arrays import FloatArray
from .driven_track import Bias

DRIVES = ("current", "voltage")


def junction_bias(parameters: DeviceParameters, drive: str, value: float) -> Bias:
    """For a constant current (A) or voltage (V)."""
    validation.choice("drive", drive, DRIVES)

    def voltage(position: FloatArray) -> FloatArray:
        share = antiparallel_share(parameters, position)
        if drive == "voltage":
            return np.full(share.shape, value)
        return voltage_at_current(parameters, share, value)

    def density(position: FloatArray) -> FloatArray:
        if parameters.torque_density == drive:
            per_drive = parameters.junction_area if drive == "current" else parameters.resistance_area_product
            return np.full(np.shape(position), value / per_drive)
        if drive == "current":
            return voltage(position) / parameters.resistance_area_product
        share = antiparallel_share(parameters, position)
        return value * conductance(parameters, share, value) / parameters.junction_area

    return Bias(density, voltage)
