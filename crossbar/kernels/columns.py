"""Sweeps along the columns, vectorised across them, and the modes of the mean array."""

import numpy as np
from numba import prange

from compact_model.kernels.jit import fused_kernel, kernel, parallel_kernel

WIDTH = 64
"""Columns that one thread takes at a time in a sweep."""
ROWS = 16
"""Rows that one thread takes at a time in a product."""


@kernel
def _factor_band(first, last, conductance, wire, start, stop, shunt, factor):
    rows = conductance.shape[0]
    count = last - first
    ground = np.empty(count)
    segment = wire[first:last]
    leak = shunt[first:last]
    for column in range(count):
        ground[column] = start[first + column] + conductance[0, first + column] + leak[column]
    for row in range(rows - 1):
        out = factor[row, first:last]
        following = conductance[row + 1, first:last]
        for column in range(count):
            out[column] = segment[column] / (segment[column] + ground[column])
        for column in range(count):
            # the two in series; the quotient is below 1 even where a source holds the node (ground is inf)
            passed = segment[column] / (1.0 + segment[column] / ground[column])
            ground[column] = following[column] + leak[column] + passed
    out = factor[rows - 1, first:last]
    for column in range(count):
        out[column] = segment[column] / (ground[column] + stop[first + column])


@parallel_kernel
def _factor_parallel(conductance, wire, start, stop, shunt, factor):
    columns = conductance.shape[1]
    for band in prange((columns + WIDTH - 1) // WIDTH):
        first = np.int64(band) * WIDTH
        _factor_band(first, min(first + WIDTH, columns), conductance, wire, start, stop, shunt, factor)


@kernel
def factor_columns(conductance, wire, start, stop, shunt, factor, parallel):
    """Fill the factors of T + G of the columns; an end of inf holds its node.  See `arrays` for the factors."""
    if parallel is not None:
        _factor_parallel(conductance, wire, start, stop, shunt, factor)
    else:
        _factor_band(0, conductance.shape[1], conductance, wire, start, stop, shunt, factor)


@kernel
def _sweep_band(first, last, given, factor, resistance, bias, out):
    rows = given.shape[0]
    count = last - first
    scale = resistance[first:last]
    here = out[0, first:last]
    right = given[0, first:last]
    share = factor[0, first:last]
    for column in range(count):
        here[column] = right[column] * scale[column] * share[column]
    for row in range(1, rows):
        before = out[row - 1, first:last]
        here = out[row, first:last]
        right = given[row, first:last]
        share = factor[row, first:last]
        for column in range(count):
            here[column] = (right[column] * scale[column] + before[column] + bias) * share[column]
    for row in range(rows - 2, -1, -1):
        after = out[row + 1, first:last]
        here = out[row, first:last]
        share = factor[row, first:last]
        for column in range(count):
            here[column] += share[column] * after[column]


@parallel_kernel
def _sweep_parallel(given, factor, resistance, bias, out):
    columns = given.shape[1]
    for band in prange((columns + WIDTH - 1) // WIDTH):
        first = np.int64(band) * WIDTH
        _sweep_band(first, min(first + WIDTH, columns), given, factor, resistance, bias, out)


@kernel
def sweep(given, factor, resistance, bias, out, parallel):
    """Solve along all columns; given and out may be the same array."""
    if parallel is not None:
        _sweep_parallel(given, factor, resistance, bias, out)
    else:
        _sweep_band(0, given.shape[1], given, factor, resistance, bias, out)


@kernel
def _products_band(first, last, solved, residual, image, conductance, sums):
    rows = solved.shape[0]
    count = last - first
    with_residual = np.zeros(count)
    with_image = np.zeros(count)
    currents = np.zeros(count)
    squares = np.zeros(count)
    for row in range(rows):
        z = solved[row, first:last]
        r = residual[row, first:last]
        q = image[row, first:last]
        g = conductance[row, first:last]
        for column in range(count):
            with_residual[column] += np.float64(z[column]) * r[column]
        for column in range(count):
            with_image[column] += np.float64(z[column]) * q[column]
        for column in range(count):
            currents[column] += np.float64(z[column] * g[column]) ** 2
        for column in range(count):
            squares[column] += np.float64(z[column]) ** 2
    for column in range(count):
        sums[first + column, 0] = with_residual[column]
        sums[first + column, 1] = with_image[column]
        sums[first + column, 2] = currents[column]
        sums[first + column, 3] = squares[column]


@parallel_kernel
def _products_parallel(solved, residual, image, conductance, sums):
    columns = solved.shape[1]
    for band in prange((columns + WIDTH - 1) // WIDTH):
        first = np.int64(band) * WIDTH
        _products_band(first, min(first + WIDTH, columns), solved, residual, image, conductance, sums)


@kernel
def products(solved, residual, image, conductance, shunt, sums, parallel):
    """z . r, z . q, and the norms of G z, z and t z; summed in an order that does not depend on the threads."""
    columns = solved.shape[1]
    if parallel is not None:
        _products_parallel(solved, residual, image, conductance, sums)
    else:
        _products_band(0, columns, solved, residual, image, conductance, sums)
    totals = np.zeros(4)
    leaks = 0.0
    for column in range(columns):
        for each in range(4):
            totals[each] += sums[column, each]
        leaks += shunt[column] ** 2 * sums[column, 3]
    return totals[0], totals[1], np.sqrt(totals[2]), np.sqrt(totals[3]), np.sqrt(leaks)


@fused_kernel
def _multiply_band(first, last, left, right, out):
    """Four rows by four steps at a time, so that each value loaded or stored serves several products.

    Products and sums may fuse here: the preconditioner need not be exact, only the same on any number of threads.
    """
    depth = left.shape[1]
    columns = right.shape[1]
    out[first:last] = 0.0
    whole = last - (last - first) % 4
    steps = depth - depth % 4
    for row in range(first, whole, 4):
        one, two, three, four = out[row], out[row + 1], out[row + 2], out[row + 3]
        for step in range(0, steps, 4):
            u, v, w, x = right[step], right[step + 1], right[step + 2], right[step + 3]
            a0, a1, a2, a3 = left[row, step], left[row, step + 1], left[row, step + 2], left[row, step + 3]
            b0, b1 = left[row + 1, step], left[row + 1, step + 1]
            b2, b3 = left[row + 1, step + 2], left[row + 1, step + 3]
            c0, c1 = left[row + 2, step], left[row + 2, step + 1]
            c2, c3 = left[row + 2, step + 2], left[row + 2, step + 3]
            d0, d1 = left[row + 3, step], left[row + 3, step + 1]
            d2, d3 = left[row + 3, step + 2], left[row + 3, step + 3]
            for column in range(columns):
                one[column] += a0 * u[column] + a1 * v[column] + a2 * w[column] + a3 * x[column]
                two[column] += b0 * u[column] + b1 * v[column] + b2 * w[column] + b3 * x[column]
                three[column] += c0 * u[column] + c1 * v[column] + c2 * w[column] + c3 * x[column]
                four[column] += d0 * u[column] + d1 * v[column] + d2 * w[column] + d3 * x[column]
        for step in range(steps, depth):
            a, b, c, d = left[row, step], left[row + 1, step], left[row + 2, step], left[row + 3, step]
            u = right[step]
            for column in range(columns):
                one[column] += a * u[column]
                two[column] += b * u[column]
                three[column] += c * u[column]
                four[column] += d * u[column]
    for row in range(whole, last):
        one = out[row]
        for step in range(depth):
            a = left[row, step]
            u = right[step]
            for column in range(columns):
                one[column] += a * u[column]


@parallel_kernel
def _multiply_parallel(left, right, out):
    rows = left.shape[0]
    for band in prange((rows + ROWS - 1) // ROWS):
        first = np.int64(band) * ROWS
        _multiply_band(first, min(first + ROWS, rows), left, right, out)


@kernel
def multiply(left, right, out, parallel):
    """out = left @ right.  Not by a BLAS library, whose threads would fight with ours for the cores."""
    if parallel is not None:
        _multiply_parallel(left, right, out)
    else:
        _multiply_band(0, left.shape[0], left, right, out)
