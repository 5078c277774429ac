"""The cells at the crossings: linear resistors, and junctions with bias-dependent TMR; `series` adds selectors.

User-defined devices can be added at three levels.  `Cells` have current-voltage laws, which is all that a static
solution needs.  `StatefulCells` have a state that determines the law.  `in_time.dynamics.MovingCells` define how
voltages change that state.
"""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compact_model.device.parameters import DeviceParameters
from compact_model.device.variation import vary
from compact_model.support import validation
from compact_model.support.arrays import FloatArray, read_only
from compact_model.support.memory import check_memory
from compact_model.support.random import Seed
from compact_model.support.threads import run_together, threads
from compact_model.support.validation import InputError

from .kernels.cells import junction_law

BYTES_PER_CELL = 96
"""Memory of an array per cell, conductances and the fast solver included; with Junctions about the same."""
_PARALLEL_FROM = 262_144  # cells: for fewer, on a busy machine, waiting for threads takes longer than they save

Law = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""Currents, A, and their slopes, S, at voltages in V, all of shape (K, word lines, bit lines)."""


class Cells(ABC):
    """The current-voltage laws of all cells; each must increase monotonically and pass through the origin."""

    def __new__(cls, *arguments: Any, **options: Any) -> Self:
        """Refuse a class that lacks a part, by the names of both, before any computation."""
        missing = sorted(getattr(cls, "__abstractmethods__", ()))
        if missing:
            base = next(each for each in cls.__mro__ if each.__module__.startswith("crossbar."))
            raise InputError(f"cells: expected every part of {base.__name__}, got {cls.__name__} without {missing[0]}")
        return super().__new__(cls)

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int]:
        """Word lines and bit lines."""

    @abstractmethod
    def current_and_slope(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        """I in A and dI/dV in S at voltages in V; all of shape (word lines, bit lines)."""

    def at_inputs(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The same for K inputs, all of shape (K, word lines, bit lines)."""
        found = [self.current_and_slope(each) for each in voltage]
        return np.array([current for current, _ in found]), np.array([slope for _, slope in found])

    def at_successive_inputs(self) -> Law:
        """`at_inputs` for successive calls with converging voltages, each of which may start from the last result."""
        return self.at_inputs

    def of_word_lines(self, part: slice) -> "Cells | None":
        """The laws of the cells of some word lines, for work divided among threads; None: not divisible."""
        return None

    @property
    def parameters(self) -> Sequence[Any]:
        """Parameter sets of the devices, one for all or one for each, as recorded in the provenance of results."""
        return ()

    @property
    def devices(self) -> "Cells":
        """The cells without their selectors."""
        return self

    def with_devices(self, devices: "Cells") -> "Cells":
        """The same selectors with other devices of the same shape; not checked."""
        return devices

    def zero_bias_conductance(self) -> FloatArray:
        """dI/dV at V = 0, S."""
        return self.current_and_slope(np.zeros(self.shape))[1]

    def on_device(self, voltage: FloatArray) -> FloatArray:
        """The part of a cell's voltage that drops across its device, V; all of it if nothing is in series.

        Of shape (word lines, bit lines), or (K, word lines, bit lines).
        """
        return voltage

    @property
    def has_barrier(self) -> bool:
        """Whether the devices are tunnel junctions, whose barrier may break down at about 1 V."""
        return False


@dataclass(frozen=True, eq=False)
class State:
    """A state variable of the devices: its name and unit in results, and its limits.

    start, stop: numbers, or shape (word lines, bit lines), in the unit.  The first state variable of a device
    determines its conductance, which is lowest at `start`; start may be above stop.
    """

    name: str
    long_name: str
    unit: str
    start: FloatArray | float = -np.inf
    stop: FloatArray | float = np.inf

    def inside(self, values: FloatArray) -> bool:
        """Whether values lie between the limits, apart from round-off."""
        low, high = np.minimum(self.start, self.stop), np.maximum(self.start, self.stop)
        slack = 1e-12 * np.where(np.isfinite(high - low), high - low, 0.0)
        return bool(((values >= low - slack) & (values <= high + slack)).all())


