"""Blocks of rows: the exact elimination of the row lines, and what follows from it row by row."""

import numpy as np
from numba import prange

from compact_model.kernels.jit import kernel, parallel_kernel

from .arrays import LANES


@kernel
def _factor_block(block, conductance, wire, start, stop, shunt, factor, other_factor, start_share, stop_share):
    """Factors and shares of the sources of up to LANES rows; see `arrays`."""
    rows, columns = conductance.shape
    first = block * LANES
    ground = np.empty(LANES)
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


@parallel_kernel
def _factor_parallel(conductance, wire, start, stop, shunt, factor, other_factor, start_share, stop_share):
    for block in prange(factor.shape[0]):
        one = np.int64(block)
        _factor_block(one, conductance, wire, start, stop, shunt, factor, other_factor, start_share, stop_share)


@kernel
def factor_rows(conductance, wire, start, stop, shunt, factor, other_factor, start_share, stop_share, parallel):
    """Fill the rows' factors, in two precisions, and the shares of their sources."""
    if parallel is not None:
        _factor_parallel(conductance, wire, start, stop, shunt, factor, other_factor, start_share, stop_share)
    else:
        for block in range(factor.shape[0]):
            _factor_block(block, conductance, wire, start, stop, shunt, factor, other_factor, start_share, stop_share)


@kernel
def _sweep_lanes(values, factor, bias):
    """Solve in place; values (M, LANES) holds R x, and the sources' part in its first and last entries."""
    columns = values.shape[0]
    for column in range(1, columns):
        for lane in range(LANES):
            values[column, lane] += (values[column - 1, lane] + bias) * factor[column, lane]
    for column in range(columns - 2, -1, -1):
        for lane in range(LANES):
            values[column, lane] += factor[column, lane] * values[column + 1, lane]


@kernel
def _load_lanes(first, count, vectors, conductance, resistance, lanes):
    """lanes (M, LANES) = R G x of so many rows."""
    columns = conductance.shape[1]
    whole = columns - columns % LANES
    for left in range(0, whole, LANES):
        for lane in range(count):
            given = vectors[first + lane, left : left + LANES]
            cells = conductance[first + lane, left : left + LANES]
            here = lanes[left : left + LANES, lane]
            scale = resistance[first + lane]
            for column in range(LANES):
                here[column] = given[column] * cells[column] * scale
    for lane in range(count):
        for column in range(whole, columns):
            lanes[column, lane] = (
                vectors[first + lane, column] * conductance[first + lane, column] * resistance[first + lane]
            )


@kernel
def _load_two_into_lanes(first, count, vectors, others, conductance, resistance, lanes):
    """lanes = R G (x + y)."""
    columns = conductance.shape[1]
    whole = columns - columns % LANES
    for left in range(0, whole, LANES):
        for lane in range(count):
            given = vectors[first + lane, left : left + LANES]
            other = others[first + lane, left : left + LANES]
            cells = conductance[first + lane, left : left + LANES]
            here = lanes[left : left + LANES, lane]
            scale = resistance[first + lane]
            for column in range(LANES):
                here[column] = (given[column] + other[column]) * cells[column] * scale
    for lane in range(count):
        for column in range(whole, columns):
            lanes[column, lane] = (
                (vectors[first + lane, column] + others[first + lane, column])
                * conductance[first + lane, column]
                * resistance[first + lane]
            )


@kernel
def _apply_factor(lanes, factor, bias):
    """The first multiplication of the forward sweep, for all columns, and both sweeps."""
    columns = lanes.shape[0]
    for column in range(columns):
        for lane in range(LANES):
            lanes[column, lane] *= factor[column, lane]
    _sweep_lanes(lanes, factor, bias)


@kernel
def _store_lanes(first, count, lanes, vectors):
    """Rows of vectors (from row 0 on) = lanes."""
    columns = lanes.shape[0]
    whole = columns - columns % LANES
    for left in range(0, whole, LANES):
        for lane in range(count):
            out = vectors[first + lane, left : left + LANES]
            here = lanes[left : left + LANES, lane]
            for column in range(LANES):
                out[column] = here[column]
    for lane in range(count):
        for column in range(whole, columns):
            vectors[first + lane, column] = lanes[column, lane]


