"""The fast solver: one kind of line eliminated exactly, conjugate gradients on the other; memory proportional to the
cells.

The preconditioner is in float32, also if every entry counts: tridiagonal solves along the lines, and between two of
them the mean array in the slow modes of its wires, those in which neighbouring lines affect one another.
"""

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from compact_model.support.arrays import FloatArray, read_only
from compact_model.support.memory import check_memory
from compact_model.support.threads import run_with_help, threads
from compact_model.support.validation import InputError

from ..kernels import arrays, factors, iteration, sharing
from ..kernels.line_sums import line_sums
from .connected import check_connected
from .ends import end_currents
from .linear_network import Network, Sources, check_sources, ideal_side
from .solution import NetworkSolution

_MOST_ITERATIONS = 200
_MODE_CUTOFF = 6.0
"""Modes of the rows' wires up to this many times the cells' mean conductance are solved; beyond, the rows' nodes are
nearly fixed and the line solves alone leave (1 + cutoff)^-2 of an error.  A shunt fixes them like the wire."""
_SIDE_RATIO = 4.0  # exchange the two kinds of lines if the other's wires are better by this factor
_PARALLEL_FROM = 128 * 128  # cells from which threads share one input
_PARTS = 3  # into which a thread's share is divided, so that others can take parts while it is delayed
_SPREAD_UP_TO = 512 * 512  # cells up to which each thread takes whole inputs, if there are several
BYTES_PER_CELL = 76
BYTES_PER_CELL_AND_INPUT = 24


def unsupported(network: Network) -> str:
    """Why this method does not cover a network; empty if it does.  For some of these it is the preconditioner of
    `irregular`."""
    if np.isinf(network.conductance.max()):
        return "a cell is shorted"
    if network.bridged:
        return "lines are shorted to each other"
    word_ideal, bit_ideal = (
        ideal_side(network.word_segment, network.shape[1]),
        ideal_side(network.bit_segment, network.shape[0]),
    )
    if word_ideal is None or bit_ideal is None:
        return "some wires have no resistance and others do"
    if word_ideal and bit_ideal:
        return "no wire has resistance"
    return "the segments of a line differ" if network.word_segment.ndim + network.bit_segment.ndim > 2 else ""


def _inverse(resistance: FloatArray) -> FloatArray:
    """Conductances, inf where the resistance is 0."""
    with np.errstate(divide="ignore"):
        return np.asarray(1.0 / resistance)


def _phase(angle: FloatArray, share: float) -> FloatArray:
    """Phase shift of a mode at an end with this many times a segment's conductance."""
    half = 0.5 * angle
    if np.isinf(share):
        return 0.5 * np.pi + half
    return np.arctan2(share * np.cos(half), (2.0 - share) * np.sin(half))


@functools.lru_cache(maxsize=4)
def wire_modes(nodes: int, count: int, start_share: float, stop_share: float) -> tuple[FloatArray, FloatArray]:
    """The slowest modes of a wire of equal segments, as (nodes, count), orthonormal; and their eigenvalues.

    The wire's segments have conductance 1, its ends start_share and stop_share.  A mode is cos(t (j + 1/2) - p_s) with
    t n = k pi + p_s(t) + p_t(t); the phases satisfy the conditions at the ends.  The left side minus the right one
    increases with t, so t is found by bisection.
    """
    order = np.pi * np.arange(count)
    low, high = np.zeros(count), np.full(count, np.pi)
    for _ in range(50):
        angle = 0.5 * (low + high)
        above = angle * nodes > order + _phase(angle, start_share) + _phase(angle, stop_share)
        high = np.where(above, angle, high)
        low = np.where(above, low, angle)
    angle = 0.5 * (low + high)
    modes = np.cos(np.outer(np.arange(nodes) + 0.5, angle) - _phase(angle, start_share))
    modes /= np.sqrt((modes**2).sum(axis=0))
    return modes, 2.0 - 2.0 * np.cos(angle)


