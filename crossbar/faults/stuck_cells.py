"""Cells of which some are stuck: sound ones keep their law and their motion, the others have a fixed law.

Cells with faults have the capabilities of the same cells without: `with_faults` wraps plain laws, devices with a state
and devices that move, each in a class of its kind.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from compact_model.support.arrays import FloatArray
from compact_model.support.provenance import digest
from compact_model.support.random import Seed
from compact_model.support.validation import InputError

from ..cells import Cells, Resistors, State, StatefulCells
from ..in_time.dynamics import FixedDevice, MovingCells, NetlistCell, Saved
from .faults import Faults, Mask

_LINEAR = 1e-12  # of the current: deviation of a resistance from Ohm's law at the scale of a device's voltages


class StuckCells(Cells):
    """Laws of which some are Ohm's.

    conductance: S, of the cells whose law is replaced, NaN elsewhere; shape (word lines, bit lines).
    """

    def __init__(self, cells: Cells, conductance: FloatArray) -> None:
        self.sound = cells
        """The same cells without faults."""
        self.conductance = conductance
        self._straight = np.isfinite(conductance)
        self._slope = np.where(self._straight, conductance, 0.0)

    @property
    def shape(self) -> tuple[int, int]:
        return self.sound.shape

    @property
    def parameters(self) -> Sequence[Any]:
        return self.sound.parameters

    @property
    def has_barrier(self) -> bool:
        return self.sound.has_barrier

    def current_and_slope(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        current, slope = self.sound.current_and_slope(voltage)
        return self._replaced(voltage, current, slope)

    def at_inputs(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        current, slope = self.sound.at_inputs(voltage)
        return self._replaced(voltage, current, slope)

    def _replaced(self, voltage: FloatArray, current: FloatArray, slope: FloatArray) -> tuple[FloatArray, FloatArray]:
        return (
            np.where(self._straight, self._slope * voltage, current),
            np.where(self._straight, self._slope, slope),
        )


class StuckStatefulCells(StuckCells, StatefulCells):
    """Devices with a state, of which some keep theirs, or their law.

    held: mask (word lines, bit lines) of those whose state is fixed, including the ones with a law of their own.
    """

    sound: StatefulCells

    def __init__(self, cells: StatefulCells, conductance: FloatArray, held: Mask) -> None:
        super().__init__(cells, conductance)
        self.held = self._kept = held
        self.polarity, self.spreads_in_tables = cells.polarity, cells.spreads_in_tables

    @property
    def states(self) -> tuple[State, ...]:
        return self.sound.states

    def values(self) -> dict[str, FloatArray]:
        return self.sound.values()

    def at(self, values: FloatArray) -> Self:
        other = copy.copy(self)
        other.sound = self.sound.at(np.where(self._kept, self.sound.first_state(), values))
        return other

    def array_of(self, shape: tuple[int, int], spreads: Mapping[str, float], seed: Seed) -> Self:
        raise InputError("cells: expected sound ones to make arrays of their kind, got some with faults")

    def conductance_range(self) -> tuple[FloatArray, FloatArray]:
        """The range of sound cells, which may be requested of a cell before it is known to be stuck."""
        return self.sound.conductance_range()

    def voltage_scale(self) -> FloatArray:
        return self.sound.voltage_scale()

    def coordinates(self) -> dict[str, tuple[float, dict[str, str]]]:
        return self.sound.coordinates()


class StuckMovingCells(StuckStatefulCells, MovingCells):
    """Devices that move, of which some are held."""

    sound: MovingCells

    def __init__(self, cells: MovingCells, conductance: FloatArray, held: Mask) -> None:
        super().__init__(cells, conductance, held)
        self.follows_curves = cells.follows_curves

    def copy(self) -> Self:
        other = copy.copy(self)
        other.sound = self.sound.copy()
        return other

    def _keeping(self, before: Saved) -> None:
        """Return the held devices to their states."""
        after = dict(self.sound.save())
        for name, values in after.items():
            if np.shape(values) == self.shape:
                after[name] = np.where(self._kept, before[name], values)
        self.sound.restore(after)

    def _felt(self, voltage: FloatArray) -> FloatArray:
        return np.where(self._kept, 0.0, voltage)

    def advance(self, duration: float, voltage: FloatArray, target: FloatArray) -> None:
        before = self.sound.save()
        self.sound.advance(duration, self._felt(voltage), self._felt(target))
        self._keeping(before)

    def follow(self, duration: float, voltage: FloatArray) -> None:
        before = self.sound.save()
        self.sound.follow(duration, self._felt(voltage))
        self._keeping(before)

    def rest(self, duration: float) -> None:
        before = self.sound.save()
        self.sound.rest(duration)
        self._keeping(before)

    def save(self) -> Saved:
        return self.sound.save()

    def restore(self, saved: Saved) -> None:
        self.sound.restore(saved)

    def sensitivity(self, voltage: FloatArray) -> float:
        return self.sound.sensitivity(self._felt(voltage))

    @property
    def tolerance(self) -> float:
        return self.sound.tolerance

    @property
    def shortest_interval(self) -> float:
        return self.sound.shortest_interval

    @property
    def random(self) -> bool:
        return self.sound.random

    def check_run(self, largest_voltage: float, duration: float) -> None:
        self.sound.check_run(largest_voltage, duration)

    def identity(self) -> dict[str, str]:
        return {**self.sound.identity(), "faults": digest(self.conductance, self._kept.astype(np.float64))}

    def attributes(self) -> dict[str, Any]:
        return self.sound.attributes()

    def origin(self) -> dict[str, Any]:
        return self.sound.origin()

    def netlist(self) -> Sequence[NetlistCell]:
        cells = list(self.sound.netlist())
        values = self.values()
        states = np.array([values[each.name].ravel() for each in self.states]).T
        scale = self.voltage_scale()
        current, _ = self.current_and_slope(scale)
        plain = self.zero_bias_conductance()
        linear = np.abs(current - plain * scale) <= _LINEAR * np.abs(current)
        for index in np.flatnonzero(self._kept).tolist():
            conductance = float(plain.flat[index]) if linear.flat[index] else None
            fixed = FixedDevice(cells[index].model, tuple(states[index].tolist()), conductance)
            cells[index] = NetlistCell(fixed, cells[index].values)
        return cells


def with_faults(cells: Cells, faults: Faults) -> Cells:
    """The same cells, devices behind their selectors, with these faults in place of any earlier ones.

    Raises InputError for a shorted cell without a resistance.
    """
    devices = cells.devices
    if isinstance(devices, Resistors):
        values = faults.conductance(devices.conductance)
        _refuse_shorts(values)
        return cells.with_devices(Resistors(values))
    if isinstance(devices, StuckCells):
        devices = devices.sound
    where = faults.cells(devices.shape)
    if not isinstance(devices, StatefulCells):
        nothing = np.zeros(devices.shape)
        conductance = np.where(where, faults.conductance(nothing), np.nan)
        _refuse_shorts(conductance)
        return cells.with_devices(StuckCells(devices, conductance))
    low, high = devices.conductance_range()
    conductance = faults.stuck_conductance(low, high)
    _refuse_shorts(conductance)
    first = devices.states[0]
    ends = faults.mask("stuck_low", devices.shape), faults.mask("stuck_high", devices.shape)
    values = np.where(ends[0], first.stop, np.where(ends[1], first.start, devices.first_state()))
    placed = devices.at(values)
    if isinstance(placed, MovingCells):
        return cells.with_devices(StuckMovingCells(placed, conductance, where))
    return cells.with_devices(StuckStatefulCells(placed, conductance, where))


def _refuse_shorts(conductance: FloatArray) -> None:
    if np.isinf(conductance).any():
        raise InputError(
            "shorted_resistance: expected Ohm above 0 in an array of non-linear cells, got a cell of 0 Ohm"
        )
