"""Blocks of rows: the exact elimination of the row lines, and the quantities that follow from it row by row."""

import numpy as np

from compact_model.kernels.jit import inlined, inner_kernel

from .arrays import LANES


@inner_kernel
def solve_rows(count, rows, resistance, factor, start, stop, bias, lanes):
    """Replace the currents into the nodes of several rows by the voltages of the nodes.

    rows: (LANES, M); resistance: (count,) of their segments; factor: (M, LANES), 0 in the lanes beyond count; start,
    stop: (count,) contributions of their sources to the first and to the last entry of y; lanes: (M, LANES),
    scratch.
    """
    columns = rows.shape[1]
    if count < LANES:
        lanes[:] = 0.0
    whole = columns - columns % LANES
    for left in range(0, whole, LANES):
        for lane in range(count):
            given = rows[lane, left : left + LANES]
            here = lanes[left : left + LANES, lane]
            scale = resistance[lane]
            for column in range(LANES):
                here[column] = given[column] * scale
    for lane in range(count):
        for column in range(whole, columns):
            lanes[column, lane] = rows[lane, column] * resistance[lane]
    for lane in range(LANES):
        lanes[0, lane] *= factor[0, lane]
    for lane in range(count):
        lanes[0, lane] += start[lane]
    for column in range(1, columns):
        for lane in range(LANES):
            lanes[column, lane] = (lanes[column, lane] + bias + lanes[column - 1, lane]) * factor[column, lane]
    for lane in range(count):
        lanes[columns - 1, lane] += stop[lane]
    for column in range(columns - 2, -1, -1):
        for lane in range(LANES):
            lanes[column, lane] += factor[column, lane] * lanes[column + 1, lane]
    for left in range(0, whole, LANES):
        for lane in range(count):
            out = rows[lane, left : left + LANES]
            here = lanes[left : left + LANES, lane]
            for column in range(LANES):
                out[column] = here[column]
    for lane in range(count):
        for column in range(whole, columns):
            rows[lane, column] = lanes[column, lane]


@inlined
def total(values):
    """The sum, from the first to the last."""
    result = 0.0
    for value in values:
        result += value
    return result


@inner_kernel
def couple_block(block, thread, pre, work, again):
    """In the preconditioner's units: the rows' part of the two halves of M (see `iteration`).

    First, mode_values = C z in the slow modes, where z is `second`; then, with the solution in the modes in
    `short_rows`: second = first + C (z + y).
    """
    rows, columns = work.second.shape
    first = block * LANES
    count = min(LANES, rows - first)
    scratch = work.short_rows[thread]
    for lane in range(count):
        here = scratch[lane]
        cells = pre.conductance[first + lane]
        given = work.second[first + lane]
        if again:
            for column in range(columns):
                here[column] = (here[column] + given[column]) * cells[column]
        else:
            for column in range(columns):
                here[column] = given[column] * cells[column]
    if pre.ideal_rows:
        for lane in range(count):
            here = scratch[lane]
            voltage = total(here) * pre.row_resistance[first + lane]
            for column in range(columns):
                here[column] = voltage
    else:
        resistance = pre.row_resistance[first : first + count]
        solve_rows(
            count,
            scratch,
            resistance,
            pre.row_factor[block],
            pre.no_source,
            pre.no_source,
            pre.bias[0],
            work.short_lanes[thread],
        )
    for lane in range(count):
        here = scratch[lane]
        cells = pre.conductance[first + lane]
        if again:
            out = work.second[first + lane]
            base = work.first[first + lane]
            for column in range(columns):
                out[column] = here[column] * cells[column] + base[column]
        else:
            for column in range(columns):
                here[column] *= cells[column]


@inlined
def wire_currents(wire, here, neighbour, out):
    """Subtract the currents in the column wires, from differences of neighbours."""
    for column in range(out.size):
        out[column] += wire[column] * (here[column] - neighbour[column])


@inlined
def hold(row, rows, system, out):
    """Zero where a source holds the column's node."""
    if row == 0:
        for column in range(out.size):
            out[column] *= system.column_start_free[column]
    if row == rows - 1:
        for column in range(out.size):
            out[column] *= system.column_stop_free[column]


@inlined
def _turn_row(scale, share, solved, before, out):
    """p = scale z + share p."""
    if share == 0.0:  # p is overwritten even if it was not finite
        for column in range(out.size):
            out[column] = scale * solved[column]
    else:
        for column in range(out.size):
            out[column] = scale * solved[column] + share * before[column]


