"""The source lines and bit lines of a 1T1R array as one linear circuit; Newton's method solves the cells between them.

The cells' currents depend differently on the potentials of their two ends, because those of the gates are fixed: the
matrix is not symmetric, and is factorised as a sparse one.  Cells that are cut off leave no entries in it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from compact_model.support.arrays import FloatArray
from compact_model.support.validation import ConvergenceError

from ..cells import Cells
from ..network.ends import line_ends
from ..network.solution import NetworkSolution, norm
from .law import MosTransistor
from .series import SeriesState, series

_MOST_ITERATIONS = 100
_SHORTEST_STEP = 2.0**-20
_ROUND_OFF = 16 * 2.2e-16
_DENSE_UP_TO = 100  # unknowns


@dataclass(frozen=True)
class Lines:
    """Lines of one kind; quantities of lines have shape (lines,).

    node: the number of every cell's node on its line, (word lines, bit lines), from 0 to lines x places - 1, line by
    line.  segment: Ohm, between neighbouring places, also (lines, places - 1), where inf is a break; start, stop: Ohm,
    from the source to the first and the last place; inf: open.
    """

    node: NDArray[np.int64]
    segment: FloatArray
    start: FloatArray
    stop: FloatArray

    @classmethod
    def along(
        cls, shape: tuple[int, int], axis: int, segment: FloatArray, start: FloatArray, stop: FloatArray
    ) -> "Lines":
        """Lines that run along the bit lines (axis 0) or along the word lines (axis 1)."""
        words, bits = shape
        node = np.arange(words * bits).reshape(shape if axis == 1 else shape[::-1])
        return cls(node if axis == 1 else np.ascontiguousarray(node.T), segment, start, stop)

    @property
    def count(self) -> int:
        """The number of lines."""
        return self.start.size

    @property
    def places(self) -> int:
        """The number of cells on each line."""
        return self.node.size // self.count

    def cells(self) -> NDArray[np.int64]:
        """The cell at each place of each line, counted row by row, (lines, places)."""
        return np.argsort(self.node.ravel()).reshape(self.count, self.places)

    @property
    def segments(self) -> FloatArray:
        """Ohm, (lines, places - 1)."""
        segment = self.segment if self.segment.ndim == 2 else self.segment[:, np.newaxis]
        return np.broadcast_to(segment, (self.count, self.places - 1))

    def groups(self) -> NDArray[np.int64]:
        """The representative of each node: nodes without resistance between them are one."""
        places = np.arange(self.count * self.places).reshape(self.count, self.places)
        first = places.copy()
        first[:, 1:][self.segments == 0.0] = 0
        return np.maximum.accumulate(first, axis=1).ravel()

    def held(self) -> NDArray[np.bool_]:
        """The nodes that are their line's source itself."""
        group = self.groups().reshape(self.count, self.places)
        at_start = (group == group[:, :1]) & (self.start == 0.0)[:, np.newaxis]
        at_stop = (group == group[:, -1:]) & (self.stop == 0.0)[:, np.newaxis]
        return np.asarray(at_start | at_stop).ravel()


@dataclass(frozen=True)
class Bridges:
    """Contacts between neighbouring lines of one kind: the two cells at whose nodes each is, counted row by row."""

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    conductance: FloatArray
    """S, of each contact."""

    @classmethod
    def between(cls, siemens: FloatArray, shape: tuple[int, int]) -> "Bridges":
        """siemens: as returned by `Faults.bridges` for an array of this shape, 0 where there is no contact."""
        cell = np.arange(shape[0] * shape[1]).reshape(shape)
        used = siemens > 0.0
        one, other = cell[: siemens.shape[0], : siemens.shape[1]], cell[-siemens.shape[0] :, -siemens.shape[1] :]
        return cls(one[used], other[used], siemens[used])

    def leaving(self, potential: FloatArray) -> FloatArray:
        """The current that leaves the node of each cell through the contacts, A; potential: V, of any shape."""
        volts = potential.ravel()
        through = self.conductance * (volts[self.one] - volts[self.other])
        found = np.bincount(self.one, through, volts.size) - np.bincount(self.other, through, volts.size)
        return np.asarray(found).reshape(potential.shape)


