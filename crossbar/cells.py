"""What stands at the crossings: linear resistors, junctions whose TMR follows the bias, and either with a selector."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from compact_model.device.parameters import DeviceParameters
from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.threads import run_together, threads
from compact_model.support.validation import ConvergenceError, InputError

from .kernels.cells import junction_law
from .selectors import Selector

_MOST_STEPS = 300
_PRECISION = 1e-14
_PARALLEL_FROM = 16_384  # cells: below, waking the threads takes longer


class Cells(ABC):
    """The current-voltage laws of all cells; each rises monotonically through the origin."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int]:
        """Word lines and bit lines."""

    @abstractmethod
    def current_and_slope(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        """I in A and dI/dV in S at voltages in V; all of shape (word lines, bit lines)."""

    def zero_bias_conductance(self) -> FloatArray:
        """dI/dV at V = 0, S."""
        return self.current_and_slope(np.zeros(self.shape))[1]

    def on_device(self, voltage: FloatArray) -> FloatArray:
        """The part of a cell's voltage that lies across its device, V; all of it where nothing is in series."""
        return voltage


class Resistors(Cells):
    """Linear cells of given conductances, S, shape (word lines, bit lines); 0: open."""

    def __init__(self, conductance: ArrayLike) -> None:
        self.conductance = table("conductance", conductance)
        if (self.conductance < 0.0).any():
            raise InputError(f"conductance: expected values of at least 0 S, got {self.conductance.min():g}")

    @property
    def shape(self) -> tuple[int, int]:
        return self.conductance.shape[0], self.conductance.shape[1]

    def current_and_slope(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        return self.conductance * voltage, self.conductance.copy()


class Junctions(Cells):
    """Devices with walls at positions in m, shape (word lines, bit lines): I = V G(x, V).

    parameters: of all devices, or a sequence of one set each, row by row (see `compact_model.vary`).
    """

    def __init__(self, parameters: DeviceParameters | Sequence[DeviceParameters], position: ArrayLike) -> None:
        self.position = table("position", position)
        each = validation.several("parameters", parameters, DeviceParameters)
        if len(each) not in (1, self.position.size):
            raise InputError(
                f"parameters: expected one set, or one for each of the {self.position.size} devices, got {len(each)}"
            )
        self.parameters = tuple(each)
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

    def per_device(self, name: str) -> FloatArray:
        """A parameter of every device, shape (word lines, bit lines), or (1, 1) where all are of one kind."""
        shape = self.shape if len(self.parameters) > 1 else (1, 1)
        return np.array([getattr(item, name) for item in self.parameters], dtype=np.float64).reshape(shape)

    def at(self, position: FloatArray) -> "Junctions":
        """The same devices with their walls elsewhere, m; not checked."""
        other = copy.copy(self)
        other.position = position
        other._share = (self._length - np.minimum(position, self._length)) * self._share_per_length
        return other

    @property
    def shape(self) -> tuple[int, int]:
        return self.position.shape[0], self.position.shape[1]

    def conductance_range(self) -> tuple[FloatArray, FloatArray]:
        """The lowest and the highest conductance at zero bias, with the wall at either end, S, shape (N, M)."""
        low = self.at(np.zeros(self.shape)).zero_bias_conductance()
        return low, np.array(np.broadcast_to(self._parallel_conductance, self.shape))

    def current_and_slope(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        current, slope = np.empty(self.shape), np.empty(self.shape)
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

    def around(self, cells: Cells) -> "Selected":
        """The same selectors with other cells of the same shape; not checked."""
        other = copy.copy(self)
        other.cells = cells
        return other

    def on_device(self, voltage: FloatArray) -> FloatArray:
        return voltage - self._on_selector(voltage)

    def _on_selector(self, voltage: FloatArray) -> FloatArray:
        """Where both carry the same current: Newton's method between bounds."""
        low, high = np.minimum(voltage, 0.0), np.maximum(voltage, 0.0)
        on_selector = 0.5 * voltage
        for number in range(_MOST_STEPS):
            through, slope = self.selector.current_and_slope(on_selector)
            beside, other_slope = self.cells.current_and_slope(voltage - on_selector)
            excess = through - beside
            high = np.where(excess >= 0.0, on_selector, high)
            low = np.where(excess <= 0.0, on_selector, low)
            with np.errstate(invalid="ignore", divide="ignore"):
                proposed = on_selector - excess / (slope + other_slope)
            # Every third step halves the bracket: a steep law lets Newton's method down one volt_scale at a time.
            inside = (proposed > low) & (proposed < high) & (number % 3 < 2)  # False for NaN too
            following = np.where(inside, proposed, 0.5 * (low + high))
            done = (high - low <= _PRECISION * np.abs(voltage)) | (
                inside & (np.abs(following - on_selector) <= _PRECISION * np.abs(voltage))
            )
            on_selector = following
            if done.all():
                break
        else:
            raise ConvergenceError(
                f"selector: no common current of selector and device within {_MOST_STEPS} steps; is its law monotone?"
            )
        return on_selector

    def current_and_slope(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The same current through both."""
        on_selector = self._on_selector(voltage)
        _, slope = self.selector.current_and_slope(on_selector)
        through, other_slope = self.cells.current_and_slope(voltage - on_selector)
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
    result = validation.array(name, values, ("word_line", "bit_line"))
    if result.ndim != 2 or result.size == 0:
        raise InputError(f"{name}: expected shape (word lines, bit lines), at least (1, 1), got {result.shape}")
    return result
