"""Devices described by measurements only: the conductances of their states, without a physical model."""

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.random import Seed
from compact_model.support.validation import InputError

from ..cells import State, StatefulCells, table
from ..kernels.cells import junction_law
from ..learning.pulsed_device import PulsedDevice

_SLACK = 1e-9


class MeasuredCells(StatefulCells):
    """Devices whose state is their conductance at zero bias.

    conductance: S, shape (word lines, bit lines), each from `lowest` to `highest` (S, of every device; lowest above 0).
    polarity: 1 or -1, the sign of the voltage that raises the conductance.
    half_voltage: V, at which a tunnel junction's TMR has fallen to half; inf: the devices follow Ohm's law.
    tmr: of the junction, a ratio; None: from highest and lowest.  A larger value means that a part of the junction
    never switches.

    The law is that of `Junctions`, G(V) = highest [1 - f TMR(V) / (1 + TMR(V))] with TMR(V) = TMR / (1 +
    (V/half_voltage)^2) and the share f that gives the conductance at 0 V.  Raises InputError.
    """

    def __init__(
        self,
        conductance: ArrayLike,
        *,
        lowest: float,
        highest: float,
        polarity: float = 1.0,
        half_voltage: float = np.inf,
        tmr: float | None = None,
    ) -> None:
        self._low, self._high = validation.positive("lowest", lowest), validation.positive("highest", highest)
        if not self._low < self._high:
            raise InputError(f"highest: expected more than lowest, {self._low:g} S, got {self._high:g} S")
        self.polarity = validation.number("polarity", polarity)
        if abs(self.polarity) != 1.0:
            raise InputError(f"polarity: expected 1 or -1, got {self.polarity:g}")
        self.half_voltage = np.inf if half_voltage == np.inf else validation.positive("half_voltage", half_voltage)
        least = self._high / self._low - 1.0
        self.tmr = least if tmr is None else validation.positive("tmr", tmr)
        if self.tmr < least * (1.0 - _SLACK):
            raise InputError(
                f"tmr: expected at least what lies between lowest and highest, {least:g}, got {self.tmr:g}"
            )
        values = table("conductance", conductance)
        slack = _SLACK * self._high
        if values.min() < self._low - slack or values.max() > self._high + slack:
            raise InputError(
                f"conductance: expected {self._low:g} to {self._high:g} S, got {values.min():g} to {values.max():g} S"
            )
        self._conductance = values

    @property
    def shape(self) -> tuple[int, int]:
        return self._conductance.shape[0], self._conductance.shape[1]

    @property
    def parameters(self) -> tuple[dict[str, Any], ...]:
        return (
            {
                "kind": type(self).__name__,
                "lowest": self._low,
                "highest": self._high,
                "polarity": self.polarity,
                "half_voltage": self.half_voltage,
                "tmr": self.tmr,
            },
        )

    @property
    def states(self) -> tuple[State, ...]:
        return (State("conductance", "conductance at zero bias", "S", self._low, self._high),)

    def values(self) -> dict[str, FloatArray]:
        return {"conductance": self._conductance.copy()}

    def at(self, values: FloatArray) -> Self:
        return self._with(np.ascontiguousarray(values, dtype=np.float64))

    def array_of(self, shape: tuple[int, int], spreads: Mapping[str, float], seed: Seed) -> Self:
        if spreads:
            raise InputError(
                f"spreads: expected none for measured devices, got {validation.shown(next(iter(spreads)))}"
            )
        return self._with(np.full(shape, self._low))

    def _with(self, conductance: FloatArray) -> Self:
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._conductance = conductance
        return other

    def zero_bias_conductance(self) -> FloatArray:
        return self._conductance.copy()

    def current_and_slope(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        current, slope = self.at_inputs(np.asarray(voltage)[np.newaxis])
        return current[0], slope[0]

    def at_inputs(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        if self.half_voltage == np.inf:
            return self._conductance * voltage, np.array(np.broadcast_to(self._conductance, voltage.shape))
        current, slope = np.empty(voltage.shape), np.empty(voltage.shape)
        ones = np.ones((1, 1))
        junction_law(
            0,
            self.shape[0],
            np.ascontiguousarray(voltage),
            (1.0 - self._conductance / self._high) * (1.0 + 1.0 / self.tmr),
            ones * self.tmr,
            ones / self.half_voltage,
            ones * self._high,
            current,
            slope,
        )
        return current, slope

    def coordinates(self) -> dict[str, tuple[float, dict[str, str]]]:
        return {
            "lowest_conductance": (self._low, {"long_name": "lowest conductance", "units": "S"}),
            "highest_conductance": (self._high, {"long_name": "highest conductance", "units": "S"}),
        }


def bias_law_of(device: PulsedDevice) -> tuple[float, float]:
    """The voltage at which the TMR of a device's junction has fallen to half (V; inf: constant), and the TMR.

    Other devices follow Ohm's law.
    """
    cells, one = device.devices, device.device
    if isinstance(cells, MeasuredCells):
        return cells.half_voltage, cells.tmr
    low, high = device.conductance_range()
    return getattr(one, "tmr_half_voltage", math.inf), getattr(one, "tmr", high / low - 1.0)
