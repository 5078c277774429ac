"""A selector and a device in series: the division of a voltage between them, for many cells at once.

In h(u) = ln I_selector(u) - ln I_device(V - u), with u across the selector, laws that rise by decades are nearly
linear.  Newton's method for h = 0 takes a few steps, and one or two from a good guess; if it fails, the same steps are
repeated between bounds.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.threads import run_together, threads
from compact_model.support.validation import ConvergenceError, InputError

from .cells import Cells, Law
from .selectors import Selector

_QUICK_STEPS = 15
_MOST_STEPS = 300
_PRECISION = 1e-14  # of the voltage
_NEAR = 0.1  # of the voltage
_CELLS_AT_ONCE = 8192
_PARALLEL_FROM = 65_536  # cells: for fewer, on a busy machine, waiting for threads takes longer than they save
_EQUAL = 1e-11  # of the currents: the remaining way is linear in float64


@dataclass(frozen=True, eq=False)
class InSeries:
    """Both in series: voltage across both and across the selector, V, current, A, and dI/dV, S, of shape (K, N, M).

    share: of a small change of the voltage, the part across the selector.
    """

    voltage: FloatArray
    on_selector: FloatArray
    current: FloatArray
    slope: FloatArray
    share: FloatArray

    def expected(self, voltage: FloatArray) -> FloatArray:
        """The selector's voltage at another total voltage, to first order, V; all of it for one far away."""
        change = voltage - self.voltage
        return np.where(np.abs(change) <= _NEAR * np.abs(voltage), self.on_selector + self.share * change, voltage)


def in_series(selector: Law, device: Law, voltage: FloatArray, guess: FloatArray | None = None) -> InSeries:
    """The voltage at which both carry the same current.  guess: of the voltage across the selector, V.

    Raises ConvergenceError if there is none, because a law does not increase.
    """
    low, high = np.minimum(voltage, 0.0), np.maximum(voltage, 0.0)
    near = _PRECISION * np.abs(voltage)
    on_selector = voltage if guess is None else np.clip(guess, low, high)
    with np.errstate(all="ignore"):  # a law may overflow; a step that is not finite is rejected
        for _ in range(_QUICK_STEPS):
            through, slope = selector(on_selector)
            beside, other_slope = device(voltage - on_selector)
            excess = through - beside
            ratio = np.log1p(excess / beside)
            steepness = slope / through
            steepness += other_slope / beside
            step = ratio / steepness
            following = on_selector - step
            if not ((following >= low).all() and (following <= high).all()):  # True also for NaN
                outside = ~((following >= low) & (following <= high))
                ratio[excess == 0.0] = 0.0
                # If the device takes almost none of the voltage, the currents' difference is closer to linear.
                straight = on_selector - excess / (slope + other_slope)
                straight = np.where(np.isfinite(straight), straight, 0.5 * on_selector)
                np.copyto(following, np.clip(straight, low, high), where=outside)
                step = on_selector - following
            apart = np.abs(ratio, out=ratio) > _EQUAL
            if not (apart & (np.abs(step) > near)).any():
                return _joined(voltage, on_selector, step, (through, slope), (beside, other_slope))
            on_selector = following
        on_selector = _between_bounds(selector, device, voltage)
        return _joined(
            voltage, on_selector, np.zeros_like(voltage), selector(on_selector), device(voltage - on_selector)
        )


def _joined(
    voltage: FloatArray,
    on_selector: FloatArray,
    step: FloatArray,
    of_selector: tuple[FloatArray, FloatArray],
    of_device: tuple[FloatArray, FloatArray],
) -> InSeries:
    """The results for both, after a last step too short to change their slopes."""
    (through, slope), (beside, other_slope) = of_selector, of_device
    # From the law that is less sensitive to the rounding of the voltage.
    current = np.where(slope < other_slope, through - slope * step, beside + other_slope * step)
    smaller, larger = np.minimum(slope, other_slope), np.maximum(slope, other_slope)
    joint = np.where(smaller > 0.0, smaller / (1.0 + smaller / larger), 0.0)
    share = np.where(slope > 0.0, joint / slope, 1.0)
    return InSeries(voltage, on_selector - step, current, joint, share)