@kernel
def _couple_block(block, pre, vectors, others, base, second, out):
    """out = C x, or base + C (x + y) where second is set; in the preconditioner's units."""
    rows, columns = vectors.shape
    first = block * LANES
    count = min(LANES, rows - first)
    conductance = pre.conductance
    if pre.ideal_rows:
        for lane in range(count):
            row = first + lane
            total = 0.0
            for column in range(columns):
                value = vectors[row, column]
                if second:
                    value += others[row, column]
                total += conductance[row, column] * value
            voltage = total * pre.row_resistance[row]
            for column in range(columns):
                out[row, column] = conductance[row, column] * voltage
                if second:
                    out[row, column] += base[row, column]
        return
    lanes = np.zeros((columns, LANES), vectors.dtype)
    if second:
        _load_two_into_lanes(first, count, vectors, others, conductance, pre.row_resistance, lanes)
    else:
        _load_lanes(first, count, vectors, conductance, pre.row_resistance, lanes)
    _apply_factor(lanes, pre.row_factor[block], pre.bias[0])
    _store_lanes(first, count, lanes, out)
    for lane in range(count):
        cells = conductance[first + lane]
        result = out[first + lane]
        if second:
            added = base[first + lane]
            for column in range(columns):
                result[column] = result[column] * cells[column] + added[column]
        else:
            for column in range(columns):
                result[column] *= cells[column]


@parallel_kernel
def _couple_parallel(blocks, pre, vectors, others, base, second, out):
    for block in prange(blocks):
        _couple_block(np.int64(block), pre, vectors, others, base, second, out)


@kernel
def couple(pre, vectors, others, base, second, out, parallel):
    """out = C x, or base + C (x + y) where second is set: (N, M) each, in the preconditioner's units."""
    blocks = (vectors.shape[0] + LANES - 1) // LANES
    if parallel is not None:
        _couple_parallel(blocks, pre, vectors, others, base, second, out)
    else:
        for block in range(blocks):
            _couple_block(block, pre, vectors, others, base, second, out)


@kernel
def _wire_currents(row, system, vectors, out):
    """Add what the column wires and the column ends at 0 V take away, as differences of neighbours."""
    rows, columns = vectors.shape
    here = vectors[row]
    wire = system.column_wire
    if row > 0:
        above = vectors[row - 1]
        for column in range(columns):
            out[column] += wire[column] * (here[column] - above[column])
    if row < rows - 1:
        below = vectors[row + 1]
        for column in range(columns):
            out[column] += wire[column] * (here[column] - below[column])


@kernel
def _hold(row, rows, system, out):
    """Zero where a source holds the column's node."""
    if row == 0:
        for column in range(out.size):
            out[column] *= system.column_start_free[column]
    if row == rows - 1:
        for column in range(out.size):
            out[column] *= system.column_stop_free[column]


@kernel
def _total(values):
    result = 0.0
    for value in values:
        result += value
    return result


@kernel
def _apply_block(block, system, direction, image, sums):
    """image = S p of a block of rows; sums[block, 0] = p . image."""
    rows, columns = direction.shape
    first = block * LANES
    count = min(LANES, rows - first)
    conductance = system.conductance
    if system.ideal_rows:
        for lane in range(count):
            row = first + lane
            total = 0.0
            for column in range(columns):
                total += conductance[row, column] * direction[row, column]
            image[row] = total * system.row_resistance[row]
    else:
        lanes = np.zeros((columns, LANES))
        _load_lanes(first, count, direction, conductance, system.row_resistance, lanes)
        _apply_factor(lanes, system.row_factor[block], 0.0)
        _store_lanes(first, count, lanes, image)
    products = np.zeros(columns)
    for lane in range(count):
        row = first + lane
        out = image[row]
        here = direction[row]
        cells = conductance[row]
        for column in range(columns):
            out[column] = cells[column] * (here[column] - out[column])
        _wire_currents(row, system, direction, out)
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
        _hold(row, rows, system, out)
        for column in range(columns):
            products[column] += here[column] * out[column]
    sums[block, 0] = _total(products)


@parallel_kernel
def _apply_parallel(blocks, system, direction, image, sums):
    for block in prange(blocks):
        _apply_block(np.int64(block), system, direction, image, sums)


@kernel
def apply(system, direction, image, sums, parallel):
    """image = S p; returns p . S p, summed in an order that does not depend on the threads."""
    blocks = (direction.shape[0] + LANES - 1) // LANES
    if parallel is not None:
        _apply_parallel(blocks, system, direction, image, sums)
    else:
        for block in range(blocks):
            _apply_block(block, system, direction, image, sums)
    return _total(sums[:blocks, 0])


@kernel
def _take_leaks(row, system, drive, here, out, leaks, leak_floors):
    """Add what the columns' shunts and the current sources take from the nodes of a row; squares of it, and of t b."""
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


