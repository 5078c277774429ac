"""Sums along the lines of the currents that leave their nodes, in one pass over the memory."""

from compact_model.kernels.jit import kernel


@kernel
def line_sums(leaving_rows, leaving_columns, of_rows, of_columns):
    """Fill, for K inputs, the sum along each line, the sum with weights n - 1 - j, and the sum of magnitudes.

    leaving_rows, leaving_columns: (K, N, M), currents that leave the nodes; they may be the same array.  of_rows: (3,
    K, N); of_columns: (3, K, M).
    """
    inputs, rows, columns = leaving_rows.shape
    of_columns[:] = 0.0
    for index in range(inputs):
        plain, weighted, sizes = of_columns[0, index], of_columns[1, index], of_columns[2, index]
        for row in range(rows):
            here = leaving_rows[index, row]
            total = along = size = 0.0
            for column in range(columns):
                total += here[column]
                along += (columns - 1 - column) * here[column]
                size += abs(here[column])
            of_rows[0, index, row] = total
            of_rows[1, index, row] = along
            of_rows[2, index, row] = size
            here = leaving_columns[index, row]
            weight = float(rows - 1 - row)
            for column in range(columns):
                plain[column] += here[column]
            for column in range(columns):
                weighted[column] += weight * here[column]
            for column in range(columns):
                sizes[column] += abs(here[column])
