"""What stands at the crossings and moves: all that the network in time asks of a device, whatever it is.

A new kind of device is one class derived from `MovingCells`.  The network (`stepper`, `simulation`) and all that is
done with arrays (writing, programming, disturb, updates, learning, netlists) know this class and nothing of what is
behind.
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
"""All that goes on, as numbers and arrays by name, of kinds that NetCDF holds."""


@dataclass(frozen=True)
class SubcircuitText:
    """One kind of device as a sub-circuit in ngspice's language.

    text: up to `.ends`, as ngspice reads it.  Its terminals are top, bottom and one node for each of `states`, in the
    order of the device's own; `units` says what 1 V on each of them is, in the state's unit.  current: the name of the
    B source within that carries the device's current.
    """

    name: str
    text: str
    states: tuple[str, ...]
    units: tuple[float, ...]
    current: str


@dataclass(frozen=True)
class NetlistCell:
    """One cell as an element of a netlist.

    model: a SubcircuitText, or an object of a class for which `spice.netlists.devices` has a writer; cells of one kind
    share one object.  values: of the instance's parameters, among them where its states start.
    """

    model: Any
    values: Mapping[str, float]


class MovingCells(StatefulCells):
    """Devices with a state that voltages move; the state is theirs and goes on in place.

    Current-voltage law, state and range come from `StatefulCells`.  All arrays have shape (word lines, bit lines).
    """

    @abstractmethod
    def copy(self) -> Self:
        """The same devices in the same state, which go on independently."""

    @abstractmethod
    def advance(self, duration: float, voltage: FloatArray, target: FloatArray) -> None:
        """Move all states over `duration` seconds, under voltages (V) that go straight from `voltage` to `target`."""

    @abstractmethod
    def save(self) -> Saved:
        """All that goes on, copied, so that `restore` continues from it bit for bit."""

    @abstractmethod
    def restore(self, saved: Saved) -> None:
        """Continue from a `save` of the same devices; InputError for one of others."""

    @abstractmethod
    def sensitivity(self, voltage: FloatArray) -> float:
        """How fast an error of these voltages moves a first state at most, in its unit per (V s)."""

    @property
    @abstractmethod
    def tolerance(self) -> float:
        """What the coupling to the wires may add to a first state in one run unless another is asked for; its unit."""

    @abstractmethod
    def identity(self) -> dict[str, str]:
        """What tells these devices in this state from others, as short texts by name."""

    @abstractmethod
    def netlist(self) -> Sequence[NetlistCell]:
        """Every cell, row by row, as an element of a netlist that starts in the present state."""

    def rest(self, duration: float) -> None:
        """Move all states over `duration` seconds at 0 V."""
        nothing = np.zeros(self.shape)
        self.advance(duration, nothing, nothing)

    follows_curves = False
    """Whether `follow` is given: voltages that bend then take fewer intervals."""

    def follow(self, duration: float, voltage: FloatArray) -> None:
        """Move all states over `duration` seconds under voltages that are polynomials of the time.

        voltage: (terms, word lines, bit lines), V, the coefficients of u^0, u^1, ..., with u from -1 to 1 on the way.
        """
        raise NotImplementedError(f"{type(self).__name__} moves under straight lines alone")

    @property
    def shortest_interval(self) -> float:
        """s; less than this between two solutions tells nothing, as within one draw of chance; else 0."""
        return 0.0

    @property
    def random(self) -> bool:
        """Whether chance moves the states as well."""
        return False

    def check_run(self, largest_voltage: float, duration: float) -> None:
        """InputError for a run (V on a device, s) that these devices cannot be taken through."""

    def attributes(self) -> dict[str, Any]:
        """What a result says of these devices besides their origin: numbers and texts by name."""
        return {}

    def origin(self) -> dict[str, Any]:
        """Further arguments of `provenance`: landscapes, seed."""
        return {}


def straight(voltage: FloatArray, target: FloatArray) -> FloatArray:
    """A straight line from one voltage to another, as `MovingCells.follow` takes it."""
    return np.stack([0.5 * (voltage + target), 0.5 * (target - voltage)])


def moving_devices(cells: Cells | None) -> MovingCells:
    """The devices among the cells of an array, without their selectors; InputError where these cannot move."""
    devices = None if cells is None else cells.devices
    if isinstance(devices, MovingCells):
        return devices
    parts = [name for name in sorted(MovingCells.__abstractmethods__) if not hasattr(devices, name)]
    got = "resistances" if devices is None else f"{type(devices).__name__} without {', '.join(parts) or 'that base'}"
    raise InputError(
        f"array: expected a Crossbar with cells that move (DomainWalls, Memristors, or MovingCells of yours), got {got}"
    )
