"""Drives: waveforms of current, voltage or current density, applied to a device over time."""

import bisect
import functools
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from .support import validation
from .support.arrays import FloatArray
from .support.validation import InputError

_MOST_PERIODS = 1e6  # of a sine in one simulation: each is a row of polynomials, 600 bytes in all


class Waveform(ABC):
    """A function of time in s.  A new kind defines its values and the times at which they jump or have a kink."""

    @abstractmethod
    def __call__(self, time: ArrayLike) -> FloatArray:
        """The value at times in s, any shape."""

    def at(self, time: float) -> float:
        """The value at one time, without the checks, for inner loops."""
        return float(self(time))

    @abstractmethod
    def edges(self, start: float, stop: float) -> Iterable[float]:
        """Times in (start, stop) at which the value or its slope jumps."""

    def knots(self, start: float, stop: float) -> Iterable[float]:
        """Times in (start, stop) at which the smooth parts must be divided, so that no feature is missed."""
        return ()


@dataclass(frozen=True)
class PiecewiseLinear(Waveform):
    """Linear interpolation between points, as in SPICE's PWL; constant before the first and after the last point.

    times: s, in non-decreasing order; a time that occurs twice is a jump (the later value holds at that time).
    values: of the same length.
    """

    times: tuple[float, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        times = validation.increasing("times", self.times, strictly=False)
        values = validation.numbers("values", self.values)
        if times.shape != values.shape:
            raise InputError(f"values: expected one value for each of the {times.size} times, got {values.size}")
        object.__setattr__(self, "times", tuple(times.tolist()))
        object.__setattr__(self, "values", tuple(values.tolist()))

    def __call__(self, time: ArrayLike) -> FloatArray:
        now = validation.array("time", time)
        if len(self.values) == 1:
            same: FloatArray = np.full(now.shape, self.values[0])[()]  # a number for a number
            return same
        times, values = np.asarray(self.times), np.asarray(self.values)
        after = np.searchsorted(times, now, side="right")
        low = np.clip(after - 1, 0, times.size - 1)
        high = np.clip(after, 0, times.size - 1)
        span = times[high] - times[low]
        share = np.where(span > 0.0, (now - times[low]) / np.where(span > 0.0, span, 1.0), 0.0)
        # Before the first point both indices are that point, after the last one both are the last.
        result: FloatArray = values[low] + share * (values[high] - values[low])
        return result

    def at(self, time: float) -> float:
        after = bisect.bisect_right(self.times, time)
        low, high = max(after - 1, 0), min(after, len(self.times) - 1)
        span = self.times[high] - self.times[low]
        share = (time - self.times[low]) / span if span > 0.0 else 0.0
        return self.values[low] + share * (self.values[high] - self.values[low])

    def edges(self, start: float, stop: float) -> Iterable[float]:
        times = np.unique(np.asarray(self.times))
        result: list[float] = times[(times > start) & (times < stop)].tolist()
        return result

    def scaled(self, factor: float) -> "PiecewiseLinear":
        """The same waveform with its values multiplied by a factor."""
        scale = validation.number("factor", factor)
        return PiecewiseLinear(self.times, tuple(scale * value for value in self.values))

    def delayed(self, delay: float) -> "PiecewiseLinear":
        """The same waveform, delayed by a time in s; negative: earlier."""
        later = validation.number("delay", delay)
        return PiecewiseLinear(tuple(later + time for time in self.times), self.values)


@dataclass(frozen=True)
class Sine(Waveform):
    """offset + amplitude sin(2 pi frequency t); frequency in Hz."""

    amplitude: float
    frequency: float
    offset: float = 0.0

    def __post_init__(self) -> None:
        validation.number("amplitude", self.amplitude)
        validation.positive("frequency", self.frequency)
        validation.number("offset", self.offset)

    def __call__(self, time: ArrayLike) -> FloatArray:
        result: FloatArray = self.offset + self.amplitude * np.sin(
            2.0 * np.pi * self.frequency * validation.array("time", time)
        )
        return result

    def edges(self, start: float, stop: float) -> Iterable[float]:
        return ()

    def knots(self, start: float, stop: float) -> Iterable[float]:
        quarter = 0.25 / self.frequency
        periods = (stop - start) * self.frequency
        if periods > _MOST_PERIODS:
            raise InputError(
                f"frequency: expected at most {_MOST_PERIODS:g} periods in the simulated time, got {periods:g}"
            )
        result: list[float] = (quarter * np.arange(np.ceil(start / quarter), np.floor(stop / quarter) + 1)).tolist()
        return result


@dataclass(frozen=True)
class WaveformSum(Waveform):
    """A weighted sum of waveforms (scales: one weight for each) plus a constant offset."""

    waveforms: tuple[Waveform, ...]
    scales: tuple[float, ...]
    offset: float = 0.0

    def __post_init__(self) -> None:
        if len(self.waveforms) != len(self.scales):
            raise InputError(
                f"scales: expected one for each of {len(self.waveforms)} waveforms, got {len(self.scales)}"
            )

    def __call__(self, time: ArrayLike) -> FloatArray:
        pairs = zip(self.waveforms, self.scales, strict=True)
        return np.asarray(sum((scale * waveform(time) for waveform, scale in pairs), start=self.offset))

    def edges(self, start: float, stop: float) -> Iterable[float]:
        return sorted({edge for waveform in self.waveforms for edge in waveform.edges(start, stop)})

    def knots(self, start: float, stop: float) -> Iterable[float]:
        return sorted({knot for waveform in self.waveforms for knot in waveform.knots(start, stop)})


def is_known(waveform: Waveform) -> bool:
    """Whether a waveform is defined in this module: such waveforms never change, and equal ones are the same
    function."""
    if type(waveform) is WaveformSum:
        return all(is_known(each) for each in waveform.waveforms)
    return type(waveform) in (PiecewiseLinear, Sine)


def constant(value: float) -> PiecewiseLinear:
    """The same value at all times."""
    return _constant(value) if type(value) is float else PiecewiseLinear((0.0,), (value,))


@functools.lru_cache(maxsize=256)
def _constant(value: float) -> PiecewiseLinear:
    return PiecewiseLinear((0.0,), (value,))


def ramp(rate: float, stop: float, start_value: float = 0.0) -> PiecewiseLinear:
    """From start_value at t = 0 with a constant rate (per s) until stop (s), constant afterwards."""
    duration = validation.positive("stop", stop)
    begin = validation.number("start_value", start_value)
    return PiecewiseLinear((0.0, duration), (begin, begin + validation.number("rate", rate) * duration))


def pulses(amplitudes: ArrayLike, *, width: float, period: float, start: float = 0.0) -> PiecewiseLinear:
    """Rectangular pulses, one for each amplitude, with a period in s and 0 in between; the first begins at start."""
    heights = validation.numbers("amplitudes", amplitudes)
    on = validation.positive("width", width)
    every = validation.positive("period", period)
    if on > every:
        raise InputError(f"width: expected at most the period, {every:g} s, got {on:g} s")
    begin = validation.number("start", start) + every * np.arange(heights.size)
    end = np.minimum(begin + on, np.append(begin[1:], np.inf))
    times = np.column_stack([begin, begin, end, end]).ravel()
    values = np.column_stack([np.zeros_like(heights), heights, heights, np.zeros_like(heights)]).ravel()
    return PiecewiseLinear(tuple(times.tolist()), tuple(values.tolist()))


def trapezoid(*, width: float, edge: float) -> PiecewiseLinear:
    """A pulse of height 1 from t = 0: rise in `edge` (s), top of `width`, fall in `edge`; edge 0: a rectangle."""
    on, rise = validation.positive("width", width), validation.non_negative("edge", edge)
    return PiecewiseLinear((0.0, rise, rise + on, 2.0 * rise + on), (0.0, 1.0, 1.0, 0.0))


def staircase(values: ArrayLike, *, dwell: float) -> PiecewiseLinear:
    """A dc sweep: each value in turn for `dwell` seconds, from t = 0."""
    levels = validation.numbers("values", values)
    duration = validation.positive("dwell", dwell)
    times = np.repeat(duration * np.arange(levels.size + 1), 2)[1:-1]
    return PiecewiseLinear(tuple(times.tolist()), tuple(np.repeat(levels, 2).tolist()))


def as_waveform(name: str, value: Waveform | float) -> Waveform:
    """A waveform unchanged, or a number as a constant waveform."""
    return value if isinstance(value, Waveform) else constant(validation.number(name, value))


@dataclass(frozen=True)
class Drive:
    """A waveform together with its quantity; use one of the three subclasses.  A number means a constant waveform."""

    waveform: Waveform

    quantity = ""
    unit = ""

    def __post_init__(self) -> None:
        if type(self) is Drive:
            raise InputError("drive: expected a Current, a Voltage or a CurrentDensity, got a plain Drive")
        object.__setattr__(self, "waveform", as_waveform(self.quantity, self.waveform))

    @classmethod
    def of(cls, value: Waveform | float) -> Self:
        """The drive of a waveform, or of a constant number."""
        return cls(as_waveform(cls.quantity, value))


class Current(Drive):
    """A current source, A; positive from the top of the junction to the bottom, towards the P state."""

    quantity = "current"
    unit = "A"


class Voltage(Drive):
    """A voltage source, V; a positive voltage drives a positive current."""

    quantity = "voltage"
    unit = "V"


class CurrentDensity(Drive):
    """A current source of J times the junction's area, with this J in the torques, A/m2 (as the paper simulates)."""

    quantity = "current density"
    unit = "A/m2"


DRIVES: dict[str, type[Drive]] = {"current": Current, "voltage": Voltage}
"""The sources that a laboratory has, by their names."""