def _between_bounds(selector: Law, device: Law, voltage: FloatArray) -> FloatArray:
    """The voltage across the selector by Newton's method for h, or for the currents' difference, or by bisection."""
    low, high = np.minimum(voltage, 0.0), np.maximum(voltage, 0.0)
    near = _PRECISION * np.abs(voltage)
    on_selector = 0.5 * voltage
    before = np.full(voltage.shape, np.inf)
    for _ in range(_MOST_STEPS):
        through, slope = selector(on_selector)
        beside, other_slope = device(voltage - on_selector)
        excess = through - beside
        high = np.where(excess >= 0.0, on_selector, high)
        low = np.where(excess <= 0.0, on_selector, low)
        ratio = np.log1p(excess / beside)
        proposed = on_selector - ratio / (slope / through + other_slope / beside)
        straight = on_selector - excess / (slope + other_slope)  # for a law that saturates
        proposed = np.where((proposed > low) & (proposed < high), proposed, straight)
        # If that makes no progress, the bracket is halved.
        quick = ~(np.abs(ratio) > 0.5 * before)
        arrived = np.abs(proposed - on_selector) <= near  # False for NaN, like the rest
        inside = (proposed > low) & (proposed < high) & quick
        done = arrived | (high - low <= near)
        following = np.where(inside | arrived, proposed, 0.5 * (low + high))
        on_selector, before = np.clip(following, low, high), np.where(inside, np.abs(ratio), np.inf)
        if done.all():
            return on_selector
    raise ConvergenceError(
        f"selector: no common current of selector and device within {_MOST_STEPS} steps; is its law monotone?"
    )


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
        found: FloatArray = voltage - self._in_series(voltage.reshape(-1, *self.shape)).on_selector.reshape(
            voltage.shape
        )
        return found

    def current_and_slope(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The same current through both."""
        current, slope = self.at_inputs(np.asarray(voltage)[np.newaxis])
        return current[0], slope[0]

    def at_inputs(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        found = self._in_series(voltage)
        return found.current, found.slope

    def at_successive_inputs(self) -> Law:
        last: InSeries | None = None

        def law(voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
            nonlocal last
            guess = last.expected(voltage) if last is not None and last.voltage.shape == voltage.shape else None
            last = self._in_series(voltage, guess)
            return last.current, last.slope

        return law

    def _in_series(self, voltage: FloatArray, guess: FloatArray | None = None) -> InSeries:
        """Selector and device at voltages (K, word lines, bit lines), in pieces."""
        pieces = self._pieces(voltage.shape[0])
        if len(pieces) == 1:
            return in_series(self.selector.current_and_slope, self.cells.at_inputs, voltage, guess)
        whole = InSeries(voltage, *(np.empty(voltage.shape) for _ in range(4)))

        def divide(piece: tuple[slice, slice]) -> None:
            part = self.cells if piece[1] == slice(None) else self.cells.of_word_lines(piece[1])
            assert part is not None
            found = in_series(
                self.selector.current_and_slope,
                part.at_inputs,
                voltage[piece],
                None if guess is None else guess[piece],
            )
            for name in ("on_selector", "current", "slope", "share"):
                getattr(whole, name)[piece] = getattr(found, name)

        # User-defined laws may not be thread-safe.
        count = min(threads(), len(pieces)) if self._divisible and voltage.size >= _PARALLEL_FROM else 1

        def share(index: int) -> None:
            for piece in pieces[index::count]:
                divide(piece)

        run_together(share, count)
        return whole

    @property
    def _divisible(self) -> bool:
        """Whether the laws of some word lines can be evaluated separately."""
        return self.selector.alike and self.cells.of_word_lines(slice(0, 1)) is not None

    def _pieces(self, inputs: int) -> list[tuple[slice, slice]]:
        """Inputs and word lines: enough to make Python's part small, few enough to fit into the cache."""
        words, bits = self.shape
        if words * bits <= _CELLS_AT_ONCE or not self._divisible:
            portion = max(1, _CELLS_AT_ONCE // (words * bits))
            return [(slice(first, first + portion), slice(None)) for first in range(0, inputs, portion)]
        lines = max(1, _CELLS_AT_ONCE // bits)
        return [
            (slice(one, one + 1), slice(first, first + lines))
            for one in range(inputs)
            for first in range(0, words, lines)
        ]
