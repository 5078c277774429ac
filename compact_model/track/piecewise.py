"""Functions of one variable as tables of polynomials, the form in which the kernels read tracks and drives."""

import functools
import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from ..kernels.tables import (
    COEFFICIENTS,
    INVERSE_HALF_WIDTH,
    LEFT,
    MIDDLE,
    REGION_LEFT,
    REGION_RIGHT,
    RIGHT,
    PiecewiseTable,
)
from ..support.arrays import FloatArray
from ..support.validation import ConvergenceError

Channels = tuple[Callable[[FloatArray], FloatArray], Callable[[FloatArray], FloatArray]]

DEGREES = (1, 3, 9)
RELATIVE_TOLERANCE = 1e-11
_MOST_HALVINGS = 25
_MOST_PIECES = 200_000
"""Pieces left to halve, in addition to the initial four for each piece: where nothing fits, halving would fill the
memory."""


_GRID = 2**40  # points of a fit lie on this grid of (-1, 1), so that every C library gives the same ones


def _chebyshev(count: int) -> list[int]:
    """The zeros of a Chebyshev polynomial, in units of 1 / _GRID."""
    return [round(_GRID * math.cos(math.pi * (index + 0.5) / count)) for index in range(count)]


@functools.cache
def _points(degree: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The points at which a polynomial of a degree is fitted, those at which it is tested, and the fit.

    The coefficient of u^k is the sum of fit[j, k] times the value at node j: Lagrange's polynomials, from whole numbers
    and rounded once, since the bits that a linear algebra library gives depend on the processor.
    """
    count = degree + 1
    nodes = _chebyshev(count)  # inside (-1, 1): the jump at an edge is never sampled
    fit = np.empty((count, count))
    for index, own in enumerate(nodes):
        powers, scale = [1], 1
        for other in nodes[:index] + nodes[index + 1 :]:
            # times (_GRID u - other) / (own - other)
            powers = [_GRID * up - other * down for up, down in zip([0, *powers], [*powers, 0], strict=True)]
            scale *= own - other
        fit[index] = [power / scale for power in powers]
    # Between the nodes, and close to the ends, where an undeclared jump could hide.
    tests = np.append(np.array(_chebyshev(2 * count + 1)) / _GRID, [1.0 - 1e-6, 1e-6 - 1.0])
    return np.array(nodes) / _GRID, tests, fit


def _interpolate(
    function: Callable[[FloatArray], FloatArray], middle: FloatArray, half: FloatArray, degree: int
) -> tuple[FloatArray, FloatArray]:
    """Power coefficients (pieces, degree + 1) in u = (x - middle) / half, and the largest error of each piece."""
    nodes, tests, fit = _points(degree)
    count = degree + 1
    # One call for both: the cost of a waveform is per call rather than per time.
    values = function(middle[:, np.newaxis] + half[:, np.newaxis] * np.concatenate([nodes, tests]))
    coefficients = np.zeros((middle.size, count))
    first = values[:, 0]
    for node in range(1, count):  # from the first value on, so that a constant has no slope, not even by rounding
        coefficients += (values[:, node] - first)[:, np.newaxis] * fit[node]
    coefficients[:, 0] += first
    fitted = np.repeat(coefficients[:, -1:], tests.size, axis=1)
    for power in range(degree - 1, -1, -1):
        fitted = fitted * tests + coefficients[:, power, np.newaxis]
    exact = values[:, count:]
    error: FloatArray = np.abs(fitted - exact).max(axis=1)
    # Rounding x alone moves the values by this much, and no halving can improve on that.
    rounding = 4.0 * np.finfo(np.float64).eps * (np.abs(middle) + half) / half * np.ptp(exact, axis=1)
    return np.asarray(coefficients, dtype=np.float64), np.maximum(error - rounding, 0.0)


def polynomial_rows(
    channels: Channels, hard_edges: Iterable[float], knots: Iterable[float], span: tuple[float, float]
) -> FloatArray:
    """Rows of a PiecewiseTable for two functions on span, each to RELATIVE_TOLERANCE of its largest value.

    hard_edges: where a function or its slope jumps; knots: other points to divide the span at, so that nothing narrow
    is missed.  Pieces are halved until polynomials of one of DEGREES fit; straight lines stay straight lines.
    """
    start, stop = span
    resolution = 1e-12 * (stop - start)
    hard = _inside(hard_edges, start, stop, resolution)
    every = _inside([*hard, *knots], start, stop, resolution)
    edges = np.concatenate([[start], every, [stop]])
    pieces: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    middle = 0.5 * (edges[1:] + edges[:-1])
    half = 0.5 * (edges[1:] - edges[:-1])
    scales = [max(float(np.abs(channel(middle)).max()), 1e-300) for channel in channels]
    most = max(_MOST_PIECES, 4 * middle.size)
    for _ in range(_MOST_HALVINGS):
        for degree in DEGREES:
            fits = [_interpolate(channel, middle, half, degree) for channel in channels]
            scales = [max(scale, float(np.abs(fit[0]).max())) for scale, fit in zip(scales, fits, strict=True)]
            good = np.ones(middle.size, dtype=bool)
            for scale, (_, error) in zip(scales, fits, strict=True):
                good &= error <= RELATIVE_TOLERANCE * scale
            if good.any():
                block = np.stack([fit[0][good] for fit in fits], axis=2)
                pieces.append((middle[good], half[good], block))
            middle, half = middle[~good], half[~good]
            if middle.size == 0:
                return _rows(pieces, np.concatenate([[start], hard, [stop]]))
        if middle.size > most:
            break
        middle = np.concatenate([middle - 0.5 * half, middle + 0.5 * half])
        half = np.concatenate([0.5 * half, 0.5 * half])
    raise ConvergenceError(
        f"a function could not be fitted near {middle[0]:.6g}: it jumps or kinks there; declare that point as an edge"
    )


def _inside(points: Iterable[float], start: float, stop: float, resolution: float) -> FloatArray:
    """The distinct points within (start, stop), sorted."""
    array = np.unique(np.asarray(list(points), dtype=np.float64))
    array = array[(array > start + resolution) & (array < stop - resolution)]
    if array.size:
        array = array[np.concatenate([[True], np.diff(array) > resolution])]
    return array


def _rows(pieces: Sequence[tuple[FloatArray, FloatArray, FloatArray]], hard: FloatArray) -> FloatArray:
    degree = max(block.shape[1] for _, _, block in pieces) - 1
    total = sum(middle.size for middle, _, _ in pieces)
    rows = np.zeros((total, COEFFICIENTS + 2 * (degree + 1)))
    at = 0
    for middle, half, block in pieces:
        part = rows[at : at + middle.size]
        part[:, LEFT] = middle - half
        part[:, RIGHT] = middle + half
        part[:, COEFFICIENTS : COEFFICIENTS + 2 * block.shape[1]] = block.reshape(middle.size, -1)
        at += middle.size
    rows = rows[np.argsort(rows[:, LEFT])]
    rows[1:, LEFT] = rows[:-1, RIGHT]  # the same bits on both sides of an edge
    rows[0, LEFT] = hard[0]
    rows[-1, RIGHT] = hard[-1]
    region = np.searchsorted(hard, 0.5 * (rows[:, LEFT] + rows[:, RIGHT]))
    rows[:, REGION_LEFT] = hard[region - 1]
    rows[:, REGION_RIGHT] = hard[region]
    # The pieces at a region's ends take exactly its bits, so the two can be compared.
    last = np.append(np.diff(region) > 0, True)
    rows[last, RIGHT] = rows[last, REGION_RIGHT]
    first = np.insert(np.diff(region) > 0, 0, True)
    rows[first, LEFT] = rows[first, REGION_LEFT]
    rows[:, MIDDLE] = 0.5 * (rows[:, LEFT] + rows[:, RIGHT])
    rows[:, INVERSE_HALF_WIDTH] = 2.0 / (rows[:, RIGHT] - rows[:, LEFT])
    return rows


def stack(objects: Sequence[FloatArray]) -> PiecewiseTable:
    """One table from the rows of several objects; polynomials of lower degree get zeros for the higher powers."""
    if len(objects) == 1:
        return PiecewiseTable(np.array(objects[0], order="C"), np.array([0, len(objects[0])], dtype=np.int64))
    offsets = np.concatenate([[0], np.cumsum([len(rows) for rows in objects])]).astype(np.int64)
    table = np.zeros((offsets[-1], max(rows.shape[1] for rows in objects)))
    for rows, first in zip(objects, offsets[:-1], strict=True):
        table[first : first + len(rows), : rows.shape[1]] = rows
    return PiecewiseTable(table, offsets)


def bounds(table: PiecewiseTable) -> tuple[FloatArray, FloatArray]:
    """Upper bounds of |value| and |slope| of both channels over the table, each of shape (2,)."""
    powers = np.abs(table.rows[:, COEFFICIENTS:]).reshape(len(table.rows), -1, 2)
    order = np.arange(powers.shape[1])[np.newaxis, :, np.newaxis]
    value = powers.sum(axis=1).max(axis=0)
    slope = ((order * powers).sum(axis=1) * table.rows[:, INVERSE_HALF_WIDTH, np.newaxis]).max(axis=0)
    return value, slope
