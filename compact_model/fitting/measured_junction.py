"""A junction as measured: leads in series, an R_P that falls with the bias, and a V_h for each polarity."""

from dataclasses import dataclass

import numpy as np

from ..device.junction import conductance, voltage_at_current
from ..device.parameters import DeviceParameters
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
        return self.series_resistance + self._junction(share, self._voltage(share, drive, bias))

    def _junction(self, share: FloatArray, volts: FloatArray) -> FloatArray:
        """R of the junction alone at its own voltage."""
        found = conductance(self.device, share, volts)
        if self.negative_half_voltage is not None:
            other = self.device.replace(tmr_half_voltage=self.negative_half_voltage)
            found = np.where(volts < 0.0, conductance(other, share, volts), found)
        result: FloatArray = 1.0 / (found * np.maximum(1.0 + self.parallel_curvature * volts**2, 1e-9))
        return result

    def _voltage(self, share: FloatArray, drive: str, bias: FloatArray) -> FloatArray:
        """The junction's own voltage."""
        plain = self.parallel_curvature == 0.0 and self.negative_half_voltage is None
        if drive == "current" and plain:
            return voltage_at_current(self.device, share, bias)
        if drive == "voltage" and self.series_resistance == 0.0:
            return bias
        # Newton's method, bounded by the largest possible voltage; the bias is nearly linear in the voltage.
        direction, size = np.sign(bias), np.abs(bias)
        most = size if drive == "voltage" else size * self._junction(share, np.zeros_like(bias))
        step = _STEP * np.maximum(most, np.finfo(float).tiny)

        def missing(volts: FloatArray) -> FloatArray:
            current = volts / self._junction(share, direction * volts)
            reached: FloatArray = current if drive == "current" else volts + self.series_resistance * current
            return reached - size

        found = 0.9 * most
        for _ in range(_ROUNDS):
            here = missing(found)
            slope = (missing(found + step) - here) / step
            with np.errstate(divide="ignore", invalid="ignore"):
                moved = np.where(slope > 0.0, here / slope, 0.5 * found)
            found = np.clip(found - moved, 0.0, most)
        return direction * found
