"""A junction as measured: leads in series, an R_P that falls with the bias, and a V_h for each polarity."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..device.parameters import DeviceParameters
from ..kernels.interpreted import interpreted
from ..kernels.junction import conductance_and_slope, voltage_for_current
from ..support.arrays import FloatArray

_ROUNDS = 7
_STEP = 1e-6  # of the voltage, for a slope


@dataclass(frozen=True, kw_only=True)
class MeasuredJunction:
    """A device's junction with the additions of a measurement.

    series_resistance: of leads and contacts, Ohm; the junction has the rest of the voltage.
    parallel_curvature: c in G_P(V) = (1 + c V^2)/R_P, 1/V2 (Brinkman et al. 1970, doi 10.1063/1.1659141).
    negative_half_voltage: V_h at V < 0, V; None: that of V > 0.
    """

    device: DeviceParameters
    series_resistance: float = 0.0
    parallel_curvature: float = 0.0
    negative_half_voltage: float | None = None

    def resistance(self, share: FloatArray, drive: str, bias: FloatArray) -> FloatArray:
        """Measured R = V/I, Ohm, at antiparallel shares and a bias ('voltage', V, or 'current', A), of one shape."""
        values = {name: np.array([value]) for name, value in self._values().items()}
        found: FloatArray = measured_resistances(values, share.ravel(), drive, bias.ravel())[0].reshape(bias.shape)
        return found

    def _values(self) -> dict[str, float]:
        device = self.device
        own = self.negative_half_voltage
        return {
            "parallel_resistance": device.parallel_resistance,
            "tmr": device.tmr,
            "tmr_half_voltage": device.tmr_half_voltage,
            "series_resistance": self.series_resistance,
            "parallel_curvature": self.parallel_curvature,
            **({} if own is None else {"negative_half_voltage": own}),
        }


def measured_resistances(
    values: Mapping[str, FloatArray], share: FloatArray, drive: str, bias: FloatArray
) -> FloatArray:
    """Measured R = V/I, Ohm, of many junctions at once, shape (junctions, points).

    values: by name the parameters of each `MeasuredJunction` and its device, of shape (junctions,);
    negative_half_voltage may be missing.  share, bias: antiparallel shares and 'voltage', V, or 'current', A, of shape
    (points,).
    """
    each = {name: value[:, np.newaxis] for name, value in values.items()}
    shape = (len(values["tmr"]), bias.size)
    volts = _voltages(each, np.broadcast_to(share, shape), drive, np.broadcast_to(bias, shape))
    return each["series_resistance"] + _alone(each, share, volts)


def _alone(each: Mapping[str, FloatArray], share: FloatArray, volts: FloatArray) -> FloatArray:
    """R of the junctions alone at their own voltages."""
    half_voltage = each["tmr_half_voltage"]
    if "negative_half_voltage" in each:
        half_voltage = np.where(volts < 0.0, each["negative_half_voltage"], half_voltage)
    relative, _ = interpreted(conductance_and_slope)(volts, share, each["tmr"], 1.0 / half_voltage)
    curved = np.maximum(1.0 + each["parallel_curvature"] * volts**2, 1e-9)
    result: FloatArray = 1.0 / (relative / each["parallel_resistance"] * curved)
    return result


def _voltages(each: Mapping[str, FloatArray], share: FloatArray, drive: str, bias: FloatArray) -> FloatArray:
    """The junctions' own voltages."""
    if drive == "current" and "negative_half_voltage" not in each and not each["parallel_curvature"].any():
        across: FloatArray = interpreted(voltage_for_current)(
            bias * each["parallel_resistance"], share, each["tmr"], 1.0 / each["tmr_half_voltage"]
        )
        return across
    if drive == "voltage" and not each["series_resistance"].any():
        return bias
    # Newton's method, bounded by the largest possible voltage; the bias is nearly linear in the voltage.
    direction, size = np.sign(bias), np.abs(bias)
    most = size if drive == "voltage" else size * _alone(each, share, np.zeros_like(bias))
    step = _STEP * np.maximum(most, np.finfo(float).tiny)

    def missing(volts: FloatArray) -> FloatArray:
        current = volts / _alone(each, share, direction * volts)
        reached: FloatArray = current if drive == "current" else volts + each["series_resistance"] * current
        return reached - size

    found = 0.9 * most
    for _ in range(_ROUNDS):
        here = missing(found)
        slope = (missing(found + step) - here) / step
        with np.errstate(divide="ignore", invalid="ignore"):
            moved = np.where(slope > 0.0, here / slope, 0.5 * found)
        found = np.clip(found - moved, 0.0, most)
    return direction * found
