"""The cells at the crossings: linear resistors, junctions with bias-dependent TMR, and either with a selector.

User-defined devices can be added at three levels.  `Cells` have current-voltage laws, which is all that a static
solution needs.  `StatefulCells` have a state that determines the law.  `in_time.dynamics.MovingCells` define how
voltages change that state.
"""

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compact_model.device.parameters import DeviceParameters
from compact_model.device.variation import vary
from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.memory import check_memory
from compact_model.support.random import Seed
from compact_model.support.threads import run_together, threads
from compact_model.support.validation import ConvergenceError, InputError

from .kernels.cells import junction_law
from .selectors import Selector

BYTES_PER_CELL = 96
"""What an array takes of memory, conductances and the fast solver included; with Junctions about as much."""
_MOST_STEPS = 300
_PRECISION = 1e-14
_PARALLEL_FROM = 262_144  # cells: below, on a busy machine, waiting for threads takes longer than they save


class Cells(ABC):
    """The current-voltage laws of all cells; each must increase monotonically and pass through the origin."""

    def __new__(cls, *arguments: Any, **options: Any) -> Self:
        """Refuse a class that lacks a part, by the names of both, before anything is done with it."""
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
        """The part of a cell's voltage that drops across its device, V; all of it if nothing is in series."""
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
    """Mask of devices, shape (word lines, bit lines), whose state nothing changes, since they are faulty; None: none.
    """

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
        self.conductance = table("conductance", conductance)
        if (self.conductance < 0.0).any():
            raise InputError(f"conductance: expected values of at least 0 S, got {self.conductance.min():g}")

    @property
    def shape(self) -> tuple[int, int]:
        return self.conductance.shape[0], self.conductance.shape[1]

    def current_and_slope(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        return self.conductance * voltage, self.conductance.copy()

    def at_inputs(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        return self.conductance * voltage, np.array(np.broadcast_to(self.conductance, voltage.shape))


class Junctions(StatefulCells):
    """Devices with walls at positions in m, shape (word lines, bit lines): I = V G(x, V).

    parameters: one set for all devices, or a sequence with one for each, row by row (see `compact_model.vary`).
    """

    spreads_in_tables = ("parallel_resistance", "tmr")

    def __init__(self, parameters: DeviceParameters | Sequence[DeviceParameters], position: ArrayLike) -> None:
        self.position = table("position", position)
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
    def has_barrier(self) -> bool:
        return True

    @property
    def parameters(self) -> tuple[DeviceParameters, ...]:
        """Of all devices, or of each, row by row."""
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
        other.position = values
        other._share = (self._length - np.minimum(values, self._length)) * self._share_per_length
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


class Selected(Cells):
    """Other cells, each with a selector in series (1S1R, 1T1R)."""

    def __init__(self, cells: Cells, selector: Selector) -> None:
        self.cells = validation.instance("cells", cells, Cells)
        self.selector = validation.instance("selector", selector, Selector)
        try:
            self.selector.current_and_slope(np.zeros(self.shape))
        except ValueError:
            raise InputError(f"selector: expected one for {self.shape} cells, got one of another shape") from None

    @property
    def shape(self) -> tuple[int, int]:
        return self.cells.shape

    @property
    def parameters(self) -> Sequence[Any]:
        return self.cells.parameters

    @property
    def devices(self) -> Cells:
        return self.cells.devices

    def with_devices(self, devices: Cells) -> "Selected":
        other = copy.copy(self)
        other.cells = devices
        return other

    def on_device(self, voltage: FloatArray) -> FloatArray:
        found: FloatArray = voltage - self._on_selector(voltage[np.newaxis])[0]
        return found

    def _on_selector(self, voltage: FloatArray) -> FloatArray:
        """Of voltages (K, word lines, bit lines): where both carry the same current.

        Newton's method for the logarithm of the ratio of both currents, between bounds: a law that rises by decades is
        nearly straight there, where Newton's method for the currents' difference would go down one scale at a time.
        """
        low, high = np.minimum(voltage, 0.0), np.maximum(voltage, 0.0)
        near = _PRECISION * np.abs(voltage)
        on_selector = 0.5 * voltage
        before = np.full(voltage.shape, np.inf)
        for _ in range(_MOST_STEPS):
            through, slope = self.selector.current_and_slope(on_selector)
            beside, other_slope = self.cells.at_inputs(voltage - on_selector)
            excess = through - beside
            high = np.where(excess >= 0.0, on_selector, high)
            low = np.where(excess <= 0.0, on_selector, low)
            with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
                ratio = np.log1p(excess / beside)
                proposed = on_selector - ratio / (slope / through + other_slope / beside)
                straight = on_selector - excess / (slope + other_slope)  # for a law that saturates
                proposed = np.where((proposed > low) & (proposed < high), proposed, straight)
                # Where that does not get on, the bracket is halved.
                quick = ~(np.abs(ratio) > 0.5 * before)
                arrived = np.abs(proposed - on_selector) <= near  # False for NaN, as what follows
            inside = (proposed > low) & (proposed < high) & quick
            done = arrived | (high - low <= near)
            following = np.where(inside | arrived, proposed, 0.5 * (low + high))
            on_selector, before = np.clip(following, low, high), np.where(inside, np.abs(ratio), np.inf)
            if done.all():
                break
        else:
            raise ConvergenceError(
                f"selector: no common current of selector and device within {_MOST_STEPS} steps; is its law monotone?"
            )
        return on_selector

    def current_and_slope(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The same current through both."""
        current, slope = self.at_inputs(np.asarray(voltage)[np.newaxis])
        return current[0], slope[0]

    def at_inputs(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        on_selector = self._on_selector(voltage)
        _, slope = self.selector.current_and_slope(on_selector)
        through, other_slope = self.cells.at_inputs(voltage - on_selector)
        with np.errstate(invalid="ignore", divide="ignore"):
            # From the branch with the smaller slope, which has lost no digits.
            joint = np.where(
                slope < other_slope, slope / (1.0 + slope / other_slope), other_slope / (1.0 + other_slope / slope)
            )
        return self._common_current(voltage, on_selector, through, slope, other_slope), np.where(
            (slope > 0.0) & (other_slope > 0.0), joint, 0.0
        )

    def _common_current(
        self,
        voltage: FloatArray,
        on_selector: FloatArray,
        through: FloatArray,
        slope: FloatArray,
        other_slope: FloatArray,
    ) -> FloatArray:
        """The current by the law that feels the rounded voltage less."""
        by_selector, _ = self.selector.current_and_slope(on_selector)
        return np.where(slope < other_slope, by_selector, through)


def table(name: str, values: ArrayLike) -> FloatArray:
    """Numbers of shape (word lines, bit lines)."""
    check_memory("the array", BYTES_PER_CELL * float(validation.shaped(name, values).size))
    result = validation.array(name, values, ("word_line", "bit_line"))
    if result.ndim != 2 or result.size == 0:
        raise InputError(f"{name}: expected shape (word lines, bit lines), at least (1, 1), got {result.shape}")
    return result