@inner_kernel
def apply_block(block, thread, system, work, scale, share, turn):
    """The next direction p = scale z + share p and image = S p of a block of rows; sums[block, 0] = p . image.

    turn: 0 or 1, which of the two directions is the next one.  The rows next to the block are also computed here, in
    scratch, because another thread may have their block.
    """
    rows, columns = work.image.shape
    first = block * LANES
    count = min(LANES, rows - first)
    following, before = work.direction[turn], work.direction[1 - turn]
    scratch = work.rows[thread]
    above, below, products = work.lines[thread, 0], work.lines[thread, 1], work.lines[thread, 2]
    if first > 0:
        _turn_row(scale, share, work.second[first - 1], before[first - 1], above[:columns])
    if first + count < rows:
        _turn_row(scale, share, work.second[first + count], before[first + count], below[:columns])
    for lane in range(count):
        here = following[first + lane]
        _turn_row(scale, share, work.second[first + lane], before[first + lane], here)
        cells = system.conductance[first + lane]
        out = scratch[lane]
        for column in range(columns):
            out[column] = cells[column] * here[column]
    if system.ideal_rows:
        for lane in range(count):
            scratch[lane, :] = total(scratch[lane]) * system.row_resistance[first + lane]
    else:
        resistance = system.row_resistance[first : first + count]
        solve_rows(
            count,
            scratch,
            resistance,
            system.row_factor[block],
            system.no_source,
            system.no_source,
            0.0,
            work.lanes[thread],
        )
    for column in range(columns):
        products[column] = 0.0
    for lane in range(count):
        row = first + lane
        out = work.image[row]
        here = following[row]
        inner = scratch[lane]
        cells = system.conductance[row]
        for column in range(columns):
            out[column] = cells[column] * (here[column] - inner[column])
        if row > 0:
            wire_currents(system.column_wire, here, following[row - 1] if lane > 0 else above, out)
        if row < rows - 1:
            wire_currents(system.column_wire, here, following[row + 1] if lane < count - 1 else below, out)
        if row == 0:
            ends = system.column_start
            for column in range(columns):
                out[column] += ends[column] * here[column]
        if row == rows - 1:
            ends = system.column_stop
            for column in range(columns):
                out[column] += ends[column] * here[column]
        if system.shunted:
            shunt = system.column_shunt
            for column in range(columns):
                out[column] += shunt[column] * here[column]
        hold(row, rows, system, out)
        for column in range(columns):
            products[column] += here[column] * out[column]
    work.sums[block, 0] = total(products[:columns])


@inner_kernel
def _row_voltages(block, thread, system, drive, columns_voltage, rows_voltage, work):
    """The voltages of the row nodes of a block, in `rows` and in rows_voltage."""
    rows, columns = columns_voltage.shape
    first = block * LANES
    count = min(LANES, rows - first)
    feeds = drive.fed.size > 0
    scratch = work.rows[thread]
    for lane in range(count):
        row = first + lane
        here = columns_voltage[row]
        cells = system.conductance[row]
        out = scratch[lane]
        for column in range(columns):
            out[column] = cells[column] * here[column]
        if feeds:
            beside = drive.fed[row]
            for column in range(columns):
                out[column] += beside[column]
    if system.ideal_rows:
        for lane in range(count):
            row = first + lane
            held = system.row_start_share[row] * drive.row_start[row] + system.row_stop_share[row] * drive.row_stop[row]
            scratch[lane, :] = total(scratch[lane]) * system.row_resistance[row] + held
    else:
        start, stop = work.lines[thread, 0], work.lines[thread, 1]
        for lane in range(count):
            row = first + lane
            start[lane] = system.row_start_share[row] * drive.row_start[row]
            stop[lane] = system.row_stop_share[row] * drive.row_stop[row]
        resistance = system.row_resistance[first : first + count]
        solve_rows(count, scratch, resistance, system.row_factor[block], start, stop, 0.0, work.lanes[thread])
    for lane in range(count):
        here, out = scratch[lane], rows_voltage[first + lane]
        for column in range(columns):
            out[column] = here[column]


