"""Currents at the ends of the lines, from the currents of their devices.

With d_j leaving a line of n nodes at node j (through the device and the shunt, less what a current source feeds to it),
R_s and R_t at its ends and r in a segment, Ohm's law along the line says

    V_s - V_t = R_s I_s + r sum_k (I_s - d_0 - ... - d_k) - R_t I_t,    k = 0 .. n - 2,

which with I_s + I_t = sum_j d_j gives

    I_s (R_s + R_t + (n - 1) r) = V_s - V_t + r sum_j (n - 1 - j) d_j + R_t sum_j d_j.

No difference of two node voltages occurs, so nothing is lost where the wires are almost ideal, and what enters a line
leaves it through its devices to the last digit but one.  What a shunt takes is a product with a node's voltage; it is
summed less what is fed to that node, since the two may be far larger than their difference.
"""

import numpy as np

from compact_model.kernels.jit import kernel


@kernel
def _split(total, weighted, segment, start, stop, nodes, voltage):
    """The currents into the line at its start and at its stop."""
    if start == np.inf:
        return (0.0, 0.0) if stop == np.inf else (0.0, total)
    if stop == np.inf:
        return total, 0.0
    whole = start + stop + (nodes - 1) * segment
    from_start = (voltage + segment * weighted + stop * total) / whole
    from_stop = (-voltage + segment * ((nodes - 1) * total - weighted) + start * total) / whole
    return from_start, from_stop


@kernel
def row_end_currents(lines, drive, voltage, current, start_current, stop_current):
    """Fill the currents into the rows, (N,) each, whose nodes are at these voltages."""
    rows, columns = current.shape
    feeds = drive.fed.size > 0
    for row in range(rows):
        total = 0.0
        weighted = 0.0
        for column in range(columns):
            total += current[row, column]
            weighted += (columns - 1 - column) * current[row, column]
        shunt = lines.row_shunt[row]
        if feeds or shunt > 0.0:
            for column in range(columns):
                beside = shunt * voltage[row, column]
                if feeds:
                    beside -= drive.fed[row, column]
                total += beside
                weighted += (columns - 1 - column) * beside
        start_current[row], stop_current[row] = _split(
            total,
            weighted,
            lines.row_segment[row],
            lines.row_start[row],
            lines.row_stop[row],
            columns,
            drive.row_start[row] - drive.row_stop[row],
        )


@kernel
def column_end_currents(lines, drive, voltage, current, start_current, stop_current):
    """Fill the currents into the columns, (M,) each, whose nodes are at these voltages."""
    rows, columns = current.shape
    total = np.zeros(columns)
    weighted = np.zeros(columns)
    for row in range(rows):
        here = current[row]
        weight = float(rows - 1 - row)
        for column in range(columns):
            total[column] -= here[column]
        for column in range(columns):
            weighted[column] -= weight * here[column]
    draws = drive.drawn.size > 0
    if draws or lines.column_shunt.any():
        for row in range(rows):
            for column in range(columns):
                beside = lines.column_shunt[column] * voltage[row, column]
                if draws:
                    beside += drive.drawn[row, column]
                total[column] += beside
                weighted[column] += (rows - 1 - row) * beside
    for column in range(columns):
        start_current[column], stop_current[column] = _split(
            total[column],
            weighted[column],
            lines.column_segment[column],
            lines.column_start[column],
            lines.column_stop[column],
            rows,
            drive.column_start[column] - drive.column_stop[column],
        )
