"""New conductances of a few cells, from the responses to a current driven through each."""

import numpy as np

from compact_model.kernels.jit import kernel


@kernel
def through_cells(change, voltage, response, current):
    """Fill the currents i (inputs, cells) that stand in for the changes of conductance.

    With v the voltages across the cells before, and Z[c, d] the voltage across cell c for 1 A into the word node and
    out of the bit node of cell d, the voltages after are v - Z i, and i = D (v - Z i) for the changes D.  The row of an
    infinite change says v = Z i instead.  Returns False where the equations are singular.
    """
    cells = change.size
    if cells == 1:
        whole = response[0, 0] if change[0] == np.inf else 1.0 + change[0] * response[0, 0]
        scale = 1.0 if change[0] == np.inf else change[0]
        if not whole > 0.0:
            return False
        for index in range(voltage.shape[0]):
            current[index, 0] = scale * voltage[index, 0] / whole
        return True
    matrix = np.empty((cells, cells))
    right = np.empty((cells, voltage.shape[0]))
    for row in range(cells):
        shorted = change[row] == np.inf
        for column in range(cells):
            matrix[row, column] = response[row, column] if shorted else change[row] * response[row, column]
        if not shorted:
            matrix[row, row] += 1.0
        for index in range(voltage.shape[0]):
            right[row, index] = voltage[index, row] if shorted else change[row] * voltage[index, row]
    solved = np.linalg.solve(matrix, right)
    for index in range(voltage.shape[0]):
        for cell in range(cells):
            if not np.isfinite(solved[cell, index]):
                return False
            current[index, cell] = solved[cell, index]
    return True


@kernel
def subtract_responses(before, responses, current, after):
    """after (inputs, lines) = before - sum of current (inputs, cells) times responses (cells, lines)."""
    lines = before.shape[1]
    for index in range(before.shape[0]):
        out, given = after[index], before[index]
        for line in range(lines):
            out[line] = given[line]
        for cell in range(current.shape[1]):
            weight = current[index, cell]
            unit = responses[cell]
            for line in range(lines):
                out[line] -= weight * unit[line]
