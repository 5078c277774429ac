"""The factors of the lines and of the mean array; see `arrays` for their meaning."""

import numpy as np

from compact_model.kernels.jit import inlined, inner_kernel, kernel

from .arrays import LANES, WIDTH
from .rows import total


@inner_kernel
def _factor_block(block, conductance, wire, start, stop, shunt, factor, other_factor, start_share, stop_share, ground):
    """Factors and shares of the sources of up to LANES rows, in two precisions; ground: (LANES,), scratch."""
    rows, columns = conductance.shape
    first = block * LANES
    count = min(LANES, rows - first)
    for column in range(columns):
        for lane in range(count, LANES):
            factor[block, column, lane] = 0.0
            other_factor[block, column, lane] = 0.0
    for lane in range(count):
        row = first + lane
        ground[lane] = start[row] + conductance[row, 0] + shunt[row]
    for column in range(columns - 1):
        for lane in range(count):
            row = first + lane
            whole = wire[row] + ground[lane]
            share = wire[row] / whole
            if column == 0:
                start_share[row] = start[row] / whole if start[row] < np.inf else 1.0
            factor[block, column, lane] = share
            other_factor[block, column, lane] = share
            passed = ground[lane] * share if ground[lane] < np.inf else wire[row]
            ground[lane] = conductance[row, column + 1] + shunt[row] + passed
    for lane in range(count):
        row = first + lane
        whole = ground[lane] + stop[row]
        share = wire[row] / whole
        if columns == 1:
            start_share[row] = start[row] / whole if start[row] < np.inf else 1.0
        if start[row] == np.inf and columns == 1:
            stop_share[row] = 0.0
        else:
            stop_share[row] = stop[row] / whole if stop[row] < np.inf else 1.0
        factor[block, columns - 1, lane] = share
        other_factor[block, columns - 1, lane] = share


@inlined
def _join_ends(row, system, row_start, row_stop, row_shunt):
    """The single node of an ideal row."""
    columns = system.conductance.shape[1]
    ends = row_start[row] + row_stop[row]
    if ends == np.inf:
        system.row_resistance[row] = 0.0
        system.row_start_share[row] = 1.0 if row_start[row] == np.inf else 0.0
        system.row_stop_share[row] = 0.0 if row_start[row] == np.inf else 1.0
    else:
        resistance = 1.0 / (ends + columns * row_shunt[row] + total(system.conductance[row]))
        system.row_resistance[row] = resistance
        system.row_start_share[row] = row_start[row] * resistance
        system.row_stop_share[row] = row_stop[row] * resistance


@kernel
def factor_rows(begin, stop, system, pre, row_wire, row_start, row_stop, row_shunt, mode_values, taken):
    """Fill the data of the rows in the blocks from `begin` to `stop`, and their conductance in each mode.

    row_wire, row_start, row_stop: (N,) conductances of the rows' segments and ends, inf if a source holds the node.
    row_shunt: (N,), of each of the rows' nodes to ground.  mode_values: (3, K), each mode's eigenvalue in a wire of
    unit conductance with open ends, and its squares at the first and at the last node.  taken: (N, K).
    """
    rows = system.conductance.shape[0]
    unit = pre.unit
    ground = np.empty(LANES)
    for block in range(begin, stop):
        if not system.ideal_rows:
            _factor_block(
                block,
                system.conductance,
                row_wire,
                row_start,
                row_stop,
                row_shunt,
                system.row_factor,
                pre.row_factor,
                system.row_start_share,
                system.row_stop_share,
                ground,
            )
        for row in range(block * LANES, min((block + 1) * LANES, rows)):
            given, scaled = system.conductance[row], pre.conductance[row]
            for column in range(given.size):
                scaled[column] = given[column] / unit
            if system.ideal_rows:
                _join_ends(row, system, row_start, row_stop, row_shunt)
            pre.row_resistance[row] = system.row_resistance[row] * unit
            # The conductance of a row of the mean array to the columns in each mode: its cells in series with its wire
            # and shunt.
            mean = total(given) / given.size
            wire = 0.0 if system.ideal_rows else row_wire[row]
            short = np.inf if system.ideal_rows else 4.0 * row_wire[row]
            at_start = min(row_start[row], short)
            at_stop = min(row_stop[row], short)
            for mode in range(mode_values.shape[1]):
                value = wire * mode_values[0, mode] + at_start * mode_values[1, mode] + at_stop * mode_values[2, mode]
                value += row_shunt[row]
                if value == np.inf:
                    taken[row, mode] = mean
                elif value > 0.0:
                    taken[row, mode] = mean * value / (mean + value)
                else:
                    taken[row, mode] = 0.0


@kernel
def factor_columns(begin, stop, conductance, wire, start_end, stop_end, shunt, factor, resistance, unit):
    """Fill the factors of T + G of the columns from `begin` to `stop`; an end of inf holds its node."""
    rows = conductance.shape[0]
    ground = np.empty(WIDTH)
    for first in range(begin, stop, WIDTH):
        last = min(first + WIDTH, stop)
        count = last - first
        segment = wire[first:last]
        leak = shunt[first:last]
        for column in range(count):
            ground[column] = start_end[first + column] + conductance[0, first + column] + leak[column]
            resistance[first + column] = unit / segment[column]
        for row in range(rows - 1):
            out = factor[row, first:last]
            following = conductance[row + 1, first:last]
            for column in range(count):
                out[column] = segment[column] / (segment[column] + ground[column])
            for column in range(count):
                # the two in series; the quotient is below 1 even if a source holds the node (ground is inf)
                passed = segment[column] / (1.0 + segment[column] / ground[column])
                ground[column] = following[column] + leak[column] + passed
        out = factor[rows - 1, first:last]
        for column in range(count):
            out[column] = segment[column] / (ground[column] + stop_end[first + column])