class StatefulCells(Cells):
    """Devices whose law depends on a state, as needed for static solutions, transition tables and targets."""

    polarity = 1.0
    """The sign of the voltage that raises the conductance."""
    spreads_in_tables: tuple[str, ...] = ()
    """Parameters whose deviations a table of pulses can follow: those that change nothing but the law, or the scale of
    voltages."""
    held: NDArray[np.bool_] | None = None
    """Mask of devices, shape (word lines, bit lines), whose states are fixed because they are faulty; None: none."""

    @property
    @abstractmethod
    def states(self) -> tuple[State, ...]:
        """The state variables; the first one determines the conductance."""

    @abstractmethod
    def values(self) -> dict[str, FloatArray]:
        """All states by name, copies of shape (word lines, bit lines)."""

    @abstractmethod
    def at(self, values: FloatArray) -> Self:
        """An independent copy with another first state variable, shape (word lines, bit lines); not checked."""

    @abstractmethod
    def array_of(self, shape: tuple[int, int], spreads: Mapping[str, float], seed: Seed) -> Self:
        """Devices like the first one at every crossing of an array, with their first state variable at its start.

        spreads: standard deviations by parameter name, as for `compact_model.vary`; a class rejects parameters that it
        cannot vary.
        """

    def first_state(self) -> FloatArray:
        """A copy of the state variable that determines the conductance."""
        return self.values()[self.states[0].name]

    def at_share(self, share: float) -> Self:
        """A copy with the first state variable at a fraction, 0 to 1, of the way from lowest to highest conductance."""
        first = self.states[0]
        return self.at(
            np.array(np.broadcast_to(first.start + share * (np.subtract(first.stop, first.start)), self.shape))
        )

    def conductance_range(self) -> tuple[FloatArray, FloatArray]:
        """The lowest and the highest conductance at zero bias, S, shape (word lines, bit lines)."""
        return self.at_share(0.0).zero_bias_conductance(), self.at_share(1.0).zero_bias_conductance()

    def voltage_scale(self) -> FloatArray:
        """Divisor of voltages when devices are compared: similar devices move equally at equal fractions of it."""
        return np.ones(self.shape)

    def coordinates(self) -> dict[str, tuple[float, dict[str, str]]]:
        """Values and attributes, by name, that identify this kind of device in a study; those of the first device."""
        return {}


