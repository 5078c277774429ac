"""The faulty cells and lines of an array, given one by one or drawn at random, and their effect.

An array gets its faults when it is made, as one of the arguments of its wires (`Wires.faults`), so every study, which
is given wires, can study faulty arrays.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.memory import check_memory
from compact_model.support.random import Seed, generator
from compact_model.support.validation import InputError

from ..schemes import array_shape
from .checks import Place, check_resistances, checked_cells, checked_places, siemens

Mask = NDArray[np.bool_]
KINDS = ("stuck_low", "stuck_high", "open_cells", "shorted_cells")
"""Kinds of faulty cells."""
LINE_FAULTS = (
    "broken_word_lines",
    "broken_bit_lines",
    "shorted_word_lines",
    "shorted_bit_lines",
    "broken_source_lines",
    "shorted_source_lines",
)
"""Faults of lines, by the names of their positions."""
_RESISTANCES = ("low_resistance", "high_resistance", "shorted_resistance", "shorted_lines_resistance")
_MOST_LISTED = 8
AnyFaults = TypeVar("AnyFaults", "Faults", "FaultRates")


@dataclass(frozen=True, kw_only=True, eq=False)
class Faults:
    """The faulty cells and lines of an array.

    stuck_low, stuck_high: masks (word lines, bit lines), True where a cell keeps the lowest or the highest resistance
        of its device, whatever is written into it.  open_cells: where the cell does not conduct; shorted_cells: where
        it has shorted_resistance instead of a device.  None: no such cell.
    stuck_at: Ohm by (word line, bit line), for further cells that keep the given resistance.
    low_resistance, high_resistance: Ohm, one or (word lines, bit lines), of cells that are stuck low and high in an
        array of plain resistances, which have no lowest and highest value; studies set them themselves.  Devices with a
        state derive them from their law, and follow it at every voltage.
    shorted_resistance: Ohm, above 0 in arrays of non-linear cells.
    broken_word_lines, broken_bit_lines: (line, segment), for each break of a line; segments are counted as in `Wires`
        from the start of the line, including the one to the source.  A part that no source reaches is connected through
        its cells alone.
    shorted_word_lines, shorted_bit_lines: (word line, bit line) of cells at which a word line is connected to the next
        one below, or a bit line to the next one to the right; shorted_lines_resistance: Ohm, above 0, of each such
        contact.
    broken_source_lines, shorted_source_lines: of the source lines of arrays with transistors (`TransistorCrossbar`), as
        for the others; the next source line is the one to the right, or below where they run beside the word lines.
    stuck_on_gates: of arrays with transistors, a mask of cells whose gates are always on.  A transistor that never
        conducts is an open cell.

    The device is faulty; a selector or a transistor in series with it still works.  The state of a faulty device (the
    position of its wall) does not change.  Raises InputError for masks of different shapes and for a cell named twice.
    """

    stuck_low: ArrayLike | None = None
    stuck_high: ArrayLike | None = None
    open_cells: ArrayLike | None = None
    shorted_cells: ArrayLike | None = None
    stuck_at: Mapping[tuple[int, int], float] = field(default_factory=dict)
    low_resistance: ArrayLike | None = None
    high_resistance: ArrayLike | None = None
    shorted_resistance: float = 0.0
    broken_word_lines: Collection[Place] = ()
    broken_bit_lines: Collection[Place] = ()
    shorted_word_lines: Collection[Place] = ()
    shorted_bit_lines: Collection[Place] = ()
    shorted_lines_resistance: float = 1.0
    broken_source_lines: Collection[Place] = ()
    shorted_source_lines: Collection[Place] = ()
    stuck_on_gates: ArrayLike | None = None

    def __post_init__(self) -> None:
        shape = None
        for kind in (*KINDS, "stuck_on_gates"):
            if getattr(self, kind) is None:
                continue
            mask = validation.shaped(kind, getattr(self, kind), ("word_line", "bit_line")).copy()
            if mask.dtype != bool or mask.ndim != 2 or mask.shape != (shape or mask.shape):
                wanted = shape or "(word lines, bit lines)"
                raise InputError(f"{kind}: expected a mask of shape {wanted}, got {mask.dtype} {mask.shape}")
            shape = mask.shape
            mask.flags.writeable = False
            object.__setattr__(self, kind, mask)
        object.__setattr__(self, "stuck_at", checked_cells(self.stuck_at))
        for kind in LINE_FAULTS:
            object.__setattr__(self, kind, checked_places(kind, getattr(self, kind)))
        check_resistances(self)

    def touch(self, shape: tuple[int, int]) -> bool:
        """Whether an array of this shape has any of them; InputError as in `cells`."""
        gates = self.mask("stuck_on_gates", shape)
        return bool(self.cells(shape).any()) or not self.sound_lines or bool(gates.any())

    @property
    def sound_lines(self) -> bool:
        """Whether no line is broken or shorted to another."""
        return not any(getattr(self, kind) for kind in LINE_FAULTS)

    def refuse(self, kinds: Collection[str], array: str) -> None:
        """InputError if there are any of these kinds, which have no meaning in such an array."""
        for kind in kinds:
            given = getattr(self, kind)
            if given is not None and np.size(given):
                raise InputError(f"faults: expected no {kind} in {array}, got some")

    def broken(self, kind: str, segments: FloatArray) -> FloatArray:
        """A copy of resistances of segments, Ohm, (lines, segments), with inf at the breaks of a kind."""
        result = segments.copy()
        for line, segment in getattr(self, kind):
            if line >= segments.shape[0] or segment >= segments.shape[1]:
                raise InputError(
                    f"{kind}: expected lines from 0 to {segments.shape[0] - 1} and segments from 0 to "
                    f"{segments.shape[1] - 1}, got ({line}, {segment})"
                )
            result[line, segment] = np.inf
        return result

    def bridges(self, kind: str, shape: tuple[int, int], source_lines: str = "bit_line") -> FloatArray | None:
        """S, between neighbouring lines: (N - 1, M) for lines along word lines, (N, M - 1) for others; None: no
        contacts.

        kind: of LINE_FAULTS, such as 'shorted_bit_lines'; shape: of the array; source_lines: the lines beside
        which its source lines run.
        """
        places = getattr(self, kind)
        if not places:
            return None
        below = kind == "shorted_word_lines" or (kind == "shorted_source_lines" and source_lines == "word_line")
        pairs = np.zeros((shape[0] - 1, shape[1]) if below else (shape[0], shape[1] - 1))
        for place in places:
            if place[0] >= pairs.shape[0] or place[1] >= pairs.shape[1]:
                raise InputError(
                    f"{kind}: expected cells that have a next line, of {pairs.shape[0]} x {pairs.shape[1]}, got {place}"
                )
            pairs[place] = 1.0 / self.shorted_lines_resistance
        return pairs

    def cells(self, shape: tuple[int, int]) -> Mask:
        """The faulty cells of an array of this shape; InputError if these are the faults of an array of another
        shape."""
        found = np.zeros(array_shape(shape), dtype=bool)
        for kind in KINDS:
            mask = self.mask(kind, shape)
            self._refuse_twice(np.argwhere(found & mask))
            found |= mask
        for place in self.stuck_at:
            if place[0] >= shape[0] or place[1] >= shape[1]:
                raise InputError(f"stuck_at: expected cells of an array of {shape}, got {place}")
            if found[place]:
                self._refuse_twice(np.array([place]))
            found[place] = True
        return found

    def conductance(self, sound: FloatArray) -> FloatArray:
        """The conductances, S, of the faulty array, as a new array, given those of the sound one.

        Raises InputError if a cell is stuck at an end without a value (`low_resistance`, `high_resistance`).
        """
        low = siemens(self.low_resistance, sound.shape)
        high = siemens(self.high_resistance, sound.shape)
        faulty = self.cells(_two(sound.shape))
        for kind, ends in (("stuck_low", low), ("stuck_high", high)):
            if ends is None and self.mask(kind, _two(sound.shape)).any():
                raise InputError(
                    f"faults: expected {kind.removeprefix('stuck_')}_resistance with {kind}, since the cells are "
                    "resistances that do not know their ends, got None"
                )
        nothing = np.zeros(sound.shape)
        ends_of = nothing if low is None else low, nothing if high is None else high
        return np.where(faulty, self._values(ends_of[0], ends_of[1]), sound)

    def stuck_conductance(self, lowest: FloatArray, highest: FloatArray) -> FloatArray:
        """Conductance of each faulty cell that follows Ohm's law, S; NaN elsewhere.

        lowest, highest: S, the limits of the devices' conductances; cells that are stuck there follow the device's law
        unless low_resistance or high_resistance is given.
        """
        shape = _two(lowest.shape)
        own = siemens(self.low_resistance, shape), siemens(self.high_resistance, shape)
        nothing = np.full(shape, np.nan)
        values = self._values(nothing if own[0] is None else own[0], nothing if own[1] is None else own[1])
        return np.where(self.cells(shape), values, np.nan)

    def _values(self, low: FloatArray, high: FloatArray) -> FloatArray:
        """S, of the faulty cells; undefined for the others."""
        shape = _two(low.shape)
        short = np.inf if self.shorted_resistance == 0.0 else 1.0 / self.shorted_resistance
        result = np.where(self.mask("stuck_low", shape), low, high)
        result = np.where(self.mask("open_cells", shape), 0.0, result)
        result = np.where(self.mask("shorted_cells", shape), short, result)
        for place, ohms in self.stuck_at.items():
            result[place] = np.inf if ohms == 0.0 else 1.0 / ohms
        return result

    def mask(self, kind: str, shape: tuple[int, int]) -> Mask:
        """The cells with faults of one of KINDS, in an array of this shape."""
        mask = getattr(self, kind)
        if mask is None:
            return np.zeros(shape, dtype=bool)
        if mask.shape != shape:
            raise InputError(f"faults: expected those of an array of {shape}, got {kind} of shape {mask.shape}")
        return np.asarray(mask)

    @staticmethod
    def _refuse_twice(places: NDArray[np.intp]) -> None:
        if len(places):
            shown = ", ".join(str(tuple(each)) for each in places[:_MOST_LISTED].tolist())
            raise InputError(f"faults: expected every cell in one kind of fault, got {shown} in two")

    def at_ends(self, low_resistance: ArrayLike, high_resistance: ArrayLike) -> "Faults":
        """The same with the resistances of cells that are stuck low and high, Ohm, if not given."""
        return _at_ends(self, low_resistance, high_resistance)


@dataclass(frozen=True, kw_only=True)
class FaultRates:
    """The probability of each kind of fault: random faults of arrays of any shape.

    stuck_low, stuck_high, open_cells, shorted_cells: the probability that a cell has this fault; together at most 1.
    broken_segments: the probability that a segment of a word line or bit line (in arrays with transistors, of a source
        line or bit line) is broken; shorted_lines: that two neighbouring lines of a kind are connected at a cell.
    low_resistance, high_resistance, shorted_resistance, shorted_lines_resistance: see `Faults`.
    seed: of the random draw when an array is made; arrays of one shape then have the same faults.  Studies with repeats
        draw different faults in each repeat.
    """

    stuck_low: float = 0.0
    stuck_high: float = 0.0
    open_cells: float = 0.0
    shorted_cells: float = 0.0
    low_resistance: ArrayLike | None = None
    high_resistance: ArrayLike | None = None
    shorted_resistance: float = 0.0
    broken_segments: float = 0.0
    shorted_lines: float = 0.0
    shorted_lines_resistance: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        for kind in (*KINDS, "broken_segments", "shorted_lines"):
            object.__setattr__(self, kind, validation.between(kind, getattr(self, kind), 0.0, 1.0))
        total = sum(getattr(self, kind) for kind in KINDS)
        if total > 1.0 + 1e-12:
            raise InputError(f"{', '.join(KINDS)}: expected probabilities of at most 1 together, got {total:g}")
        validation.whole("seed", self.seed, 0, at_most=None)
        check_resistances(self)

    def draw(self, shape: tuple[int, int], seed: Seed | None = None) -> Faults:
        """The faults of one array whose lines are connected at one end; seed: None: its own."""
        return self.drawn_for(shape, seed)

    def drawn_for(
        self,
        shape: tuple[int, int],
        seed: Seed | None = None,
        *,
        both_ends: tuple[bool, bool] = (False, False),
        source_lines: str | None = None,
    ) -> Faults:
        """The faults of one array.

        both_ends: whether the word lines (source lines), and the bit lines, are connected at both ends and have one
        more segment.  source_lines: of an array with transistors, the lines beside which they run.
        """
        cells = array_shape(shape)
        check_memory("the faults", 17.0 * cells[0] * cells[1])
        draw = generator(self.seed if seed is None else seed)
        chance = draw.random(cells)
        masks, below = {}, 0.0
        for kind in KINDS:
            above = below + getattr(self, kind)
            masks[kind] = (chance >= below) & (chance < above)
            below = above
        return Faults(
            **masks,
            **self._lines(cells, both_ends, source_lines, draw),
            **{name: getattr(self, name) for name in _RESISTANCES},
        )

    def _lines(
        self,
        shape: tuple[int, int],
        both_ends: tuple[bool, bool],
        source_lines: str | None,
        draw: np.random.Generator,
    ) -> dict[str, Any]:
        """Breaks and shorts of lines."""
        found: dict[str, Any] = {}

        def places(probability: float, *counts: int) -> tuple[Place, ...]:
            return tuple((int(one), int(other)) for one, other in np.argwhere(draw.random(counts) < probability))

        words, bits = shape
        if self.broken_segments > 0.0:
            if source_lines is None:
                found["broken_word_lines"] = places(self.broken_segments, words, bits + both_ends[0])
            elif source_lines == "word_line":
                found["broken_source_lines"] = places(self.broken_segments, words, bits + both_ends[0])
            else:
                found["broken_source_lines"] = places(self.broken_segments, bits, words + both_ends[0])
            found["broken_bit_lines"] = places(self.broken_segments, bits, words + both_ends[1])
        if self.shorted_lines > 0.0:
            if source_lines is None:
                found["shorted_word_lines"] = places(self.shorted_lines, words - 1, bits)
            elif source_lines == "word_line":
                found["shorted_source_lines"] = places(self.shorted_lines, words - 1, bits)
            else:
                found["shorted_source_lines"] = places(self.shorted_lines, words, bits - 1)
            found["shorted_bit_lines"] = places(self.shorted_lines, words, bits - 1)
        return found

    def anew(self, draw: np.random.Generator) -> "FaultRates":
        """The same probabilities with another seed."""
        return replace(self, seed=int(draw.integers(0, 2**63)))

    def at_ends(self, low_resistance: ArrayLike, high_resistance: ArrayLike) -> "FaultRates":
        """The same with the resistances of cells that are stuck low and high, Ohm, if not given."""
        return _at_ends(self, low_resistance, high_resistance)


def checked_faults(given: Faults | FaultRates | None) -> Faults | FaultRates | None:
    """Faults or their rates; InputError for anything else."""
    if given is None or isinstance(given, Faults | FaultRates):
        return given
    raise InputError(f"faults: expected Faults or FaultRates, got {type(given).__name__}")


def farthest_sound(faults: Faults | None, shape: tuple[int, int]) -> tuple[int, int] | None:
    """The sound cell with the longest wire between driver (left) and sense node (bottom); None without any."""
    if faults is None:
        return 0, shape[1] - 1
    segments = np.arange(shape[1]) - np.arange(shape[0])[:, np.newaxis]
    segments = np.where(faults.cells(shape), -max(shape) - 1, segments)
    word_line, bit_line = np.unravel_index(int(segments.argmax()), shape)
    return (int(word_line), int(bit_line)) if segments.max() >= -max(shape) else None


def faults_of(
    given: Faults | FaultRates | None,
    shape: tuple[int, int],
    *,
    both_ends: tuple[bool, bool] = (False, False),
    source_lines: str | None = None,
) -> Faults | None:
    """The faults of an array of one shape, None if it has none; the other arguments are those of the draw."""
    drawn = given
    if isinstance(given, FaultRates):
        drawn = given.drawn_for(shape, both_ends=both_ends, source_lines=source_lines)
    return drawn if isinstance(drawn, Faults) and drawn.touch(shape) else None


def _at_ends(given: AnyFaults, low: ArrayLike, high: ArrayLike) -> AnyFaults:
    wanted = {"low_resistance": low, "high_resistance": high}
    missing: dict[str, Any] = {name: ohms for name, ohms in wanted.items() if getattr(given, name) is None}
    return replace(given, **missing)


def _two(shape: tuple[int, ...]) -> tuple[int, int]:
    return shape[0], shape[1]