@kernel
def _evaluate_block(block, system, drive, columns_voltage, rows_voltage, current, residual, sums):
    """Row voltages, device currents and residual of a block of rows, with the sources."""
    rows, columns = columns_voltage.shape
    first = block * LANES
    count = min(LANES, rows - first)
    conductance = system.conductance
    feeds = drive.fed.size > 0
    draws = drive.drawn.size > 0
    if system.ideal_rows:
        for lane in range(count):
            row = first + lane
            total = 0.0
            for column in range(columns):
                total += conductance[row, column] * columns_voltage[row, column]
            if feeds:
                for column in range(columns):
                    total += drive.fed[row, column]
            voltage = total * system.row_resistance[row]
            voltage += system.row_start_share[row] * drive.row_start[row]
            voltage += system.row_stop_share[row] * drive.row_stop[row]
            rows_voltage[row] = voltage
    else:
        lanes = np.zeros((columns, LANES))
        factor = system.row_factor[block]
        _load_lanes(first, count, columns_voltage, conductance, system.row_resistance, lanes)
        if feeds:
            for lane in range(count):
                row = first + lane
                for column in range(columns):
                    lanes[column, lane] += drive.fed[row, column] * system.row_resistance[row]
        for column in range(columns):
            for lane in range(LANES):
                lanes[column, lane] *= factor[column, lane]
        for lane in range(count):
            row = first + lane
            lanes[0, lane] += system.row_start_share[row] * drive.row_start[row]
            lanes[columns - 1, lane] += system.row_stop_share[row] * drive.row_stop[row]
        _sweep_lanes(lanes, factor, 0.0)
        _store_lanes(first, count, lanes, rows_voltage)
    squares = np.zeros(columns)
    floors = np.zeros(columns)
    voltages = np.zeros(columns)
    residuals = np.zeros(columns)
    leaks = np.zeros(columns)
    leak_floors = np.zeros(columns)
    for lane in range(count):
        row = first + lane
        above = rows_voltage[row]
        here = columns_voltage[row]
        cells = conductance[row]
        through = current[row]
        out = residual[row]
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
        _wire_currents(row, system, columns_voltage, out)
        if row == 0:
            ends, source = system.column_start, drive.column_start
            for column in range(columns):
                out[column] += ends[column] * (here[column] - source[column])
        if row == rows - 1:
            ends, source = system.column_stop, drive.column_stop
            for column in range(columns):
                out[column] += ends[column] * (here[column] - source[column])
        if system.shunted:
            _take_leaks(row, system, drive, here, out, leaks, leak_floors)
        elif draws:
            beside = drive.drawn[row]
            for column in range(columns):
                out[column] += beside[column]
        for column in range(columns):
            out[column] = -out[column]
        _hold(row, rows, system, out)
        for column in range(columns):
            residuals[column] += out[column] * out[column]
    sums[block, 0] = _total(squares)
    sums[block, 1] = _total(floors)
    sums[block, 2] = _total(voltages)
    sums[block, 3] = _total(residuals)
    sums[block, 4] = _total(leaks)
    sums[block, 5] = _total(leak_floors)


@parallel_kernel
def _evaluate_parallel(blocks, system, drive, columns_voltage, rows_voltage, current, residual, sums):
    for block in prange(blocks):
        _evaluate_block(np.int64(block), system, drive, columns_voltage, rows_voltage, current, residual, sums)


@kernel
def evaluate(system, drive, columns_voltage, rows_voltage, current, residual, sums, parallel):
    """Fill the row voltages that belong to the column voltages, the currents G (w - b), and the residual.

    The residual is what flows into each column node and not out of it.  Returns the norms of the currents, of
    G (|w| + |b|), of all voltages and of the residual; where columns have shunts t also those of what leaves the column
    nodes through t less what current sources feed them, and of t |b|, else 0 and 0.
    """
    blocks = (columns_voltage.shape[0] + LANES - 1) // LANES
    if parallel is not None:
        _evaluate_parallel(blocks, system, drive, columns_voltage, rows_voltage, current, residual, sums)
    else:
        for block in range(blocks):
            _evaluate_block(block, system, drive, columns_voltage, rows_voltage, current, residual, sums)
    return (
        np.sqrt(_total(sums[:blocks, 0])),
        np.sqrt(_total(sums[:blocks, 1])),
        np.sqrt(_total(sums[:blocks, 2])),
        np.sqrt(_total(sums[:blocks, 3])),
        np.sqrt(_total(sums[:blocks, 4])),
        np.sqrt(_total(sums[:blocks, 5])),
    )