class TransistorNetwork:
    """The two kinds of lines with cells between them.

    voltages of the sources come as (source lines,) and (bit lines,), V; both ends of a line have the same.
    source_bridges, bit_bridges: contacts between neighbouring lines of a kind; None: there are none.
    """

    def __init__(
        self,
        source_lines: Lines,
        bit_lines: Lines,
        *,
        source_bridges: Bridges | None = None,
        bit_bridges: Bridges | None = None,
    ) -> None:
        self.source_lines, self.bit_lines = source_lines, bit_lines
        self.source_bridges, self.bit_bridges = source_bridges, bit_bridges
        self.cells = source_lines.node.size
        self._source = source_lines.node.ravel()
        self._bit = bit_lines.node.ravel() + self.cells
        group = np.concatenate([source_lines.groups(), bit_lines.groups() + self.cells])
        held = np.concatenate([source_lines.held(), bit_lines.held()])
        self._held = held
        self._line = np.concatenate(
            [np.repeat(np.arange(each.count), each.places) for each in (source_lines, bit_lines)]
        )
        self._line[self.cells :] += source_lines.count
        free = np.unique(group[~held])
        number = np.full(2 * self.cells, -1)
        number[free] = np.arange(free.size)
        self.unknown = np.where(held, -1, number[group])
        self.unknowns = free.size
        tails, heads, conductances, drives = [], [], [], []
        for lines, offset, first in ((source_lines, 0, 0), (bit_lines, self.cells, source_lines.count)):
            nodes = offset + np.arange(self.cells).reshape(lines.count, lines.places)
            wired = (lines.segments > 0.0) & (lines.segments < np.inf)
            tails.append(nodes[:, :-1][wired])
            heads.append(nodes[:, 1:][wired])
            conductances.append(1.0 / lines.segments[wired])
            for at, end in ((0, lines.start), (-1, lines.stop)):
                used = np.isfinite(end) & (end > 0.0)
                drives.append((nodes[used, at], first + np.flatnonzero(used), 1.0 / end[used]))
        for bridges, of_cell in ((source_bridges, self._source), (bit_bridges, self._bit)):
            if bridges is not None:
                tails.append(of_cell[bridges.one])
                heads.append(of_cell[bridges.other])
                conductances.append(bridges.conductance)
        from_node, to_node, wire = np.concatenate(tails), np.concatenate(heads), np.concatenate(conductances)
        for one, other in ((from_node, to_node), (to_node, from_node)):  # a part of a line may be its source itself
            driven = held[one] & ~held[other]
            drives.append((other[driven], self._line[one[driven]], wire[driven]))
        inner = ~held[from_node] & ~held[to_node]
        tail, head, wire = self.unknown[from_node[inner]], self.unknown[to_node[inner]], wire[inner]
        node = self.unknown[np.concatenate([each[0] for each in drives])]
        line = np.concatenate([each[1] for each in drives])
        end = np.concatenate([each[2] for each in drives])
        out = node >= 0
        size = self.unknowns
        self._drive = sparse.csr_matrix(
            (end[out], (node[out], line[out])), shape=(size, source_lines.count + bit_lines.count)
        )
        self._wires = sparse.csr_matrix(
            (
                np.concatenate([wire, wire, -wire, -wire, end[out]]),
                (
                    np.concatenate([tail, head, tail, head, node[out]]),
                    np.concatenate([tail, head, head, tail, node[out]]),
                ),
            ),
            shape=(size, size),
        )

    def solve(
        self,
        cells: Cells,
        transistor: MosTransistor,
        gate: FloatArray,
        source_voltage: FloatArray,
        bit_voltage: FloatArray,
        *,
        tolerance: float,
        start: NetworkSolution | None = None,
        charges: tuple[FloatArray, FloatArray] | None = None,
    ) -> tuple[NetworkSolution, SeriesState, int]:
        """The solution, in which 'word' denotes the source lines, the cells' currents, and the number of Newton steps.

        gate: V, (word lines, 1) or (word lines, bit lines).  tolerance: of the cells' currents, in the norm.
        start: an earlier solution from which to start.  charges: conductances to ground, S, and currents from ground,
        A, at the nodes of the source lines and of the bit lines, (2, word lines, bit lines) each; None: there are
        none.
        """
        voltages = np.concatenate([source_voltage, bit_voltage])
        nodes = voltages[self._line]
        free = np.flatnonzero(self.unknown >= 0)
        if start is not None:
            nodes[self._source] = np.where(self._held[self._source], nodes[self._source], start.word_voltage.ravel())
            nodes[self._bit] = np.where(self._held[self._bit], nodes[self._bit], start.bit_voltage.ravel())
        shunts, fed = (np.zeros((2, *self.source_lines.node.shape)),) * 2 if charges is None else charges
        leak = self._of_unknowns(shunts)
        values = np.zeros(self.unknowns)
        values[self.unknown[free]] = nodes[free]
        entering = self._drive @ voltages + self._of_unknowns(fed)
        shape = self.source_lines.node.shape
        between = 0.5 * (nodes[self._source] + nodes[self._bit]).reshape(shape)

        def carried(trial: FloatArray, near: FloatArray) -> tuple[SeriesState, FloatArray]:
            nodes[free] = trial[self.unknown[free]]
            state = series(
                cells, transistor, nodes[self._source].reshape(shape), nodes[self._bit].reshape(shape), gate, near
            )
            rest = self._wires @ trial + leak * trial - entering
            self._add(rest, state.current.ravel())
            return state, rest

        state, rest = carried(values, between)
        size, step = norm(rest), 0
        for step in range(1, _MOST_ITERATIONS + 1):
            scale = norm(state.current)
            floor = _ROUND_OFF * norm((self._wires.diagonal() + leak) * np.abs(values))
            if not self.unknowns or size <= max(0.01 * tolerance * scale, floor):
                break
            move = self._newton(state, rest, leak)
            length = 1.0
            while True:
                trial = values - length * move
                trial_state, trial_rest = carried(trial, state.between)
                trial_size = norm(trial_rest)
                if trial_size <= (1.0 - 0.1 * length) * size or length < _SHORTEST_STEP:
                    break
                length *= 0.5
            if length < _SHORTEST_STEP:
                if size <= max(tolerance * scale, 10.0 * floor):
                    break
                raise ConvergenceError(
                    f"cells: Newton's method left {size:.3g} A of {scale:.3g} A unbalanced after {step} steps"
                )
            values, state, rest, size = trial, trial_state, trial_rest, trial_size
        else:
            raise ConvergenceError(
                f"cells: Newton's method left {size:.3g} A of {norm(state.current):.3g} A unbalanced after {step} steps"
            )
        nodes[free] = values[self.unknown[free]]
        word, bit = nodes[self._source].reshape(shape), nodes[self._bit].reshape(shape)
        from_sources = state.current + (shunts[0] * word - fed[0])
        from_bits = (shunts[1] * bit - fed[1]) - state.current
        if self.source_bridges is not None:
            from_sources = from_sources + self.source_bridges.leaving(word)
        if self.bit_bridges is not None:
            from_bits = from_bits + self.bit_bridges.leaving(bit)
        source_ends = self._ends(self.source_lines, source_voltage, from_sources)
        bit_ends = self._ends(self.bit_lines, bit_voltage, from_bits)
        scale = norm(state.current)
        solution = NetworkSolution(
            word_voltage=word[np.newaxis],
            bit_voltage=bit[np.newaxis],
            device_current=state.current[np.newaxis],
            word_start_current=source_ends[0],
            word_stop_current=source_ends[1],
            bit_start_current=bit_ends[0],
            bit_stop_current=bit_ends[1],
            method="newton",
            iterations=step,
            residual=size / scale if scale > 0.0 else 0.0,
            converged=True,
            reason="cells with transistors",
        )
        return solution, state, step

    def heat(self, solution: NetworkSolution, source_voltage: FloatArray, bit_voltage: FloatArray) -> float:
        """Power dissipated in wires, drivers and sense resistances, W: that of the sources minus that of the cells."""
        across = (solution.word_voltage - solution.bit_voltage)[0]
        return source_power(solution, source_voltage, bit_voltage) - float((across * solution.device_current[0]).sum())

    def _add(self, rest: FloatArray, current: FloatArray) -> None:
        for nodes, sign in ((self.unknown[self._source], 1.0), (self.unknown[self._bit], -1.0)):
            used = nodes >= 0
            rest += sign * np.bincount(nodes[used], current[used], self.unknowns)

    def _of_unknowns(self, at_cells: FloatArray) -> FloatArray:
        """Quantities at the nodes of the cells, (2, word lines, bit lines), summed for each unknown."""
        numbers = np.concatenate([self.unknown[self._source], self.unknown[self._bit]])
        used = numbers >= 0
        return np.asarray(np.bincount(numbers[used], at_cells.ravel()[used], self.unknowns), dtype=np.float64)

    def _newton(self, state: SeriesState, rest: FloatArray, leak: FloatArray) -> FloatArray:
        source, bit = self.unknown[self._source], self.unknown[self._bit]
        by_source, by_bit = state.by_source.ravel(), state.by_bit.ravel()
        rows = np.concatenate([source, source, bit, bit])
        columns = np.concatenate([source, bit, source, bit])
        entries = np.concatenate([by_source, by_bit, -by_source, -by_bit])
        kept = (rows >= 0) & (columns >= 0) & (entries != 0.0)
        own = np.arange(self.unknowns)
        matrix = self._wires + sparse.csr_matrix(
            (
                np.concatenate([entries[kept], leak]),
                (np.concatenate([rows[kept], own]), np.concatenate([columns[kept], own])),
            ),
            shape=(self.unknowns, self.unknowns),
        )
        try:
            if self.unknowns <= _DENSE_UP_TO:
                return np.asarray(np.linalg.solve(matrix.toarray(), rest))
            return np.asarray(splu(matrix.tocsc()).solve(rest))
        except (np.linalg.LinAlgError, RuntimeError):
            raise ConvergenceError(
                "cells: expected a path from every part of a line to a source, got a part whose cells do not conduct; "
                "where lines are broken, transistors need a finite off_resistance and cells must not be open"
            ) from None

    @staticmethod
    def _ends(lines: Lines, voltage: FloatArray, leaving: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The currents into lines at both ends, (1, lines), from those that leave into their cells."""
        by_line = leaving.ravel()[lines.cells()][np.newaxis]
        return line_ends(by_line, lines.segment, lines.start, lines.stop, voltage[np.newaxis])


def source_power(solution: NetworkSolution, source_voltage: FloatArray, bit_voltage: FloatArray) -> float:
    """Power delivered by the sources, W."""
    return float(
        ((solution.word_start_current + solution.word_stop_current)[0] * source_voltage).sum()
        + ((solution.bit_start_current + solution.bit_stop_current)[0] * bit_voltage).sum()
    )