@inlined
def _take_leaks(row, system, drive, here, out, leaks, leak_floors):
    """Add the currents of the columns' shunts and of the current sources at the nodes of a row; squares of these and of
    t b."""
    shunt = system.column_shunt
    if drive.drawn.size > 0:
        beside = drive.drawn[row]
        for column in range(out.size):
            leak = shunt[column] * here[column] + beside[column]
            out[column] += leak
            leaks[column] += leak * leak
    else:
        for column in range(out.size):
            leak = shunt[column] * here[column]
            out[column] += leak
            leaks[column] += leak * leak
    for column in range(out.size):
        leak_floors[column] += (shunt[column] * here[column]) ** 2


@inner_kernel
def evaluate_block(block, thread, system, drive, columns_voltage, rows_voltage, current, work):
    """Row voltages, device currents and residual of a block of rows, with the sources.

    The residual is the current into each column node minus that out of it.  The sums are squares: of the currents, of G
    (|w| + |b|), of all voltages and of the residual; if columns have shunts t, also of the currents through t minus
    those fed by sources, and of t |b|.
    """
    rows, columns = columns_voltage.shape
    first = block * LANES
    count = min(LANES, rows - first)
    _row_voltages(block, thread, system, drive, columns_voltage, rows_voltage, work)
    work.lines[thread] = 0.0
    squares, floors, voltages = work.lines[thread, 0], work.lines[thread, 1], work.lines[thread, 2]
    residuals, leaks, leak_floors = work.lines[thread, 3], work.lines[thread, 4], work.lines[thread, 5]
    for lane in range(count):
        row = first + lane
        above = rows_voltage[row]
        here = columns_voltage[row]
        cells = system.conductance[row]
        through = current[row]
        out = work.residual[row]
        for column in range(columns):
            through[column] = cells[column] * (above[column] - here[column])
        for column in range(columns):
            squares[column] += through[column] * through[column]
        for column in range(columns):
            floors[column] += (cells[column] * (abs(above[column]) + abs(here[column]))) ** 2
        for column in range(columns):
            voltages[column] += above[column] ** 2 + here[column] ** 2
        for column in range(columns):
            out[column] = -through[column]
        if row > 0:
            wire_currents(system.column_wire, here, columns_voltage[row - 1], out)
        if row < rows - 1:
            wire_currents(system.column_wire, here, columns_voltage[row + 1], out)
        if row == 0:
            ends, source = system.column_start, drive.column_start
            for column in range(columns):
                out[column] += ends[column] * (here[column] - source[column])
        if row == rows - 1:
            ends, source = system.column_stop, drive.column_stop
            for column in range(columns):
                out[column] += ends[column] * (here[column] - source[column])
        if system.shunted:
            _take_leaks(row, system, drive, here, out, leaks[:columns], leak_floors[:columns])
        elif drive.drawn.size > 0:
            beside = drive.drawn[row]
            for column in range(columns):
                out[column] += beside[column]
        for column in range(columns):
            out[column] = -out[column]
        hold(row, rows, system, out)
        for column in range(columns):
            residuals[column] += out[column] * out[column]
    for each in range(6):
        work.sums[block, each] = total(work.lines[thread, each, :columns])


@inner_kernel
def imbalance_block(block, system, drive, columns_voltage, current, work):
    """The largest residual of a node relative to its currents: the plain value, and the part beyond round-off."""
    rows, columns = columns_voltage.shape
    first = block * LANES
    draws = drive.drawn.size > 0
    worst = 0.0
    excess = 0.0
    for row in range(first, min(first + LANES, rows)):
        for column in range(columns):
            here = columns_voltage[row, column]
            wire = system.column_wire[column]
            meeting = abs(current[row, column])
            weights = system.conductance[row, column]
            if row > 0:
                meeting += abs(wire * (columns_voltage[row - 1, column] - here))
                weights += wire
            if row < rows - 1:
                meeting += abs(wire * (columns_voltage[row + 1, column] - here))
                weights += wire
            if row == 0:
                meeting += abs(system.column_start[column] * (drive.column_start[column] - here))
            if row == rows - 1:
                meeting += abs(system.column_stop[column] * (drive.column_stop[column] - here))
            if system.shunted:
                leak = system.column_shunt[column] * here
                if draws:
                    leak += drive.drawn[row, column]
                meeting += abs(leak)
                weights += system.column_shunt[column]
            left = abs(work.residual[row, column])
            if left > 0.0:
                worst = max(worst, left / meeting if meeting > 0.0 else np.inf)
                beyond = left - 7e-15 * weights * abs(here)  # 32 roundings
                if beyond > 0.0:
                    excess = max(excess, beyond / meeting if meeting > 0.0 else np.inf)
    work.sums[block, 0] = worst
    work.sums[block, 1] = excess