class IterativeSolver:
    """The solver for one circuit with variable cells; its memory is allocated, and its matrices factorised, once.

    network: as `Network`; InputError if the method does not cover it (`unsupported` says why), if a part has no path to
    a source, or if there is not enough memory.
    entrywise: solve for relative accuracy of each entry instead of the norm.
    """

    def __init__(self, network: Network, *, entrywise: bool = False) -> None:
        reason = unsupported(network)
        if reason:
            raise InputError(f"network: expected one for the iterative method, got one where {reason}; use 'direct'")
        check_connected(network)
        check_memory("the iterative method", BYTES_PER_CELL * network.conductance.size)
        self.network = network
        self.entrywise = entrywise
        words, bits = network.shape
        word_segment = network.word_segment if bits > 1 else np.ones(words)
        bit_segment = network.bit_segment if words > 1 else np.ones(bits)
        word_mean, bit_mean = float(word_segment.mean()), float(bit_segment.mean())
        # The eliminated lines should be those with the better wires: they have fewer slow modes.
        self._exchanged = bit_mean * _SIDE_RATIO < word_mean
        if self._exchanged:
            segments = (bit_segment, word_segment)
            ends = (network.bit_start, network.bit_stop, network.word_start, network.word_stop)
            shunts = (network.bit_shunt, network.word_shunt)
        else:
            segments = (word_segment, bit_segment)
            ends = (network.word_start, network.word_stop, network.bit_start, network.bit_stop)
            shunts = (network.word_shunt, network.bit_shunt)
        self._ends, self._row_shunt = ends, read_only(shunts[0])
        count, across = (bits, words) if self._exchanged else (words, bits)
        self._ideal = not segments[0].any()
        self._row_wire = np.ones(count) if self._ideal else 1.0 / segments[0]
        self._row_start, self._row_stop = _inverse(ends[0]), _inverse(ends[1])
        self._column_wire = 1.0 / segments[1]
        self._column_start, self._column_stop = _inverse(ends[2]), _inverse(ends[3])
        start_held, stop_held = np.isinf(self._column_start), np.isinf(self._column_stop)
        dtype = np.float32
        lanes = arrays.LANES
        factor_shape = (0, 1, lanes) if self._ideal else ((count + lanes - 1) // lanes, across, lanes)
        row_factor = np.empty(factor_shape)
        self._turned = np.empty((count, across) if self._exchanged else (0, 0))
        self._system = arrays.System(
            read_only(self._turned if self._exchanged else network.conductance),
            self._ideal,
            row_factor,
            np.empty(count) if self._ideal else segments[0].copy(),
            np.empty(count),
            np.empty(count),
            self._column_wire,
            np.where(start_held, 0.0, self._column_start),
            np.where(stop_held, 0.0, self._column_stop),
            np.where(start_held, 0.0, 1.0),
            np.where(stop_held, 0.0, 1.0),
            read_only(shunts[1]),
            np.zeros(lanes),
            bool(shunts[1].any()),
        )
        self._pre = arrays.Preconditioner(
            np.empty((count, across), dtype),
            self._ideal,
            np.empty(factor_shape, dtype),
            np.empty(count, dtype),
            np.empty((count, across), dtype),
            np.empty(across, dtype),
            np.empty((across, 0), dtype),
            np.empty((0, across), dtype),
            np.empty((count, 0), dtype),
            np.empty(0, dtype),
            np.array([1e-30], dtype),
            np.zeros(lanes, dtype),
            1.0,
            1.0,
        )
        # Ends of the mean array; one that holds its node counts as a short segment, to keep all means finite.
        row_mean = float(self._row_wire.mean())
        column_mean = float(self._column_wire.mean())
        self._row_end_share = tuple(
            float(np.minimum(end, 4.0 * self._row_wire).mean()) / row_mean for end in (self._row_start, self._row_stop)
        )
        self._column_mean = column_mean
        self._column_ends = tuple(
            float(np.minimum(end, 4.0 * self._column_wire).mean()) for end in (self._column_start, self._column_stop)
        )
        self._least_row_shunt = float(shunts[0].min())
        self._mode_values = np.empty((3, 0))
        self._works: list[arrays.Workspace] = []
        self._factorise()

    def set_conductance(self, conductance: ArrayLike) -> None:
        """Give the cells new values, shape (word lines, bit lines), S, finite and at least 0."""
        network = self.network.replace(conductance=conductance)
        if np.isinf(network.conductance.max()):
            raise InputError("conductance: expected finite S for the iterative method, got inf; use 'direct'")
        check_connected(network)
        self.set_checked_conductance(network.conductance)

    def set_checked_conductance(self, conductance: FloatArray) -> None:
        """The same for inner loops: contiguous float64, finite, with a path to a source from every line."""
        self.network = self.network.with_cells(conductance)
        if not self._exchanged:
            self._system = self._system._replace(conductance=read_only(conductance))
        self._factorise()

    def set_shunts(self, word_shunt: FloatArray, bit_shunt: FloatArray) -> None:
        """Give the lines new shunts, (word lines,) and (bit lines,), S; not checked; used from the next new cells
        on."""
        self.network = self.network.with_shunts(word_shunt, bit_shunt)
        of_rows, of_columns = (bit_shunt, word_shunt) if self._exchanged else (word_shunt, bit_shunt)
        self._row_shunt = read_only(of_rows)
        self._system = self._system._replace(column_shunt=read_only(of_columns), shunted=bool(of_columns.any()))
        self._least_row_shunt = float(of_rows.min())

    def _set_modes(self, mean: float) -> None:
        """Compute the slow modes for a mean conductance of the cells, unless their number is unchanged."""
        pre = self._pre
        across = pre.conductance.shape[1]
        if self._ideal:
            count = 1
        else:
            slow = max(_MODE_CUTOFF * mean - self._least_row_shunt, 0.0)
            cosine = 1.0 - 0.5 * slow / float(self._row_wire.mean())
            count = min(across, int(np.ceil(across * np.arccos(max(cosine, -1.0)) / np.pi)))
        if count == pre.modes.shape[1]:
            return
        if self._ideal:
            modes = np.full((across, 1), across**-0.5)
            values = np.zeros(1)
        else:
            modes, values = wire_modes(across, count, *self._row_end_share)
        dtype = pre.conductance.dtype
        # The eigenvalue of the wire alone, and the contribution of the ends, row by row, because the ends may differ.
        first, last = modes[0] ** 2, modes[-1] ** 2
        wire = values - self._row_end_share[0] * first - self._row_end_share[1] * last
        self._mode_values = np.stack([np.maximum(wire, 0.0), first, last])
        self._pre = pre._replace(
            modes=modes.astype(dtype),
            modes_transposed=np.ascontiguousarray(modes.T, dtype=dtype),
            mode_factor=np.empty((pre.conductance.shape[0], count), dtype),
            mode_resistance=np.empty(count, dtype),
        )
        self._works.clear()

    def _factorise(self) -> None:
        """Update all quantities that depend on the cells."""
        if self._exchanged:
            self._turned[:] = self.network.conductance.T
        conductance = self._system.conductance
        mean = float(conductance.mean())
        unit = mean if mean > 0.0 else float(self._column_wire.mean())
        self._set_modes(mean)
        self._pre = self._pre._replace(unit=unit, largest=float(conductance.max()))
        column_shunt_mean = 0.0
        if self._system.shunted:
            # A column whose shunt is far above its cells is at ground, however far; it must not dominate the others.
            column_shunt_mean = float(np.minimum(self._system.column_shunt, _MODE_CUTOFF * unit).mean())
        rows, columns = conductance.shape
        modes = self._mode_values.shape[1]
        taken = np.empty((rows, modes))

        def along_rows(_: int, part: tuple[int, int]) -> None:
            factors.factor_rows(
                *part,
                self._system,
                self._pre,
                self._row_wire,
                self._row_start,
                self._row_stop,
                self._row_shunt,
                self._mode_values,
                taken,
            )

        def along_columns(_: int, part: tuple[int, int]) -> None:
            system, pre = self._system, self._pre
            factors.factor_columns(
                *part,
                conductance,
                system.column_wire,
                self._column_start,
                self._column_stop,
                system.column_shunt,
                pre.column_factor,
                pre.column_resistance,
                unit,
            )

        def along_modes(_: int, part: tuple[int, int]) -> None:
            means = (self._column_mean, *self._column_ends, column_shunt_mean)
            wire, start, end, shunt = (np.full(modes, mean) for mean in means)
            pre = self._pre
            factors.factor_columns(
                *part, read_only(taken), wire, start, end, read_only(shunt), pre.mode_factor, pre.mode_resistance, unit
            )

        count = threads() if conductance.size >= _PARALLEL_FROM else 1
        _in_turn(along_rows, _parts(-(-rows // arrays.LANES), count), count)
        _in_turn(along_columns, _parts(columns, count), count)
        _in_turn(along_modes, _parts(modes, count), count)

    def _workspace(self, number: int, count: int) -> arrays.Workspace:
        """The workspace of this number, for this many threads, which is kept between calls of solve."""
        if number < len(self._works) and self._works[number].lanes.shape[0] >= count:
            return self._works[number]
        rows, columns = self._system.conductance.shape
        dtype = self._pre.conductance.dtype
        lanes = arrays.LANES
        work = arrays.Workspace(
            np.zeros((rows, columns)),
            np.zeros((2, rows, columns)),
            np.zeros((rows, columns)),
            np.zeros((rows, columns), dtype),
            np.zeros((rows, columns), dtype),
            np.zeros((rows, self._pre.modes.shape[1]), dtype),
            np.zeros((max(-(-rows // lanes), columns), arrays.SUMS)),
            np.zeros((count, columns, lanes)),
            np.zeros((count, lanes, columns)),
            np.zeros((count, arrays.SUMS, max(columns, arrays.WIDTH))),
            np.zeros((count, columns, lanes), dtype),
            np.zeros((count, lanes, columns), dtype),
            np.zeros(arrays.SCALARS),
        )
        self._works[number : number + 1] = [work]
        return work

    def solve(
        self,
        sources: Sources,
        *,
        tolerance: float = 1e-10,
        start: NetworkSolution | None = None,
        reason: str = "wires with resistance and finite cells",
    ) -> NetworkSolution:
        """Voltages and currents; `start` is an earlier solution of the same shape.  See `solve.solve_network`."""
        check_sources(self.network, sources)
        inputs = sources.inputs
        count, across = self._system.conductance.shape
        shape = (inputs, count, across)
        check_memory("the solution", BYTES_PER_CELL_AND_INPUT * float(inputs) * count * across)
        voltages = (sources.word_start, sources.word_stop, sources.bit_start, sources.bit_stop)
        if self._exchanged:
            voltages = voltages[2:] + voltages[:2]
        given = [
            np.ascontiguousarray(np.where(np.isinf(end)[:, None], 0.0, voltage).T)
            for voltage, end in zip(voltages, self._ends, strict=True)
        ]
        fed, drawn = sources.node_currents()
        if self._exchanged:
            from_words = np.ascontiguousarray(-fed.transpose(0, 2, 1))
            fed = from_words if drawn is fed else np.ascontiguousarray(-drawn.transpose(0, 2, 1))
            drawn = from_words
        drives = arrays.Inputs(given[0], given[1], given[2], given[3], fed, drawn, np.empty((0, 0)))
        if start is None:
            voltage = np.empty(shape)
            voltage[:] = self._first_guess(given)[:, np.newaxis]
        else:
            earlier = start.word_voltage if self._exchanged else start.bit_voltage
            if earlier.shape != (inputs, *self.network.shape):
                raise InputError(
                    f"start: expected a solution of shape {(inputs, *self.network.shape)}, got {earlier.shape}"
                )
            voltage = np.array(earlier.transpose(0, 2, 1) if self._exchanged else earlier, order="C")
        for at, end in ((0, 2), (-1, 3)):
            held = self._ends[end] == 0.0
            if held.any():
                voltage[:, at, held] = given[end][:, held]
        results = arrays.Results(
            voltage,
            np.empty(shape),
            np.empty(shape),
            np.zeros(inputs, dtype=np.int64),
            np.zeros(inputs),
            np.zeros(inputs, dtype=np.int64),
        )
        self._run(drives, float(tolerance), results)
        row_voltage, column_voltage, current = results.rows_voltage, results.voltage, results.current
        if self._exchanged:
            row_voltage, column_voltage = column_voltage.transpose(0, 2, 1), row_voltage.transpose(0, 2, 1)
            np.negative(current, out=current)
            current = current.transpose(0, 2, 1)
        found_ends = end_currents(self.network, sources, row_voltage, column_voltage, current, line_sums)
        endings = results.ending
        converged = bool((endings != iteration.STOPPED).all())
        if not converged:
            reason += f"; stopped at {results.measured.max():.1e} after {int(results.iterations.max())} iterations"
        elif (endings == iteration.ROUND_OFF).any():
            reason += "; as accurate as voltages in float64 allow"
        return NetworkSolution(
            word_voltage=row_voltage,
            bit_voltage=column_voltage,
            device_current=current,
            word_start_current=found_ends[0],
            word_stop_current=found_ends[1],
            bit_start_current=found_ends[2],
            bit_stop_current=found_ends[3],
            method="iterative",
            iterations=int(results.iterations.max()),
            residual=float(results.measured.max()),
            converged=converged,
            reason=reason,
        )

    def _run(self, drives: arrays.Inputs, tolerance: float, results: arrays.Results) -> None:
        """Iterate for all inputs: each by all threads or, if the array is small, each by one of them."""
        inputs, cells = results.iterations.size, self._system.conductance.size
        spread = inputs > 1 and cells <= _SPREAD_UP_TO and inputs * cells >= _PARALLEL_FROM
        count = threads() if spread or cells >= _PARALLEL_FROM else 1
        parts = [(0, inputs)]
        if spread:
            count = min(count, inputs)
            works = [self._workspace(number, 1) for number in range(count)]
            parts = _parts(inputs, count)
        else:
            works = [self._workspace(0, count)] * count
        shared = np.zeros(sharing.WORDS, dtype=np.int64)

        def run(thread: int, together: int, work: arrays.Workspace, part: tuple[int, int]) -> None:
            iteration.solve(
                thread,
                together,
                *part,
                shared,
                self._system,
                self._pre,
                drives,
                work,
                tolerance,
                self.entrywise,
                _MOST_ITERATIONS,
                results,
            )

        if spread:
            _in_turn(lambda index, part: run(0, 1, works[index], part), parts, count)
        else:
            run_with_help(lambda index: run(index, count, works[0], parts[0]), count)

    def _first_guess(self, given: list[FloatArray]) -> FloatArray:
        """(K, columns): the voltage of a column from its sources without cells; for floating ones, the mean of the
        rows.

        The guess hardly affects the iterations, but the corresponding currents are a scale for their errors.
        """
        row_start, row_stop, start, stop = self._ends
        connected = [np.isfinite(row_start), np.isfinite(row_stop)]
        count = sum(int(each.sum()) for each in connected)
        mean = sum(voltage[:, used].sum(axis=1) for voltage, used in zip(given, connected, strict=False)) / max(
            count, 1
        )
        from_start, from_stop = np.isfinite(start), np.isfinite(stop)
        with np.errstate(invalid="ignore"):
            share = np.where(start + stop > 0.0, start / (start + stop), 0.5)
        guess = np.where(
            from_start & from_stop,
            (1.0 - share) * given[2] + share * given[3],
            np.where(from_start, given[2], np.where(from_stop, given[3], mean[:, np.newaxis])),
        )
        return np.asarray(guess)


def _parts(whole: int, count: int) -> list[tuple[int, int]]:
    """A range in several parts for each of a number of threads; in one for a single thread."""
    number = min(whole, 1 if count == 1 else _PARTS * count)
    return [(index * whole // number, (index + 1) * whole // number) for index in range(number)]


def _in_turn(work: Callable[[int, tuple[int, int]], None], parts: list[tuple[int, int]], count: int) -> None:
    """work(thread, part) for all parts, each by whichever thread is free."""
    left = parts[::-1]

    def take(thread: int) -> None:
        while True:
            try:
                part = left.pop()  # by one thread only, under Python's lock
            except IndexError:
                return
            work(thread, part)

    run_with_help(take, count)