class Resistors(Cells):
    """Linear cells with given conductances, S, shape (word lines, bit lines); 0: open."""

    def __init__(self, conductance: ArrayLike) -> None:
        self._conductance = table("conductance", conductance)
        if (self._conductance < 0.0).any():
            raise InputError(f"conductance: expected values of at least 0 S, got {self.conductance.min():g}")

    @classmethod
    def with_shorts(cls, conductance: FloatArray) -> "Resistors":
        """The same, not checked, with inf for shorted cells; only cells with transistors can have them."""
        made = cls(np.zeros(conductance.shape))
        made._conductance = conductance
        return made

    @property
    def conductance(self) -> FloatArray:
        """S, (word lines, bit lines), read-only."""
        return read_only(self._conductance)

    @property
    def shape(self) -> tuple[int, int]:
        return self.conductance.shape[0], self.conductance.shape[1]

    def current_and_slope(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        return self.conductance * voltage, self.conductance.copy()

    def zero_bias_conductance(self) -> FloatArray:
        return self.conductance.copy()

    def at_inputs(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        return self.conductance * voltage, np.array(np.broadcast_to(self.conductance, voltage.shape))

    def of_word_lines(self, part: slice) -> "Resistors":
        return Resistors(self.conductance[part])


class Junctions(StatefulCells):
    """Devices with walls at positions in m, shape (word lines, bit lines): I = V G(x, V).

    parameters: one set for all devices, or a sequence with one for each, row by row (see `compact_model.vary`).
    They have their reference temperature: a static solution leaves out Joule heating.
    """

    spreads_in_tables = ("parallel_resistance", "tmr")

    def __init__(self, parameters: DeviceParameters | Sequence[DeviceParameters], position: ArrayLike) -> None:
        self._position = table("position", position)
        each = validation.several("parameters", parameters, DeviceParameters)
        if len(each) not in (1, self.position.size):
            raise InputError(
                f"parameters: expected one set, or one for each of the {self.position.size} devices, got {len(each)}"
            )
        self._parameters = tuple(each)
        length = self.per_device("track_length")
        wrong = (self.position < 0.0) | (self.position > length * (1.0 + 1e-12))
        if wrong.any():
            raise InputError(
                f"position: expected positions on the track, 0 to {length.min():g} m, got "
                f"{self.position.min():g} to {self.position.max():g}"
            )
        self._length = length
        self._share_per_length = self.per_device("track_width") / self.per_device("junction_area")
        self._tmr = self.per_device("tmr")
        self._inverse_half_voltage = 1.0 / self.per_device("tmr_half_voltage")
        self._parallel_conductance = 1.0 / self.per_device("parallel_resistance")
        self._share = (length - np.minimum(self.position, length)) * self._share_per_length

    @property
    def position(self) -> FloatArray:
        """m, (word lines, bit lines), read-only: `at` gives the same devices with other positions."""
        return read_only(self._position)

    @property
    def has_barrier(self) -> bool:
        return True

    @property
    def parameters(self) -> tuple[DeviceParameters, ...]:
        """Parameters of all devices, or of each, row by row."""
        return self._parameters

    @property
    def states(self) -> tuple[State, ...]:
        return (State("position", "wall position x", "m", 0.0, self._length),)

    def values(self) -> dict[str, FloatArray]:
        return {"position": self.position.copy()}

    def array_of(self, shape: tuple[int, int], spreads: Mapping[str, float], seed: Seed) -> "Junctions":
        one, count = self.parameters[0], shape[0] * shape[1]
        return Junctions(vary(one, count, dict(spreads), seed=seed) if spreads else one, np.zeros(shape))

    def voltage_scale(self) -> FloatArray:
        """R_P times the junction's area, Ohm m2: V divided by it is the current density that moves a wall."""
        return self.per_device("junction_area") * self.per_device("parallel_resistance")

    def coordinates(self) -> dict[str, tuple[float, dict[str, str]]]:
        one = self.parameters[0]
        return {
            "track_length": (one.track_length, {"long_name": "track length", "units": "m"}),
            "parallel_resistance": (one.parallel_resistance, {"units": "Ohm"}),
        }

    def per_device(self, name: str) -> FloatArray:
        """A parameter of every device, shape (word lines, bit lines), or (1, 1) if all devices are equal."""
        shape = self.shape if len(self.parameters) > 1 else (1, 1)
        return np.array([getattr(item, name) for item in self.parameters], dtype=np.float64).reshape(shape)

    def at(self, values: FloatArray) -> Self:
        """The same devices with their walls at other positions, m; not checked."""
        other = copy.copy(self)
        other._position = values
        other._share = (self._length - np.minimum(values, self._length)) * self._share_per_length
        return other

    def with_tmr(self, tmr: FloatArray) -> Self:
        """The same devices with other TMRs, (word lines, bit lines) or (1, 1), such as those at another temperature."""
        other = copy.copy(self)
        other._tmr = np.array(np.broadcast_to(tmr, self.shape))
        other._inverse_half_voltage = np.array(np.broadcast_to(self._inverse_half_voltage, self.shape))
        other._parallel_conductance = np.array(np.broadcast_to(self._parallel_conductance, self.shape))
        return other

    @property
    def shape(self) -> tuple[int, int]:
        return self.position.shape[0], self.position.shape[1]

    def conductance_range(self) -> tuple[FloatArray, FloatArray]:
        """The lowest and the highest conductance at zero bias, with the wall at either end, S, shape (N, M)."""
        low = self.at(np.zeros(self.shape)).zero_bias_conductance()
        return low, np.array(np.broadcast_to(self._parallel_conductance, self.shape))

    def current_and_slope(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        current, slope = self.at_inputs(np.asarray(voltage)[np.newaxis])
        return current[0], slope[0]

    def at_inputs(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        current, slope = np.empty(voltage.shape), np.empty(voltage.shape)
        table = np.ascontiguousarray(voltage)
        rows = self.shape[0]
        count = min(threads(), rows) if voltage.size >= _PARALLEL_FROM else 1

        def law(index: int) -> None:
            junction_law(
                index * rows // count,
                (index + 1) * rows // count,
                table,
                self._share,
                self._tmr,
                self._inverse_half_voltage,
                self._parallel_conductance,
                current,
                slope,
            )

        run_together(law, count)
        return current, slope

    def of_word_lines(self, part: slice) -> "Junctions":
        other = copy.copy(self)
        for name in ("_position", *_TABLES):
            values = getattr(self, name)
            if values.shape[0] > 1:
                setattr(other, name, values[part])
        first, stop, _ = part.indices(self.shape[0])
        if len(self._parameters) > 1:
            other._parameters = self._parameters[first * self.shape[1] : stop * self.shape[1]]
        return other


_TABLES = ("_length", "_share_per_length", "_tmr", "_inverse_half_voltage", "_parallel_conductance", "_share")


def table(name: str, values: ArrayLike) -> FloatArray:
    """Numbers of shape (word lines, bit lines)."""
    check_memory("the array", BYTES_PER_CELL * float(validation.shaped(name, values).size))
    result = validation.array(name, values, ("word_line", "bit_line"))
    if result.ndim != 2 or result.size == 0:
        raise InputError(f"{name}: expected shape (word lines, bit lines), at least (1, 1), got {result.shape}")
    return result