@kernel
def _imbalance_block(block, system, drive, columns_voltage, current, residual, sums):
    """sums[block, 0] = largest residual of a node relative to the currents that meet there, beyond round-off."""
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
            left = abs(residual[row, column])
            if left > 0.0:
                worst = max(worst, left / meeting if meeting > 0.0 else np.inf)
                beyond = left - 7e-15 * weights * abs(here)  # 32 roundings
                if beyond > 0.0:
                    excess = max(excess, beyond / meeting if meeting > 0.0 else np.inf)
    sums[block, 0] = worst
    sums[block, 1] = excess


@parallel_kernel
def _imbalance_parallel(blocks, system, drive, columns_voltage, current, residual, sums):
    for block in prange(blocks):
        _imbalance_block(np.int64(block), system, drive, columns_voltage, current, residual, sums)


@kernel
def imbalance(system, drive, columns_voltage, current, residual, sums, parallel):
    """Largest residual of a node relative to the currents that meet there: as it is, and beyond round-off."""
    blocks = (columns_voltage.shape[0] + LANES - 1) // LANES
    if parallel is not None:
        _imbalance_parallel(blocks, system, drive, columns_voltage, current, residual, sums)
    else:
        for block in range(blocks):
            _imbalance_block(block, system, drive, columns_voltage, current, residual, sums)
    return sums[:blocks, 0].max(), sums[:blocks, 1].max()


@kernel
def _step_block(block, length, direction, image, voltage, residual, scaled, scale, bias, sums):
    """x += a p, r -= a S p, and r scaled for the preconditioner; sums[block, 0] = r . r."""
    rows, columns = voltage.shape
    first = block * LANES
    squares = np.zeros(columns)
    for row in range(first, min(first + LANES, rows)):
        x, p, q, r, s = voltage[row], direction[row], image[row], residual[row], scaled[row]
        for column in range(columns):
            x[column] += length * p[column]
        for column in range(columns):
            r[column] -= length * q[column]
        for column in range(columns):
            s[column] = scale * r[column] + bias
        for column in range(columns):
            squares[column] += r[column] * r[column]
    sums[block, 0] = _total(squares)


@parallel_kernel
def _step_parallel(blocks, length, direction, image, voltage, residual, scaled, scale, bias, sums):
    for block in prange(blocks):
        _step_block(np.int64(block), length, direction, image, voltage, residual, scaled, scale, bias, sums)


@kernel
def step(length, direction, image, voltage, residual, scaled, scale, bias, sums, parallel):
    """x += a p, r -= a S p, scaled = scale r + bias; returns the norm of r."""
    blocks = (voltage.shape[0] + LANES - 1) // LANES
    if parallel is not None:
        _step_parallel(blocks, length, direction, image, voltage, residual, scaled, scale, bias, sums)
    else:
        for block in range(blocks):
            _step_block(block, length, direction, image, voltage, residual, scaled, scale, bias, sums)
    return np.sqrt(_total(sums[:blocks, 0]))


@kernel
def _copy_block(block, scale, bias, residual, scaled):
    rows, columns = residual.shape
    first = block * LANES
    for row in range(first, min(first + LANES, rows)):
        r, s = residual[row], scaled[row]
        for column in range(columns):
            s[column] = scale * r[column] + bias


@parallel_kernel
def _copy_parallel(blocks, scale, bias, residual, scaled):
    for block in prange(blocks):
        _copy_block(np.int64(block), scale, bias, residual, scaled)


@kernel
def copy_scaled(scale, bias, residual, scaled, parallel):
    """scaled = scale r + bias, in the preconditioner's type."""
    blocks = (residual.shape[0] + LANES - 1) // LANES
    if parallel is not None:
        _copy_parallel(blocks, scale, bias, residual, scaled)
    else:
        for block in range(blocks):
            _copy_block(block, scale, bias, residual, scaled)


@kernel
def _turn_block(block, scale, solved, share, direction):
    rows, columns = direction.shape
    first = block * LANES
    for row in range(first, min(first + LANES, rows)):
        p, z = direction[row], solved[row]
        if share == 0.0:  # what p held before does not matter, not even if it was not finite
            for column in range(columns):
                p[column] = scale * z[column]
        else:
            for column in range(columns):
                p[column] = scale * z[column] + share * p[column]


@parallel_kernel
def _turn_parallel(blocks, scale, solved, share, direction):
    for block in prange(blocks):
        _turn_block(np.int64(block), scale, solved, share, direction)


@kernel
def turn(scale, solved, share, direction, parallel):
    """p = scale z + share p."""
    blocks = (direction.shape[0] + LANES - 1) // LANES
    if parallel is not None:
        _turn_parallel(blocks, scale, solved, share, direction)
    else:
        for block in range(blocks):
            _turn_block(block, scale, solved, share, direction)
