"""How weights are represented by conductances, and how the currents of the devices are combined into products.

A weight is the difference of two conductances: of two devices of its own ('differential'), or of one device and a
reference that all weights of an input share ('offset').  It may be spread over several such differences, its slices,
like a number over its digits.  In every case the currents of the bit lines are combined linearly, with fixed factors,
before the converters (`Layout.analog`) and after them (`Layout.digital`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.validation import InputError

from .pairs import Numbers, nearest_pairs, pairs_beside

ENCODINGS = ("differential", "offset")
SUBTRACTIONS = ("analog", "digital", "computed")
MOST_SLICES = 8
_EQUAL = 1e-9
_PAIRS_AT_ONCE = 2**20  # levels of devices examined together, to limit memory


@dataclass(frozen=True, kw_only=True)
class WeightMapping:
    """How weights are stored in devices.

    encoding: 'differential', a plus and a minus device for each slice of each weight; or 'offset', one device for each
        slice of each weight, and one reference device for each slice that all weights of an input share.  The level of
        the reference represents 0: in the first slice the one with the largest range on both sides (of two equal ones
        the upper, as in offset binary), in the others the lowest.
    subtraction: 'analog': currents are subtracted before the converters; 'digital': each bit line has its own
        converter; 'computed', only with 'offset': without reference devices, whose current, without wires, is computed
        from the inputs.
    slices: number of slices of a weight, 1 to 8, the most significant first.
    slice_bits: a slice has 2**slice_bits times the weight of the next one; None: as many bits as its levels can
        distinguish.  With fewer, the slices overlap, which compensates for levels that are not evenly spaced.

    Raises InputError.
    """

    encoding: str = "differential"
    subtraction: str = "analog"
    slices: int = 1
    slice_bits: int | None = None

    def __post_init__(self) -> None:
        validation.choice("encoding", self.encoding, ENCODINGS)
        validation.choice("subtraction", self.subtraction, SUBTRACTIONS)
        validation.whole("slices", self.slices, 1, MOST_SLICES)
        if self.slice_bits is not None:
            validation.whole("slice_bits", self.slice_bits, 1, 16)
        if self.subtraction == "computed" and self.encoding == "differential":
            raise InputError("subtraction: expected 'analog' or 'digital' with differential pairs, got 'computed'")

    @property
    def devices_per_weight(self) -> int:
        """Number of devices of a weight, without references."""
        return self.slices * (2 if self.encoding == "differential" else 1)

    @property
    def reference_lines(self) -> int:
        """Number of bit lines with references; they are the last ones."""
        return self.slices if self.encoding == "offset" and self.subtraction != "computed" else 0

    def bit_lines(self, outputs: int) -> int:
        """Number of bit lines of an array with this number of outputs."""
        return validation.whole("outputs", outputs, 1) * self.devices_per_weight + self.reference_lines

    def outputs(self, bit_lines: int) -> int:
        """Number of outputs that fit on this number of bit lines."""
        lines = validation.whole("bit_lines", bit_lines, self.bit_lines(1))
        return (lines - self.reference_lines) // self.devices_per_weight


@dataclass(frozen=True, eq=False)
class Layout:
    """How the currents of the bit lines are combined.

    analog: (bit lines, converters), factors before the converters; slice_of: (converters,), the slice that each reads.
    digital: (converters, outputs), 1/S, factors after the converters, for a read voltage of 1 V.
    computed: subtracted from each product for each unit of the sum of the inputs.
    """

    analog: FloatArray
    slice_of: Numbers
    digital: FloatArray
    computed: float

    def weights(self, conductance: FloatArray) -> FloatArray:
        """Weights, (inputs, outputs), that conductances, S, (inputs, bit lines), represent without wires."""
        result: FloatArray = conductance @ self.analog @ self.digital - self.computed
        return result


class Scale:
    """The factors of the slices, the references and the range of a mapping, for given levels of the devices.

    levels: S, increasing, of each slice.  Weights are counted in steps of the last slice.
    """

    def __init__(self, mapping: WeightMapping, levels: Sequence[FloatArray]) -> None:
        self.mapping, self.levels = mapping, levels
        ranges = np.array([each[-1] - each[0] for each in levels])
        bits = [_slice_bits(mapping, each.size) for each in levels]
        places = np.array([2.0 ** sum(bits[slice_ + 1 :]) for slice_ in range(mapping.slices)])
        self.steps_per_siemens = places * (2.0 ** np.array(bits) - 1.0) / ranges
        reaches = self.steps_per_siemens * ranges
        self.reference = np.array([each[0] for each in levels])
        if mapping.encoding == "differential":
            self.full = float(reaches.sum())
            return
        down = self.steps_per_siemens[0] * (levels[0] - levels[0][0])
        sides = np.minimum(down, reaches.sum() - down)
        best = int(np.flatnonzero(sides >= sides.max() * (1.0 - _EQUAL))[-1])
        self.reference[0], self.full = levels[0][best], float(sides[best])
        if self.full == 0.0:
            raise InputError(f"levels: expected at least three for an offset, got {levels[0].size}")

    def layout(self, outputs: int, largest: float = 1.0) -> Layout:
        """The layout for a number of outputs with weights from -largest to largest."""
        mapping, slices = self.mapping, self.mapping.slices
        factors = self.steps_per_siemens * (largest / self.full)
        each = np.kron(np.eye(outputs), np.eye(slices))  # the differences of all slices of all outputs
        if mapping.encoding == "differential":
            signed = np.kron(each, [[1.0], [-1.0]])
        else:
            signed = np.vstack([each, -np.tile(np.eye(slices), (1, outputs))])[: mapping.bit_lines(outputs)]
        recombined = np.kron(np.eye(outputs), factors[:, np.newaxis])
        slice_of = np.tile(np.arange(slices), outputs)
        computed = float((factors * self.reference).sum()) if mapping.subtraction == "computed" else 0.0
        if mapping.subtraction != "digital":
            return Layout(signed, slice_of, recombined, computed)
        own = np.repeat(slice_of, 2) if mapping.encoding == "differential" else np.append(slice_of, np.arange(slices))
        return Layout(np.eye(len(signed)), own, signed @ recombined, computed)

    def slice_of_lines(self, outputs: int) -> Numbers:
        """The slice of each bit line."""
        each = np.repeat(np.arange(self.mapping.slices), self.mapping.devices_per_weight // self.mapping.slices)
        return np.append(np.tile(each, outputs), np.arange(self.mapping.reference_lines))

    def place(self, wanted: FloatArray, known: Sequence[FloatArray], references: Sequence[FloatArray]) -> Numbers:
        """The numbers of the levels of all devices, (inputs, bit lines), nearest to the weights.

        wanted: (inputs, outputs), from -1 to 1.
        known: for each slice, the conductances of its devices at their levels, S, increasing, (inputs, outputs,
        devices, levels) or broadcastable to it; references: for each slice (inputs, levels), ignored if the mapping has
        none.
        Among equally good choices, the one whose first slices are smallest, which are the plain digits.
        """
        inputs, outputs = wanted.shape
        mapping = self.mapping
        shared: list[Numbers] = []
        if mapping.reference_lines:
            shared = [np.abs(each - own).argmin(axis=1) for each, own in zip(references, self.reference, strict=True)]
            rows = np.arange(inputs)
            against = [each[rows, chosen] for each, chosen in zip(references, shared, strict=True)]
        else:
            against = [np.full(inputs, own) for own in self.reference]
        devices = mapping.devices_per_weight // mapping.slices
        found = np.empty((inputs, outputs, mapping.slices, devices), dtype=np.int64)
        most = max(each.shape[-1] for each in known)
        block = max(1, _PAIRS_AT_ONCE // (outputs * most))
        for start in range(0, inputs, block):
            rows = np.arange(start, min(start + block, inputs))
            pairs = []
            for own, reference in zip(known, against, strict=True):
                whole = np.broadcast_to(own, (inputs, outputs, devices, own.shape[-1]))[rows]
                plus = whole[:, :, 0].reshape(-1, own.shape[-1])
                if devices == 2:
                    pairs.append((plus, whole[:, :, 1].reshape(-1, own.shape[-1])))
                else:
                    pairs.append((plus, np.repeat(reference[rows], outputs)[:, np.newaxis]))
            _, chosen = self._nearest(self.full * wanted[rows].ravel(), pairs, 0)
            found[rows] = chosen[:, :, :devices].reshape(rows.size, outputs, mapping.slices, devices)
        columns: Numbers = found.reshape(inputs, -1)
        return np.hstack([columns, np.stack(shared, axis=1)]) if mapping.reference_lines else columns

    def _nearest(
        self, steps: FloatArray, pairs: Sequence[tuple[FloatArray, FloatArray]], slice_: int
    ) -> tuple[FloatArray, Numbers]:
        """The remaining error in steps, (weights,), and the levels from this slice on, (weights, slices, 2)."""
        per_siemens, (plus, minus) = self.steps_per_siemens[slice_], pairs[slice_]
        wanted = steps / per_siemens
        if slice_ == len(pairs) - 1:
            pair = nearest_pairs(wanted, plus, minus)
            return np.abs(steps - per_siemens * pair.difference), pair.levels[:, np.newaxis]
        answers = []
        for pair in pairs_beside(wanted, plus, minus):
            missed, rest = self._nearest(steps - per_siemens * pair.difference, pairs, slice_ + 1)
            answers.append((missed, np.concatenate([pair.levels[:, np.newaxis], rest], axis=1)))
        (below, by_below), (above, by_above) = answers
        # Between equals towards 0, which leaves the weight's sign to the following slices; an offset always counts up.
        towards = steps < 0.0 if self.mapping.encoding == "differential" else np.zeros(steps.size, dtype=bool)
        first = below - above <= np.where(towards, -_EQUAL, _EQUAL) * self.full
        return np.where(first, below, above), np.where(first[:, np.newaxis, np.newaxis], by_below, by_above)


def slice_levels(mapping: WeightMapping, levels: ArrayLike | Sequence[ArrayLike]) -> list[FloatArray]:
    """The checked levels of each slice, increasing, from levels for all slices or for each of them."""
    each: list[Any] = [levels] * mapping.slices
    kinds = list, tuple, np.ndarray
    if mapping.slices > 1 and isinstance(levels, kinds) and any(isinstance(one, kinds) for one in levels):
        each = list(levels)
        if len(each) != mapping.slices:
            raise InputError(f"levels: expected those of {mapping.slices} slices, got those of {len(each)}")
    states = [np.unique(validation.numbers("levels", one)) for one in each]
    for one in states:
        if one.size < 2 or one[0] < 0.0:
            raise InputError(f"levels: expected at least two conductances of at least 0 S, got {one.tolist()[:5]}")
    return states


def _slice_bits(mapping: WeightMapping, levels: int) -> int:
    most = levels.bit_length() - 1
    if mapping.slice_bits is None or mapping.slices == 1:
        return most
    if mapping.slice_bits > most:
        raise InputError(f"slice_bits: expected at most {most} with {levels} levels, got {mapping.slice_bits}")
    return mapping.slice_bits
