"""The resistor network of a crossbar as plain arrays, its sources, and the checks of both.

Word line i runs through the nodes (i, 0) to (i, M - 1), bit line j through (0, j) to (N - 1, j); a cell connects the
two nodes at one position.  A line's start is its left or top end, its stop the right or bottom one.
"""

import copy
import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compact_model.support.arrays import FloatArray
from compact_model.support.validation import InputError, instance, unlabelled

_SMALLEST, _LARGEST = 1e-100, 1e100  # beyond, squares and reciprocals overflow or underflow


def _floats(name: str, values: ArrayLike, shape: tuple[int, ...] | None, dimensions: str) -> FloatArray:
    """An array of numbers without NaN, contiguous; of the given shape, if any."""
    plain = unlabelled(name, values)
    try:
        given = np.asarray(plain)
        if given.dtype.kind not in "iuf":
            raise TypeError
        result = np.ascontiguousarray(given, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{name}: expected numbers of shape {dimensions}, got {type(values).__name__}") from None
    if shape is not None and given.shape != shape:
        raise InputError(f"{name}: expected shape {dimensions} = {shape}, got {given.shape}")
    return result


def _at(index: Any) -> str:
    return "(" + ", ".join(str(int(each)) for each in index) + ")" if len(index) > 1 else str(int(index[0]))


def _refuse(name: str, values: FloatArray, wrong: NDArray[np.bool_], expected: str) -> None:
    """Raise the InputError that names the first wrong entry."""
    if wrong.any():
        index = np.unravel_index(int(np.argmax(wrong)), values.shape)
        raise InputError(f"{name}: expected {expected}, got {values[index]:g} at index {_at(index)}")


def check_range(name: str, values: FloatArray) -> None:
    """InputError for a value other than 0 and infinity that is out of range."""
    size = np.abs(values)
    if ((size >= _SMALLEST) & (size <= _LARGEST)).all():  # the usual case; the rest takes twice as long
        return
    outside = (size > 0.0) & np.isfinite(size) & ((size < _SMALLEST) | (size > _LARGEST))
    if outside.any():
        _refuse(name, values, outside, f"0 or sizes from {_SMALLEST:g} to {_LARGEST:g}")


def _voltages(name: str, given: ArrayLike, shape: tuple[int, int], dimensions: str) -> FloatArray:
    values = _floats(name, given, shape, dimensions)
    size = np.abs(values)
    largest = size.max(initial=0.0)
    if largest == 0.0:  # usual at the bit lines
        return values
    if not largest <= _LARGEST:  # also for NaN
        _refuse(name, values, ~np.isfinite(values), "finite voltages")
        raise InputError(f"{name}: expected voltages up to {_LARGEST:g} V, got {size.max():g} V")
    if size.min() >= _SMALLEST:
        return values
    small = size < _SMALLEST
    return np.where(small, 0.0, values) if values[small].any() else values


def _one_per_line(segment: FloatArray, along: int) -> FloatArray:
    """Segments (2-D) as one for each line if they are equal along every line, which runs along that axis."""
    if segment.shape[along] == 0:  # lines of one node have no segments
        return np.zeros(segment.shape[1 - along])
    first = segment.take(0, axis=along)
    if np.isinf(segment).any():  # broken lines, whose segments are examined one by one
        return segment
    return np.ascontiguousarray(first) if (segment == np.expand_dims(first, along)).all() else segment


def _check_resistance(name: str, values: FloatArray, infinite: bool) -> None:
    low = values.min() if values.size else 0.0
    high = values.max() if values.size else 0.0
    if not (low >= 0.0 and (high < np.inf or infinite)):  # NaN fails both
        upper = "Ohm of at least 0, inf for an open end" if infinite else "finite Ohm of at least 0"
        _refuse(name, values, ~(values >= 0.0) | (np.isinf(values) & (not infinite)), upper)


@dataclass(frozen=True, kw_only=True)
class Network:
    """A crossbar of N word lines and M bit lines.

    conductance: (N, M), S, of the cells, at least 0; 0 is an open cell, inf a shorted one.
    word_segment, bit_segment: (N,), (M,), Ohm, between neighbouring nodes of that line; 0 is an ideal wire.  If they
    differ along a line: (N, M - 1), (N - 1, M), between node (i, j) and the next node of its line; inf is a break.
    word_start, word_stop, bit_start, bit_stop: (N,), (N,), (M,), (M,), Ohm, total resistance between the source and the
    first or last node of the line, driver and segment; 0 holds the node at the source's voltage, inf is an open end.
    word_shunt, bit_shunt: (N,), (M,), S, from every node of that line to ground, which is at 0 V; finite.  None: 0.
    word_bridge, bit_bridge: (N - 1, M), (N, M - 1), S, between node (i, j) of a line and that of the next line, beside
    it; finite.  None: there is none.

    shunted: whether there may be shunts other than 0; set by itself.

    Arrays are kept as they are where they are contiguous float64, and copied where not; shunts that are all 0 are
    read-only copies, and segments of shape (N, M - 1) or (N - 1, M) that are equal along every line become one for each
    line.  InputError for a wrong shape, NaN, a negative number, an infinite segment or shunt.
    """

    conductance: FloatArray
    word_segment: FloatArray
    bit_segment: FloatArray
    word_start: FloatArray
    word_stop: FloatArray
    bit_start: FloatArray
    bit_stop: FloatArray
    word_shunt: FloatArray = None  # type: ignore[assignment]  # stored as zeros
    bit_shunt: FloatArray = None  # type: ignore[assignment]
    word_bridge: FloatArray | None = None
    bit_bridge: FloatArray | None = None
    shunted: bool = dataclasses.field(init=False, default=False)

    def __post_init__(self) -> None:
        conductance = _floats("conductance", self.conductance, None, "(word lines, bit lines)")
        if conductance.ndim != 2 or conductance.size == 0:
            raise InputError(
                f"conductance: expected shape (word lines, bit lines) with at least one of each, "
                f"got {conductance.shape}"
            )
        object.__setattr__(self, "conductance", conductance)
        if not conductance.min() >= 0.0:
            _refuse("conductance", conductance, ~(conductance >= 0.0), "S of at least 0, inf for a shorted cell")
        check_range("conductance", conductance)
        for name in ("word_segment", "bit_segment", "word_start", "word_stop", "bit_start", "bit_stop"):
            side = "word lines" if name.startswith("word") else "bit lines"
            length = conductance.shape[0 if name.startswith("word") else 1]
            wires = name.endswith("segment")
            if wires and np.ndim(getattr(self, name)) == 2:
                between = (length, conductance.shape[1] - 1) if side[0] == "w" else (conductance.shape[0] - 1, length)
                values = _floats(name, getattr(self, name), between, "that of the segments between the nodes")
            else:
                values = _floats(name, getattr(self, name), (length,), f"({side},)")
            _check_resistance(name, values, infinite=not wires or values.ndim == 2)
            check_range(name, values)
            object.__setattr__(self, name, _one_per_line(values, int(side[0] == "w")) if values.ndim == 2 else values)
        for name, count in (("word_shunt", self.shape[0]), ("bit_shunt", self.shape[1])):
            given = getattr(self, name)
            values = np.zeros(count) if given is None else _floats(name, given, (count,), f"({name[:-6]} lines,)")
            if values.any():
                _refuse(name, values, ~((values >= 0.0) & (values < np.inf)), "finite S of at least 0")
                check_range(name, values)
                object.__setattr__(self, "shunted", True)
            else:
                values = np.zeros(count)
                values.flags.writeable = False  # keeps `shunted` true
            object.__setattr__(self, name, values)
        for name, between in (
            ("word_bridge", (self.shape[0] - 1, self.shape[1])),
            ("bit_bridge", (self.shape[0], self.shape[1] - 1)),
        ):
            given = getattr(self, name)
            if given is not None:
                values = _floats(name, given, between, "that of the pairs of neighbouring nodes")
                _refuse(name, values, ~((values >= 0.0) & (values < np.inf)), "finite S of at least 0")
                check_range(name, values)
                object.__setattr__(self, name, values if values.any() else None)
        for side, nodes in (("word", self.shape[1]), ("bit", self.shape[0])):
            whole = getattr(self, f"{side}_start") + getattr(self, f"{side}_stop")
            if nodes > 1:
                segment = getattr(self, f"{side}_segment")
                whole = whole + (segment if segment.ndim == 1 else segment.sum(axis=int(side == "word")))
            if not whole.all():
                raise InputError(
                    f"{side}_stop: expected some resistance between the two sources of {side} line "
                    f"{int(np.argmin(whole))}, got 0 Ohm at both ends and in the wire"
                )

    @property
    def shape(self) -> tuple[int, int]:
        """Word lines and bit lines."""
        return self.conductance.shape[0], self.conductance.shape[1]

    @property
    def bridged(self) -> bool:
        """Whether neighbouring lines are connected other than through cells."""
        return self.word_bridge is not None or self.bit_bridge is not None

    @property
    def broken(self) -> bool:
        """Whether a line is interrupted between two of its nodes."""
        return any(each.ndim == 2 and np.isinf(each).any() for each in (self.word_segment, self.bit_segment))

    def through_bridges(self, word: FloatArray, bit: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Currents of word and bit nodes into the neighbouring lines, A, for voltages, all of shape (K, N, M)."""
        leaving = np.zeros(word.shape), np.zeros(bit.shape)
        if self.word_bridge is not None:
            over = self.word_bridge * (word[:, :-1] - word[:, 1:])
            leaving[0][:, :-1] += over
            leaving[0][:, 1:] -= over
        if self.bit_bridge is not None:
            over = self.bit_bridge * (bit[:, :, :-1] - bit[:, :, 1:])
            leaving[1][:, :, :-1] += over
            leaving[1][:, :, 1:] -= over
        return leaving

    @property
    def word_segments(self) -> FloatArray:
        """Between node (i, j) and (i, j + 1) of the word lines, Ohm, (N, M - 1); not to be written to."""
        segment = self.word_segment
        words, bits = self.shape
        return segment if segment.ndim == 2 else np.broadcast_to(segment[:, np.newaxis], (words, bits - 1))

    @property
    def bit_segments(self) -> FloatArray:
        """Between node (i, j) and (i + 1, j) of the bit lines, Ohm, (N - 1, M); not to be written to."""
        segment = self.bit_segment
        words, bits = self.shape
        return segment if segment.ndim == 2 else np.broadcast_to(segment, (words - 1, bits))

    def transposed(self) -> "Network":
        """The same circuit with word lines and bit lines exchanged; the devices' currents change sign."""
        return Network(
            conductance=self.conductance.T,
            word_segment=self.bit_segment.T,
            bit_segment=self.word_segment.T,
            word_start=self.bit_start,
            word_stop=self.bit_stop,
            bit_start=self.word_start,
            bit_stop=self.word_stop,
            word_shunt=self.bit_shunt,
            bit_shunt=self.word_shunt,
            word_bridge=None if self.bit_bridge is None else self.bit_bridge.T,
            bit_bridge=None if self.word_bridge is None else self.word_bridge.T,
        )

    def with_cells(self, conductance: FloatArray) -> "Network":
        """The same wires with other cells, contiguous float64 of the same shape; not checked, for inner loops."""
        other = copy.copy(self)
        object.__setattr__(other, "conductance", conductance)
        return other

    def with_shunts(self, word_shunt: FloatArray, bit_shunt: FloatArray) -> "Network":
        """The same circuit with other shunts, float64 of shape (N,) and (M,); not checked, for inner loops."""
        other = copy.copy(self)
        object.__setattr__(other, "word_shunt", word_shunt)
        object.__setattr__(other, "bit_shunt", bit_shunt)
        object.__setattr__(other, "shunted", True)
        return other

    def replace(self, **changes: Any) -> "Network":
        """A copy with some arrays exchanged; checked anew."""
        return dataclasses.replace(self, **changes)


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Voltages behind the ends of all lines, and currents into their nodes, for K inputs.

    word_start, word_stop: (N, K), V.  bit_start, bit_stop: (M, K), V. Voltages at open ends are ignored, and voltages
        below 1e-100 V, such as the tail of a pulse, count as 0.
    cell_current: (K, N, M), A, of a current source beside each cell, into its word node and out of its bit node; None:
        there is none.  A solution's device_current is then that of the conductance alone.
    word_current, bit_current: (K, N, M), A, from ground into each node of the word lines and of the bit lines; None:
        there is none.
    InputError for a wrong shape, no input, NaN, an infinite voltage or current.
    """

    word_start: FloatArray
    word_stop: FloatArray
    bit_start: FloatArray
    bit_stop: FloatArray
    cell_current: FloatArray | None = None
    word_current: FloatArray | None = None
    bit_current: FloatArray | None = None

    def __post_init__(self) -> None:
        word_start = _floats("word_start", self.word_start, None, "(word lines, inputs)")
        if word_start.ndim != 2 or word_start.size == 0:
            raise InputError(
                f"word_start: expected voltages of shape (word lines, inputs), at least one, got {word_start.shape}"
            )
        bit_start = _floats("bit_start", self.bit_start, None, "(bit lines, inputs)")
        if bit_start.ndim != 2 or bit_start.shape[0] == 0:
            raise InputError(f"bit_start: expected voltages of shape (bit lines, inputs), got {bit_start.shape}")
        inputs = word_start.shape[1]
        start, checked = None, word_start  # often one array is given for both ends
        shapes = {"word": (word_start.shape[0], inputs), "bit": (bit_start.shape[0], inputs)}
        for name in ("word_start", "word_stop", "bit_start", "bit_stop"):
            side = name.split("_")[0]
            given = getattr(self, name)
            if name.endswith("stop") and given is start:
                values = checked
            else:
                plain = {"word_start": word_start, "bit_start": bit_start}.get(name, given)
                values = checked = _voltages(name, plain, shapes[side], f"({side} lines, inputs)")
            start = given
            object.__setattr__(self, name, values)
        for name in ("cell_current", "word_current", "bit_current"):
            if getattr(self, name) is not None:
                nodes = (inputs, word_start.shape[0], bit_start.shape[0])
                values = _floats(name, getattr(self, name), nodes, "(inputs, word lines, bit lines)")
                if not np.isfinite(values).all():
                    _refuse(name, values, ~np.isfinite(values), "finite currents")
                object.__setattr__(self, name, values)

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return int(self.word_start.shape[1])

    def input(self, index: int) -> "Sources":
        """One of the inputs."""
        return self.part(slice(index, index + 1))

    def part(self, column: slice) -> "Sources":
        """Some of the inputs."""
        return Sources(
            word_start=self.word_start[:, column],
            word_stop=self.word_stop[:, column],
            bit_start=self.bit_start[:, column],
            bit_stop=self.bit_stop[:, column],
            cell_current=None if self.cell_current is None else self.cell_current[column],
            word_current=None if self.word_current is None else self.word_current[column],
            bit_current=None if self.bit_current is None else self.bit_current[column],
        )

    def with_cell_current(self, cell_current: FloatArray) -> "Sources":
        """The same voltages with other currents beside the cells; not checked, for inner loops."""
        other = copy.copy(self)
        object.__setattr__(other, "cell_current", cell_current)
        return other

    def transposed(self) -> "Sources":
        """The sources of `Network.transposed`."""
        return Sources(
            word_start=self.bit_start,
            word_stop=self.bit_stop,
            bit_start=self.word_start,
            bit_stop=self.word_stop,
            cell_current=None if self.cell_current is None else -self.cell_current.transpose(0, 2, 1),
            word_current=None if self.bit_current is None else self.bit_current.transpose(0, 2, 1),
            bit_current=None if self.word_current is None else self.word_current.transpose(0, 2, 1),
        )

    def node_currents(self) -> tuple[FloatArray, FloatArray]:
        """Total current of all current sources into the word nodes and out of the bit nodes: (K, N, M), A, each.

        Of shape (0, 0, 0) if there are none; the same array twice if all are in parallel with cells.
        """
        fed = drawn = np.empty((0, 0, 0)) if self.cell_current is None else self.cell_current
        if self.word_current is not None:
            fed = fed + self.word_current if fed.size else self.word_current
        if self.bit_current is not None:
            drawn = drawn - self.bit_current if drawn.size else -self.bit_current
        return fed, drawn

    def silent(self) -> bool:
        """Whether all ends are at 0 V and no current is fed into a node; cell_current is ignored."""
        voltages = (self.word_start, self.word_stop, self.bit_start, self.bit_stop)
        currents = (self.word_current, self.bit_current)
        return not any(each is not None and each.any() for each in (*voltages, *currents))

    @classmethod
    def unit_currents(cls, network: Network, cells: NDArray[np.int64]) -> "Sources":
        """All ends at 0 V, and 1 A beside one cell in each input; cells: (inputs, 2), word line and bit line."""
        beside = np.zeros((len(cells), *network.shape))
        beside[np.arange(len(cells)), cells[:, 0], cells[:, 1]] = 1.0
        return dataclasses.replace(cls.zero(network, len(cells)), cell_current=beside)

    @classmethod
    def zero(cls, network: Network, inputs: int = 1) -> "Sources":
        """All ends at 0 V."""
        words, bits = network.shape
        return cls(
            word_start=np.zeros((words, inputs)),
            word_stop=np.zeros((words, inputs)),
            bit_start=np.zeros((bits, inputs)),
            bit_stop=np.zeros((bits, inputs)),
        )


def ideal_side(segment: FloatArray, nodes: int) -> bool | None:
    """Whether all wires of one kind are ideal; None if only some are.  A line of one node has no segment."""
    if nodes == 1 or segment.all():  # the usual case
        return False
    return None if segment.any() else True


def check_sources(network: Network, sources: Sources) -> None:
    """InputError if sources do not fit the network."""
    instance("network", network, Network)
    instance("sources", sources, Sources)
    given = (sources.word_start.shape[0], sources.bit_start.shape[0])
    if given != network.shape:
        raise InputError(
            f"sources: expected voltages for {network.shape[0]} word lines and {network.shape[1]} bit lines, "
            f"got them for {given[0]} and {given[1]}"
        )
