"""The wires of an array, as one object that every study accepts for arrays of any size and with any cells."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.validation import InputError

from .faults.faults import FaultRates, Faults, checked_faults

ENDS = ("start", "stop", "both")
LINES = {
    "word_line_resistance": 0,
    "bit_line_resistance": 1,
    "driver_resistance": 0,
    "sense_resistance": 1,
    "stop_driver_resistance": 0,
    "start_sense_resistance": 1,
    "word_line_capacitance": 0,
    "bit_line_capacitance": 1,
}
"""The fields of `Wires`, each with the axis of an array along which it varies: 0 word lines, 1 bit lines."""
SEGMENTS = ("word_line_resistance", "bit_line_resistance")
"""Those that may differ from segment to segment."""
OTHER_ENDS = {"stop_driver_resistance": "word_line_ends", "start_sense_resistance": "bit_line_ends"}
"""Those of the second end of lines connected at both ends, None if it is like the first one."""


@dataclass(frozen=True, kw_only=True)
class Wires:
    """The wires, drivers and sense resistances of an array; without arguments, ideal wires.

    word_line_resistance, bit_line_resistance: Ohm, of one segment of wire; one for all lines, one per line, or one per
        segment, shape (word lines, segments) or (segments, bit lines), counted from the start of a line to its stop.
        The segment to the source is included: a line has as many segments as cells, and one more if both ends are
        connected.  A segment of 0 Ohm makes its two ends one node.
    driver_resistance: Ohm, between a word line's source and its first segment; one for all, or one per word line.
    sense_resistance: Ohm, between a bit line's last segment and its source or sense node; one for all, or per line.
    stop_driver_resistance, start_sense_resistance: Ohm, the same at the other end, the right of a word line and the top
        of a bit line, if both are connected; None: as at the first one.
    word_line_capacitance, bit_line_capacitance: F, of one segment of wire to ground, at each cell; one for all lines,
    or one per line.  They affect only simulations over time (`simulate_array`).
    word_line_ends, bit_line_ends: which ends of the lines are connected: 'start', 'stop' or 'both'.
    faults: of the cells and lines, or their probabilities; given here so that every function that accepts wires also
    accepts a faulty array.

    Raises InputError for a value that is negative or not a number.
    """

    word_line_resistance: ArrayLike = 0.0
    bit_line_resistance: ArrayLike = 0.0
    driver_resistance: ArrayLike = 0.0
    sense_resistance: ArrayLike = 0.0
    stop_driver_resistance: ArrayLike | None = None
    start_sense_resistance: ArrayLike | None = None
    word_line_capacitance: ArrayLike = 0.0
    bit_line_capacitance: ArrayLike = 0.0
    word_line_ends: str = "start"
    bit_line_ends: str = "stop"
    faults: Faults | FaultRates | None = None

    def __post_init__(self) -> None:
        validation.choice("word_line_ends", self.word_line_ends, ENDS)
        validation.choice("bit_line_ends", self.bit_line_ends, ENDS)
        for name, ends in OTHER_ENDS.items():
            which = getattr(self, ends)
            if getattr(self, name) is not None and which != "both":
                raise InputError(f"{name}: expected one only with {ends} of 'both', got it with {which!r}")
        checked_faults(self.faults)
        for name, axis in LINES.items():
            if name in OTHER_ENDS and getattr(self, name) is None:
                continue
            values, axes = getattr(self, name), ("word_line", "bit_line")
            labelled_segments = name in SEGMENTS and getattr(values, "ndim", 0) == 2
            given = validation.array(name, values, axes if labelled_segments else axes[axis : axis + 1])
            if given.ndim > 1 + (name in SEGMENTS):
                what = "one for each line, or one for each segment" if name in SEGMENTS else "or one for each line"
                raise InputError(f"{name}: expected one value, {what}, got shape {given.shape}")
            if (given < 0.0).any():
                unit = "F" if name.endswith("capacitance") else "Ohm"
                raise InputError(f"{name}: expected values of at least 0 {unit}, got {given.min():g}")
            object.__setattr__(self, name, given if given.ndim else given.item())

    @classmethod
    def equal(
        cls,
        segment: float,
        *,
        driver_resistance: float = 0.0,
        sense_resistance: float = 0.0,
        faults: Faults | FaultRates | None = None,
    ) -> Self:
        """Word lines and bit lines whose segments all have the same resistance, Ohm."""
        return cls(
            word_line_resistance=segment,
            bit_line_resistance=segment,
            driver_resistance=driver_resistance,
            sense_resistance=sense_resistance,
            faults=faults,
        )

    def keywords(self) -> dict[str, Any]:
        """The wires as keyword arguments; values common to all lines are single numbers, which fit any array."""
        return {
            **{name: _shared(getattr(self, name)) for name in LINES},
            "word_line_ends": self.word_line_ends,
            "bit_line_ends": self.bit_line_ends,
            "faults": self.faults,
        }

    def with_new_faults(self, draw: np.random.Generator) -> Self:
        """The same wires with faults drawn anew, as for the next of several chips; unchanged if none are drawn."""
        return replace(self, faults=self.faults.anew(draw)) if isinstance(self.faults, FaultRates) else self

    def between(self, low_resistance: ArrayLike, high_resistance: ArrayLike) -> Self:
        """The same for cells that are stuck at these resistances, Ohm, if the faults do not specify any."""
        if self.faults is None:
            return self
        return replace(self, faults=self.faults.at_ends(low_resistance, high_resistance))


def wires_or_ideal(wires: Wires | None) -> Wires:
    """The wires given to a study; None: ideal wires."""
    return Wires() if wires is None else validation.instance("wires", wires, Wires)


def per_line(name: str, values: ArrayLike, count: int) -> FloatArray:
    """One of the checked values of `Wires`, for each of a number of lines."""
    given = np.asarray(values, dtype=np.float64)
    if given.size not in (1, count):
        raise InputError(f"{name}: expected one value, or one for each of the {count} lines, got shape {given.shape}")
    return np.array(np.broadcast_to(given, (count,)))


def per_segment(name: str, values: ArrayLike, shape: tuple[int, int], ends: str, axis: int) -> FloatArray:
    """Checked resistances of the segments of lines: one for each line, or one for each segment.

    axis: 0 for lines that run along the word lines, 1 along the bit lines.
    """
    given = np.asarray(values, dtype=np.float64)
    if given.ndim < 2:
        return per_line(name, values, shape[axis])
    along = shape[1 - axis] + (ends == "both")
    wanted = (shape[0], along) if axis == 0 else (along, shape[1])
    if given.shape != wanted:
        raise InputError(
            f"{name}: expected one value, one for each of the {shape[axis]} lines, or shape {wanted}, one for each "
            f"segment, got shape {given.shape}"
        )
    return given.copy()


def interrupted(faults: Faults | None, kind: str, segments: ArrayLike, ends: str, nodes: int) -> FloatArray:
    """Resistances of segments, Ohm, (lines,) or (lines, segments), with inf where faults of a kind break lines.

    nodes: of each line.
    """
    given = np.asarray(segments, dtype=np.float64)
    if faults is None or not getattr(faults, kind):
        return given
    each = given if given.ndim == 2 else np.repeat(given[:, np.newaxis], nodes + (ends == "both"), axis=1)
    return faults.broken(kind, each)


def joined_lines(
    ends: str, segments: FloatArray, at_start: FloatArray, at_stop: FloatArray, floating: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """`Network`'s arguments for lines of one kind: segment, start and stop, Ohm, inf where no source is connected.

    segments: (lines,) or (lines, segments); at_start, at_stop: (lines,), Ohm, between the segments and the sources;
    floating: (lines,).
    """
    if segments.ndim == 1:
        first = last = between = segments
        bare = segments == 0.0
    else:
        first, last = segments[:, 0], segments[:, -1]
        between = segments[:, int(ends != "stop") : segments.shape[1] - int(ends != "start")]
        bare = ~between.any(axis=1)
    start, stop = first + at_start, last + at_stop
    # A line without any resistance has one node: a second connection to the same voltage changes nothing.
    idle = (start == 0.0) & (stop == 0.0) & bare & (ends == "both")
    return (
        between,
        np.where(floating | (ends == "stop"), np.inf, start),
        np.where(floating | (ends == "start") | idle, np.inf, stop),
    )


def fed_nodes(segments: FloatArray, start: FloatArray, stop: FloatArray, nodes: int) -> NDArray[np.bool_]:
    """Whether a source reaches each node through its own line, (lines, nodes); the lines as `joined_lines` has them."""
    between = segments if segments.ndim == 2 else np.zeros((start.size, nodes - 1))
    whole = np.isfinite(between)
    from_start = np.column_stack([np.isfinite(start), whole])
    from_stop = np.column_stack([whole, np.isfinite(stop)])
    return np.asarray(
        np.logical_and.accumulate(from_start, axis=1) | np.logical_and.accumulate(from_stop[:, ::-1], axis=1)[:, ::-1]
    )


def _shared(values: ArrayLike | None) -> Any:
    """The common number of all lines, or the numbers of all lines."""
    if values is None:
        return None
    given = np.asarray(values)
    return given.flat[0].item() if given.size and (given == given.flat[0]).all() else values
