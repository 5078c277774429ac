"""What stands at the crossings: linear resistors, junctions whose TMR follows the bias, and either with a selector."""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compact_model import validation
from compact_model.parameters import DeviceParameters
from compact_model.resistance import antiparallel_share
from compact_model.validation import ConvergenceError, InputError

from .selectors import Selector

Array = NDArray[np.float64]

_MOST_STEPS = 300
_PRECISION = 1e-14


class Cells(ABC):
    """The current-voltage laws of all cells; each rises monotonically through the origin."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int]:
        """Word lines and bit lines."""

    @abstractmethod
    def current_and_slope(self, voltage: Array) -> tuple[Array, Array]:
        """I in A and dI/dV in S at voltages in V; all of shape (word lines, bit lines)."""

    def zero_bias_conductance(self) -> Array:
        """dI/dV at V = 0, S."""
        return self.current_and_slope(np.zeros(self.shape))[1]


class Resistors(Cells):
    """Linear cells of given conductances, S, shape (word lines, bit lines); 0: open."""

    def __init__(self, conductance: ArrayLike) -> None:
        self.conductance = table("conductance", conductance)
        if (self.conductance < 0.0).any():
            raise InputError(f"conductance: expected values of at least 0 S, got {self.conductance.min():g}")

    @property
    def shape(self) -> tuple[int, int]:
        return self.conductance.shape[0], self.conductance.shape[1]

    def current_and_slope(self, voltage: Array) -> tuple[Array, Array]:
        return self.conductance * voltage, self.conductance.copy()


class Junctions(Cells):
    """Devices of one kind with walls at positions in m, shape (word lines, bit lines): I = V G(x, V)."""

    def __init__(self, parameters: DeviceParameters, position: ArrayLike) -> None:
        self.parameters = validation.instance("parameters", parameters, DeviceParameters)
        self.position = table("position", position)
        if (self.position < 0.0).any() or (self.position > parameters.track_length * (1.0 + 1e-12)).any():
            raise InputError(
                f"position: expected positions on the track, 0 to {parameters.track_length:g} m, got "
                f"{self.position.min():g} to {self.position.max():g}"
            )
        self._share = antiparallel_share(parameters, self.position)

    @property
    def shape(self) -> tuple[int, int]:
        return self.position.shape[0], self.position.shape[1]

    def current_and_slope(self, voltage: Array) -> tuple[Array, Array]:
        device = self.parameters
        bias = voltage / device.tmr_half_voltage
        denominator = 1.0 + device.tmr + bias * bias
        drop = self._share * device.tmr / denominator
        conductance = (1.0 - drop) / device.parallel_resistance
        return voltage * conductance, conductance + 2.0 * drop * bias * bias / denominator / device.parallel_resistance


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

    def current_and_slope(self, voltage: Array) -> tuple[Array, Array]:
        """The same current through both; the selector's voltage is found by Newton's method between bounds."""
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
        self, voltage: Array, on_selector: Array, through: Array, slope: Array, other_slope: Array
    ) -> Array:
        """The current by the law that feels the rounded voltage less."""
        by_selector, _ = self.selector.current_and_slope(on_selector)
        return np.where(slope < other_slope, by_selector, through)


def table(name: str, values: ArrayLike) -> Array:
    """Numbers of shape (word lines, bit lines)."""
    result = validation.array(name, values)
    if result.ndim != 2 or result.size == 0:
        raise InputError(f"{name}: expected shape (word lines, bit lines), at least (1, 1), got {result.shape}")
    return result
