"""Selectors in series with the devices, which keep half-selected cells off: four current-voltage laws."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from compact_model import constants
from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.validation import InputError


class Selector(ABC):
    """A monotone current-voltage law through the origin.  A new kind defines its current and its slope."""

    alike = False
    """Whether the law is the same in every cell, so that it can be evaluated for parts of an array, by several
    threads."""

    @abstractmethod
    def current_and_slope(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        """I(V) in A and dI/dV in S at voltages in V, any shape; rising, with I(0) = 0."""


@dataclass(frozen=True, kw_only=True)
class ExponentialSelector(Selector):
    """Both polarities, I = I_0 sinh(V / V_0)."""

    alike = True

    saturation_current: float
    """I_0, A."""
    voltage_scale: float
    """V_0, V."""

    def __post_init__(self) -> None:
        validation.positive("saturation_current", self.saturation_current)
        validation.positive("voltage_scale", self.voltage_scale)

    def current_and_slope(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        with np.errstate(over="ignore"):  # an infinite current is a valid bound in the search for the voltage
            reduced = voltage / self.voltage_scale
            return (
                self.saturation_current * np.sinh(reduced),
                self.saturation_current / self.voltage_scale * np.cosh(reduced),
            )


@dataclass(frozen=True, kw_only=True)
class ThresholdSelector(Selector):
    """Both polarities: off_resistance below the threshold, on_resistance for the voltage above it.

    The corner is rounded over `sharpness` volts.  Volatile switches with snapback are not monotone, and are not
    covered.
    """

    alike = True

    threshold_voltage: float
    on_resistance: float
    off_resistance: float
    sharpness: float = 0.005

    def __post_init__(self) -> None:
        for name in ("threshold_voltage", "on_resistance", "off_resistance", "sharpness"):
            validation.positive(name, getattr(self, name))
        if self.off_resistance < self.on_resistance:
            raise InputError(
                f"off_resistance: expected at least the on_resistance, {self.on_resistance:g} Ohm, got "
                f"{self.off_resistance:g}"
            )

    def current_and_slope(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        off = 1.0 / self.off_resistance
        gain = 1.0 / self.on_resistance - off
        size = np.abs(voltage)
        above = (size - self.threshold_voltage) / self.sharpness
        near = np.exp(-np.abs(above))
        opposite = np.exp((size + self.threshold_voltage) / -self.sharpness)  # of the opposite corner
        share = 1.0 / (1.0 + opposite)
        # ln(1 + exp(above)) of this corner minus the other's, without a difference of nearly equal numbers.
        excess = -np.expm1(np.minimum(size, self.threshold_voltage) * (-2.0 / self.sharpness))
        excess *= near
        excess = np.log1p(excess * share)
        excess += np.maximum(above, 0.0)
        excess *= gain * self.sharpness
        opposite *= share
        opposite += np.where(above > 0.0, 1.0, near) / (1.0 + near)
        return off * voltage + np.copysign(excess, voltage), off + gain * opposite


@dataclass(frozen=True, kw_only=True)
class DiodeSelector(Selector):
    """One polarity, I = I_s (exp(V / (n V_T)) - 1); a negative voltage writes nothing."""

    alike = True

    saturation_current: float
    """I_s, A."""
    ideality: float = 1.0
    temperature: float = 300.0
    """K."""

    def __post_init__(self) -> None:
        for name in ("saturation_current", "ideality", "temperature"):
            validation.positive(name, getattr(self, name))

    def current_and_slope(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        scale = self.ideality * constants.BOLTZMANN_CONSTANT * self.temperature / constants.ELEMENTARY_CHARGE
        with np.errstate(over="ignore"):
            return (
                self.saturation_current * np.expm1(voltage / scale),
                self.saturation_current / scale * np.exp(voltage / scale),
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class Transistor(Selector):
    """1T1R: on_resistance if the cell's transistor is on, else off_resistance (infinite: cut off).

    on: a mask of shape (word lines, bit lines), usually one row of True.
    """

    on: ArrayLike
    on_resistance: float
    off_resistance: float = np.inf

    def __post_init__(self) -> None:
        validation.positive("on_resistance", self.on_resistance)
        if not (isinstance(self.off_resistance, float) and math.isinf(self.off_resistance)):
            validation.positive("off_resistance", self.off_resistance)
        given = validation.shaped("on", self.on, ("word_line", "bit_line")).copy()
        if given.dtype != bool or given.ndim != 2:
            raise InputError(f"on: expected a mask of shape (word lines, bit lines), got {given.dtype} {given.shape}")
        if self.off_resistance < self.on_resistance:
            raise InputError(
                f"off_resistance: expected at least the on_resistance, {self.on_resistance:g} Ohm, got "
                f"{self.off_resistance:g}"
            )
        object.__setattr__(self, "on", given)

    def current_and_slope(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        if np.shape(self.on) != voltage.shape[-2:]:
            raise InputError(f"on: expected a mask of shape {voltage.shape[-2:]}, got {np.shape(self.on)}")
        slope = np.broadcast_to(np.where(self.on, 1.0 / self.on_resistance, 1.0 / self.off_resistance), voltage.shape)
        return slope * voltage, slope
