"""Bands of columns: sweeps along them, vectorised across them, and the modes of the mean array."""

import numpy as np

from compact_model.kernels.jit import fused_inner_kernel, inlined, inner_kernel


@inlined
def _back(first, last, factor, out):
    """The second half of a sweep."""
    for row in range(out.shape[0] - 2, -1, -1):
        after = out[row + 1, first:last]
        here = out[row, first:last]
        share = factor[row, first:last]
        for column in range(last - first):
            here[column] += share[column] * after[column]


@inner_kernel
def sweep_band(band, width, values, factor, resistance, bias):
    """Solve along the columns of a band, in place."""
    first = band * width
    last = min(first + width, values.shape[1])
    scale = resistance[first:last]
    here = values[0, first:last]
    share = factor[0, first:last]
    for column in range(last - first):
        here[column] = here[column] * scale[column] * share[column]
    for row in range(1, values.shape[0]):
        before = values[row - 1, first:last]
        here = values[row, first:last]
        share = factor[row, first:last]
        for column in range(last - first):
            here[column] = (here[column] * scale[column] + bias + before[column]) * share[column]
    _back(first, last, factor, values)


@inner_kernel
def step_band(band, width, thread, pre, work, steps, length, scale, turn, voltage):
    """x += a p, r -= a S p, first = scale r + bias and second = L first; sums[column, 0] = r . r.

    Without a step, x and r do not change, and no sum is computed.
    """
    first = band * width
    rows, columns = voltage.shape
    last = min(first + width, columns)
    count = last - first
    squares = work.lines[thread, 0]
    for column in range(count):
        squares[column] = 0.0
    short_bias = pre.bias[0]
    bias = np.float64(short_bias)
    resistance = pre.column_resistance[first:last]
    for row in range(rows):
        r, s = work.residual[row, first:last], work.first[row, first:last]
        if steps:
            x, p = voltage[row, first:last], work.direction[turn, row, first:last]
            q = work.image[row, first:last]
            for column in range(count):
                x[column] += length * p[column]
            for column in range(count):
                r[column] -= length * q[column]
            for column in range(count):
                squares[column] += r[column] * r[column]
        for column in range(count):
            s[column] = scale * r[column] + bias
        here = work.second[row, first:last]
        share = pre.column_factor[row, first:last]
        if row == 0:
            for column in range(count):
                here[column] = s[column] * resistance[column] * share[column]
        else:
            before = work.second[row - 1, first:last]
            for column in range(count):
                here[column] = (s[column] * resistance[column] + short_bias + before[column]) * share[column]
    _back(first, last, pre.column_factor, work.second)
    for column in range(count):
        work.sums[first + column, 0] = squares[column]


@inner_kernel
def product_band(band, width, thread, pre, work):
    """For each column of z = `second`: z . r, z . q, and the squares of G z and of z."""
    first = band * width
    rows, columns = work.second.shape
    last = min(first + width, columns)
    count = last - first
    lines = work.lines[thread]
    with_residual, with_image, currents, squares = lines[0], lines[1], lines[2], lines[3]
    for column in range(count):
        with_residual[column] = 0.0
        with_image[column] = 0.0
        currents[column] = 0.0
        squares[column] = 0.0
    for row in range(rows):
        z = work.second[row, first:last]
        r = work.residual[row, first:last]
        q = work.image[row, first:last]
        g = pre.conductance[row, first:last]
        for column in range(count):
            with_residual[column] += np.float64(z[column]) * r[column]
        for column in range(count):
            with_image[column] += np.float64(z[column]) * q[column]
        for column in range(count):
            currents[column] += np.float64(z[column] * g[column]) ** 2
        for column in range(count):
            squares[column] += np.float64(z[column]) ** 2
    for column in range(count):
        work.sums[first + column, 0] = with_residual[column]
        work.sums[first + column, 1] = with_image[column]
        work.sums[first + column, 2] = currents[column]
        work.sums[first + column, 3] = squares[column]


@fused_inner_kernel
def multiply(count, left, right, out):
    """out = left @ right for a range of rows.  Not by a BLAS library, whose threads would compete with ours for the
    cores.

    Four rows by four steps at a time, so that each value loaded or stored serves several products.

    Products and sums may fuse here: the preconditioner need not be exact, only the same on any number of threads.
    """
    depth = left.shape[1]
    columns = right.shape[1]
    out[:count] = 0.0
    whole = count - count % 4
    steps = depth - depth % 4
    for row in range(0, whole, 4):
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
    for row in range(whole, count):
        one = out[row]
        for step in range(depth):
            a = left[row, step]
            u = right[step]
            for column in range(columns):
                one[column] += a * u[column]
