"""The interface of devices whose state moves: everything that the simulation of an array over time needs from them.

A new kind of device is one class derived from `MovingCells`.  The network (`stepper`, `simulation`) and all operations
on arrays (writing, programming, disturb, updates, learning, netlists) use only this interface.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from compact_model.support.arrays import FloatArray
from compact_model.support.validation import InputError

from ..cells import Cells, StatefulCells

Saved = Mapping[str, Any]
"""A snapshot as numbers and arrays by name, of types that NetCDF holds."""


@dataclass(frozen=True)
class SubcircuitText:
    """One kind of device as a sub-circuit for ngspice.

    text: the sub-circuit up to `.ends`.  Its terminals are top, bottom and one node for each of `states`, in the order
    of the device's state variables; `units` gives the value of 1 V on each of these nodes, in the unit of the state.
    current: the name of the B source inside that carries the device's current.
    """

    name: str
    text: str
    states: tuple[str, ...]
    units: tuple[float, ...]
    current: str


@dataclass(frozen=True)
class FixedDevice:
    """A faulty device with a fixed state, for the netlist's writer of a `NetlistCell`.

    sound: the model of the same device without a fault.  states: of the device, each in its unit.
    conductance: S, of a cell that is a resistance; 0: it is open; None: it keeps the law of its device.
    """

    sound: Any
    states: tuple[float, ...]
    conductance: float | None


@dataclass(frozen=True)
class NetlistCell:
    """One cell as an element of a netlist.

    model: a SubcircuitText, or an object of a class for which `spice.netlists.devices` has a writer; cells of one kind
    share one object.  A cell with a fault has a FixedDevice.  values: instance parameters, including the initial state.
    """

    model: Any
    values: Mapping[str, float]


class MovingCells(StatefulCells):
    """Devices with a state that is moved by voltages and updated in place.

    Current-voltage law, state and range are defined by `StatefulCells`.  All arrays have shape (word lines, bit lines).
    """

    @abstractmethod
    def copy(self) -> Self:
        """The same devices in the same state, which then evolve independently."""

    @abstractmethod
    def advance(self, duration: float, voltage: FloatArray, target: FloatArray) -> None:
        """Move all states over `duration` seconds, under voltages (V) that go linearly from `voltage` to `target`."""

    @abstractmethod
    def save(self) -> Saved:
        """A copy of everything that changes, from which `restore` continues bit for bit."""

    @abstractmethod
    def restore(self, saved: Saved) -> None:
        """Continue from a `save` of the same devices; raises InputError if it is of other devices."""

    @abstractmethod
    def sensitivity(self, voltage: FloatArray) -> float:
        """Largest rate at which a voltage error moves a first state variable, in its unit per (V s)."""

    @property
    @abstractmethod
    def tolerance(self) -> float:
        """Default limit of the error of a first state variable in one run by the coupling to the wires, in its unit."""

    @abstractmethod
    def identity(self) -> dict[str, str]:
        """Short texts by name that identify these devices in this state."""

    @abstractmethod
    def netlist(self) -> Sequence[NetlistCell]:
        """Every cell, row by row, as an element of a netlist that starts in the present state."""

    def rest(self, duration: float) -> None:
        """Move all states over `duration` seconds at 0 V."""
        nothing = np.zeros(self.shape)
        self.advance(duration, nothing, nothing)

    follows_curves = False
    """Whether `follow` is defined; curved voltages then take fewer intervals."""

    def follow(self, duration: float, voltage: FloatArray) -> None:
        """Move all states over `duration` seconds under voltages that are polynomials of the time.

        voltage: (terms, word lines, bit lines), V, the coefficients of u^0, u^1, ..., with u from -1 to 1 over the
        duration.
        """
        raise NotImplementedError(f"{type(self).__name__} moves under straight lines alone")

    @property
    def shortest_interval(self) -> float:
        """Shortest useful time between two solutions, s, such as the interval of random numbers; 0 if there is none."""
        return 0.0

    @property
    def random(self) -> bool:
        """Whether the states also move at random."""
        return False

    def check_run(self, largest_voltage: float, duration: float) -> None:
        """Raise InputError for a run (V across a device, s) that these devices cannot follow."""

    def attributes(self) -> dict[str, Any]:
        """Attributes of results about these devices, besides their provenance: numbers and texts by name."""
        return {}

    def origin(self) -> dict[str, Any]:
        """Further arguments of `provenance`: landscapes, seed."""
        return {}


def straight(voltage: FloatArray, target: FloatArray) -> FloatArray:
    """A straight line from one voltage to another, in the form of `MovingCells.follow`."""
    return np.stack([0.5 * (voltage + target), 0.5 * (target - voltage)])


def moving_devices(cells: Cells | None) -> MovingCells:
    """The devices of an array without their selectors; raises InputError if they cannot move."""
    devices = None if cells is None else cells.devices
    if isinstance(devices, MovingCells):
        return devices
    parts = [name for name in sorted(MovingCells.__abstractmethods__) if not hasattr(devices, name)]
    got = "resistances" if devices is None else f"{type(devices).__name__} without {', '.join(parts) or 'that base'}"
    raise InputError(
        f"array: expected a Crossbar with cells that move (DomainWalls, Memristors, or MovingCells of yours), got {got}"
    )
