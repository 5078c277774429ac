"""The demagnetising tensor of one layer of equal cells.

Mean field of one uniformly magnetised cell in another.  At short distances Newell's closed form is used (Newell,
Williams and Dunlop 1993, doi 10.1029/93JB00694), whose differences lose all their digits at long distances; there the
field of a dipole is averaged over both cells.
"""

import itertools
from collections.abc import Callable

import numpy as np
import scipy

from ..support.arrays import FloatArray

_Potential = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]

_NEAR = 12
"""Number of longest edges between two cells beyond which they are far apart; there the two forms agree to 6e-8."""

# The mean over two cells of a smooth function of their distance has a triangular weight.  Along an edge h these three
# points integrate polynomials up to degree five exactly with it, like Gauss points with a constant weight.
_POINTS = (-np.sqrt(0.4), 0.0, np.sqrt(0.4))  # in units of h
_WEIGHTS = (5.0 / 24.0, 7.0 / 12.0, 5.0 / 24.0)

COMPONENTS = ("xx", "yy", "zz", "xy")
"""The components of the tensor that do not vanish between cells of one layer."""


def demagnetising_tensor(x: FloatArray, y: FloatArray, cell: tuple[float, float, float]) -> FloatArray:
    """N, shape (4, *x.shape), in the order of COMPONENTS: the mean field in a cell is H_i = -sum_j N_ij M_j.

    x, y: distances between the centres of the two cells, m, of the same shape; cell: its three edges, m.
    """
    edges = np.array(cell) / max(cell)
    across = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)]) / max(cell)
    near = (across**2).sum(axis=0) < _NEAR**2
    found = np.empty((4, x.size))
    found[:, near] = _closed_form(across[:, near], edges)
    found[:, ~near] = _far_field(across[:, ~near], edges)
    return found.reshape(4, *x.shape)


def tail_of_row(first: int, y: FloatArray, cell: tuple[float, float, float]) -> FloatArray:
    """sum of N_zz over the distances x = first, first + 1, ... cells along a row, for distances y (m); same shape as y.

    The field of an infinite row, magnetised perpendicular to the layer.
    """
    return _summed(first, y, cell, lambda x: np.ones_like(x))


def pairs_of_rows(gap: int, y: FloatArray, cell: tuple[float, float, float]) -> FloatArray:
    """sum of N_zz over all pairs of cells of two infinite rows that lead away from a gap of this many cells."""
    return _summed(gap + 1, y, cell, lambda x: x - gap)


def _summed(
    first: int, y: FloatArray, cell: tuple[float, float, float], count: Callable[[FloatArray], FloatArray]
) -> FloatArray:
    """sum over whole x >= first of count(x) N_zz(x, y), for a count that is linear in x (x in cells)."""
    aside = y.ravel() / cell[0]
    last = first + 400 + 10 * int(np.abs(aside).max())
    x = np.arange(first, last, dtype=np.float64)
    near = demagnetising_tensor(*np.meshgrid(cell[0] * x, y.ravel(), indexing="ij"), cell)[2]
    total = count(x) @ near
    # Beyond, N_zz = V / (4 pi r^3) with 1/r^3 = 1/x^3 - 3 y^2 / (2 x^5), whose sums are Hurwitz zeta functions.
    constant, slope = float(count(np.zeros(1))[0]), float(count(np.ones(1))[0] - count(np.zeros(1))[0])
    far = constant * (scipy.special.zeta(3, last) - 1.5 * aside**2 * scipy.special.zeta(5, last))
    far = far + slope * (scipy.special.zeta(2, last) - 1.5 * aside**2 * scipy.special.zeta(4, last))
    total += np.prod(cell) / (4.0 * np.pi * cell[0] ** 3) * far
    result: FloatArray = total.reshape(y.shape)
    return result


def _closed_form(across: FloatArray, edges: FloatArray) -> FloatArray:
    diagonal = [_differences(_f, np.roll(across, -turn, axis=0), np.roll(edges, -turn)) for turn in range(3)]
    return np.stack([*diagonal, _differences(_g, across, edges)])


def _differences(function: _Potential, place: FloatArray, edges: FloatArray) -> FloatArray:
    """Second differences of a function along all three axes over 4 pi times the volume (Newell's Eq. 18)."""
    total = np.zeros_like(place[0])
    for steps in itertools.product((-1, 0, 1), repeat=3):
        weight = np.prod([-2.0 if step == 0 else 1.0 for step in steps])
        x, y, z = (along + step * edge for along, step, edge in zip(place, steps, edges, strict=True))
        total += weight * function(x, y, z)
    result: FloatArray = -total / (4.0 * np.pi * np.prod(edges))
    return result


def _f(x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
    """Newell's Eq. 27; terms of the form 0/0 on a plane or an axis tend to 0 there."""
    square = (x**2, y**2, z**2)
    distance = np.sqrt(sum(square))
    result: FloatArray = (
        0.5 * y * (square[2] - square[0]) * _arsinh(y, square[0] + square[2])
        + 0.5 * z * (square[1] - square[0]) * _arsinh(z, square[0] + square[1])
        - x * y * z * _arctan(y * z, x * distance)
        + (2.0 * square[0] - square[1] - square[2]) * distance / 6.0
    )
    return result


def _g(x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
    """Newell's Eq. 32."""
    square = (x**2, y**2, z**2)
    distance = np.sqrt(sum(square))
    result: FloatArray = (
        x * y * z * _arsinh(z, square[0] + square[1])
        + y * (3.0 * square[2] - square[1]) / 6.0 * _arsinh(x, square[1] + square[2])
        + x * (3.0 * square[2] - square[0]) / 6.0 * _arsinh(y, square[0] + square[2])
        - z**3 / 6.0 * _arctan(x * y, z * distance)
        - 0.5 * z * square[1] * _arctan(x * z, y * distance)
        - 0.5 * z * square[0] * _arctan(y * z, x * distance)
        - x * y * distance / 3.0
    )
    return result


def _arsinh(value: FloatArray, square: FloatArray) -> FloatArray:
    """arsinh(value / sqrt(square)), 0 where square is 0: its factor is 0 there."""
    return np.where(square > 0.0, np.arcsinh(value / np.sqrt(np.where(square > 0.0, square, 1.0))), 0.0)


def _arctan(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """arctan(numerator / denominator), 0 where the denominator is 0: its factor is 0 there."""
    return np.where(denominator != 0.0, np.arctan(numerator / np.where(denominator != 0.0, denominator, 1.0)), 0.0)


def _far_field(across: FloatArray, edges: FloatArray) -> FloatArray:
    total = np.zeros((4, across.shape[1]))
    for points in itertools.product(range(3), repeat=3):
        x, y, z = (along + _POINTS[point] * edge for along, point, edge in zip(across, points, edges, strict=True))
        weight = np.prod([_WEIGHTS[point] for point in points])
        square = x**2 + y**2 + z**2
        scale = weight / square**2.5
        total += scale * np.stack([square - 3.0 * x**2, square - 3.0 * y**2, square - 3.0 * z**2, -3.0 * x * y])
    return np.prod(edges) / (4.0 * np.pi) * total
