"""Conjugate gradients on the column nodes, preconditioned by line - modes - line."""

import numpy as np
from numba import prange

from compact_model.kernels.jit import kernel, parallel_kernel

from .arrays import LANES, SUMS, Drive, Workspace
from .columns import factor_columns, multiply, products, sweep
from .ends import column_end_currents, row_end_currents
from .rows import apply, copy_scaled, couple, evaluate, factor_rows, imbalance, step, turn

CONVERGED = 0
ROUND_OFF = 1  # converged as far as voltages in float64 can say
STOPPED = 2

_CYCLE = 1e-5  # reduction between two looks at the true residual where every entry counts
_ROUND_OFF = 32 * 2.2e-16


@kernel
def _precondition(pre, work, parallel):
    """third = M first, overwriting second; all in the preconditioner's units.

    L solves along the columns as if the row nodes were at ground, F solves the mean array in its slow modes, and
    C = G (Tw + G)^-1 G is what L leaves out of S: M = L + L C L + L C F C L, symmetric and positive.
    """
    bias = pre.bias[0]
    sweep(work.first, pre.column_factor, pre.column_resistance, bias, work.third, parallel)
    if pre.modes.shape[1] > 0:
        couple(pre, work.third, work.third, work.first, False, work.second, parallel)
        multiply(work.second, pre.modes, work.mode_values, parallel)
        sweep(work.mode_values, pre.mode_factor, pre.mode_resistance, bias, work.mode_values, parallel)
        multiply(work.mode_values, pre.modes_transposed, work.second, parallel)
    else:
        work.second[:] = 0.0
    couple(pre, work.third, work.second, work.first, True, work.third, parallel)
    sweep(work.third, pre.column_factor, pre.column_resistance, bias, work.third, parallel)


@kernel
def _look(system, pre, drive, work, parallel, voltage, rows_voltage, current):
    """Evaluate the true equations and hand their residual to the preconditioner; norms, and the scale it was given."""
    current_norm, floor, voltage_norm, norm, leak_norm, leak_floor = evaluate(
        system, drive, voltage, rows_voltage, current, work.residual, work.sums, parallel
    )
    scale = 1.0 / norm if 1e-300 < norm < np.inf else 1.0
    copy_scaled(scale, np.float64(pre.bias[0]), work.residual, work.first, parallel)
    return current_norm, floor, voltage_norm, norm, leak_norm, leak_floor, scale


@kernel
def solve_one(system, pre, drive, work, tolerance, entrywise, most, parallel, voltage, rows_voltage, current):
    """Voltages and currents of one input, in place, from the column voltages given.

    Returns the iterations, the measured error and how it ended.  The error is that of M r, where r is the residual
    of the true equations: the largest of the device currents', the voltages' and the columns' shunts' currents', each
    relative and in the norm, the last one's scale being what devices, shunts and current sources take together; with
    entrywise the largest residual of a node relative to the currents that meet there.
    """
    sums = work.sums
    bias = np.float64(pre.bias[0])
    iterations = 0
    previous = np.inf
    target = tolerance
    fresh = True  # the residual at hand is that of the true equations
    stalled = 0
    # Small entries come into their own only after many decades of the norm; their nodes show no progress before.
    patience = 10 if entrywise else 0
    product_before = 0.0
    length = 0.0
    norm = scale = current_norm = floor = voltage_norm = leak_norm = leak_floor = 0.0
    while True:
        if fresh:
            current_norm, floor, voltage_norm, norm, leak_norm, leak_floor, scale = _look(
                system, pre, drive, work, parallel, voltage, rows_voltage, current
            )
        if norm == 0.0:
            return iterations, 0.0, CONVERGED
        _precondition(pre, work, parallel)
        back = 1.0 / (scale * pre.unit)  # the unit of the preconditioner's voltages
        with_residual, with_image, cells, size, leaks = products(
            work.third,
            work.residual,
            work.image if not fresh else work.residual,
            pre.conductance,
            system.column_shunt,
            sums,
            parallel,
        )
        product = back * with_residual
        # Two bounds of the currents' error: with the row nodes held, and from the power that the error would take.
        error = min(back * pre.unit * cells, np.sqrt(pre.largest * max(product, 0.0)))
        predicted = max(error / current_norm if error > 0.0 else 0.0, back * size / voltage_norm if size > 0.0 else 0.0)
        whole = np.sqrt(current_norm**2 + leak_norm**2)
        if leaks > 0.0:
            predicted = max(predicted, back * leaks / whole)
        if fresh:
            measured = predicted
            round_off = _ROUND_OFF * max(1.0, floor / current_norm if current_norm > 0.0 else np.inf)
            if leaks > 0.0:
                round_off = max(round_off, _ROUND_OFF * leak_floor / whole)
            floored = measured <= round_off and measured < np.inf
            if entrywise:
                measured, excess = imbalance(system, drive, voltage, current, work.residual, sums, parallel)
                floored = excess <= tolerance
                target = _CYCLE * predicted
            if measured <= tolerance:
                return iterations, measured, CONVERGED
            if floored and (entrywise or measured >= 0.5 * previous):
                return iterations, measured, ROUND_OFF
            stalled = stalled + 1 if iterations > 0 and not measured < 0.9 * previous else 0
            if stalled > patience or iterations >= most:
                return iterations, measured, STOPPED
            previous = min(previous, measured)
        elif predicted <= target or iterations >= most:
            fresh = True
            continue
        # The preconditioner is rounded, so that this form of the share, not the shorter one, keeps directions apart.
        share = 0.0 if fresh else -length * back * with_image / product_before
        turn(back, work.third, share, work.direction, parallel)
        bend = apply(system, work.direction, work.image, sums, parallel)
        if not 0.0 < bend < np.inf:
            return iterations, predicted, STOPPED
        length = product / bend
        product_before = product
        before = norm
        norm = step(length, work.direction, work.image, voltage, work.residual, work.first, scale, bias, sums, parallel)
        iterations += 1
        # Look where the error, if it shrank as the residual did, is small enough; and where the currents were unknown.
        fresh = predicted * norm <= 0.5 * target * before or current_norm == 0.0


@kernel
def _workspace(pre):
    rows, columns = pre.conductance.shape
    modes = pre.modes.shape[1]
    blocks = (rows + LANES - 1) // LANES
    return Workspace(
        np.empty((rows, columns)),
        np.zeros((rows, columns)),
        np.empty((rows, columns)),
        np.empty((rows, columns), pre.conductance.dtype),
        np.empty((rows, columns), pre.conductance.dtype),
        np.empty((rows, columns), pre.conductance.dtype),
        np.empty((rows, modes), pre.conductance.dtype),
        np.empty((max(blocks, columns), SUMS)),
    )


@kernel
def _hold_nodes(system, drive, voltage):
    """Set the nodes that a source holds."""
    last = voltage.shape[0] - 1
    for column in range(voltage.shape[1]):
        if system.column_start_free[column] == 0.0:
            voltage[0, column] = drive.column_start[column]
        if system.column_stop_free[column] == 0.0:
            voltage[last, column] = drive.column_stop[column]


@kernel
def _first_guess(lines, drive, voltage):
    """Each column at the voltage that its sources would give it without cells; floating ones at the mean of the rows'.

    The guess matters little for the iterations, but the currents that belong to it are a scale for their errors.
    """
    rows, columns = voltage.shape
    total = 0.0
    count = 0
    for row in range(rows):
        if lines.row_start[row] < np.inf:
            total += drive.row_start[row]
            count += 1
        if lines.row_stop[row] < np.inf:
            total += drive.row_stop[row]
            count += 1
    mean = total / max(count, 1)
    guess = np.empty(columns)
    for column in range(columns):
        start, stop = lines.column_start[column], lines.column_stop[column]
        if start == np.inf:
            guess[column] = mean if stop == np.inf else drive.column_stop[column]
        elif stop == np.inf:
            guess[column] = drive.column_start[column]
        elif start + stop > 0.0:
            share = start / (start + stop)
            guess[column] = (1.0 - share) * drive.column_start[column] + share * drive.column_stop[column]
        else:
            guess[column] = 0.5 * (drive.column_start[column] + drive.column_stop[column])
    for row in range(rows):
        voltage[row] = guess


@kernel
def _solve_input(system, pre, given, work, index, cold, tolerance, entrywise, most, parallel, lines, results):
    voltage, rows_voltage, current = results.voltage[index], results.rows_voltage[index], results.current[index]
    drive = Drive(
        given.row_start[:, index].copy(),
        given.row_stop[:, index].copy(),
        given.column_start[:, index].copy(),
        given.column_stop[:, index].copy(),
        given.fed[index] if given.fed.shape[0] > 0 else np.empty((0, 0)),
        given.drawn[index] if given.drawn.shape[0] > 0 else np.empty((0, 0)),
    )
    if cold:
        _first_guess(lines, drive, voltage)
    _hold_nodes(system, drive, voltage)
    iterations, measured, ending = solve_one(
        system, pre, drive, work, tolerance, entrywise, most, parallel, voltage, rows_voltage, current
    )
    results.iterations[index] = iterations
    results.measured[index] = measured
    results.ending[index] = ending
    row_ends = results.row_start_current[index], results.row_stop_current[index]
    row_end_currents(lines, drive, rows_voltage, current, row_ends[0], row_ends[1])
    column_ends = results.column_start_current[index], results.column_stop_current[index]
    column_end_currents(lines, drive, voltage, current, column_ends[0], column_ends[1])


@parallel_kernel
def solve_spread(system, pre, given, cold, tolerance, entrywise, most, lines, results):
    """`solve_in_turn` with whole inputs to each thread, which has a workspace of its own."""
    for index in prange(results.iterations.size):
        work = _workspace(pre)
        _solve_input(system, pre, given, work, np.int64(index), cold, tolerance, entrywise, most, None, lines, results)


@kernel
def solve_in_turn(system, pre, given, work, cold, tolerance, entrywise, most, parallel, lines, results):
    """Solve for all inputs and fill the results; unless cold, these hold the column voltages to start from.

    parallel: True: threads share the work of each input; None: one thread, and a compilation without the other code.
    """
    for index in range(results.iterations.size):
        _solve_input(system, pre, given, work, index, cold, tolerance, entrywise, most, parallel, lines, results)


@kernel
def _scale_cells(conductance, unit, out):
    for row in range(conductance.shape[0]):
        given, scaled = conductance[row], out[row]
        for column in range(given.size):
            scaled[column] = given[column] / unit


@parallel_kernel
def _scale_cells_parallel(conductance, unit, out):
    for row in prange(conductance.shape[0]):
        _scale_cells(conductance[row : row + 1], unit, out[row : row + 1])


@kernel
def factorise(
    system,
    pre,
    row_wire,
    row_start,
    row_stop,
    row_shunt,
    column_start,
    column_stop,
    mode_values,
    column_mean,
    column_start_mean,
    column_stop_mean,
    column_shunt_mean,
    parallel,
):
    """Fill all factors of the system and of the preconditioner.

    row_wire, row_start, row_stop: (N,) conductances of the rows' segments and ends, inf where a source holds the node;
    column_start, column_stop: (M,) the same.  row_shunt: (N,), of each of the rows' nodes to ground.  mode_values:
    (3, K), each mode's eigenvalue in a wire of unit conductance with open ends, and its squares at the first and at the
    last node.  column_*mean: the mean column.
    """
    conductance = system.conductance
    rows, columns = conductance.shape
    unit = pre.unit
    if parallel is not None:
        _scale_cells_parallel(conductance, unit, pre.conductance)
    else:
        _scale_cells(conductance, unit, pre.conductance)
    means = np.empty(rows)
    for row in range(rows):
        means[row] = conductance[row].mean()
    if system.ideal_rows:
        for row in range(rows):
            ends = row_start[row] + row_stop[row]
            if ends == np.inf:
                system.row_resistance[row] = 0.0
                system.row_start_share[row] = 1.0 if row_start[row] == np.inf else 0.0
                system.row_stop_share[row] = 0.0 if row_start[row] == np.inf else 1.0
            else:
                resistance = 1.0 / (ends + columns * row_shunt[row] + conductance[row].sum())
                system.row_resistance[row] = resistance
                system.row_start_share[row] = row_start[row] * resistance
                system.row_stop_share[row] = row_stop[row] * resistance
    else:
        factor_rows(
            conductance,
            row_wire,
            row_start,
            row_stop,
            row_shunt,
            system.row_factor,
            pre.row_factor,
            system.row_start_share,
            system.row_stop_share,
            parallel,
        )
    for row in range(rows):
        pre.row_resistance[row] = system.row_resistance[row] * unit
    factor_columns(
        conductance,
        system.column_wire,
        column_start,
        column_stop,
        system.column_shunt,
        pre.column_factor,
        parallel,
    )
    for column in range(columns):
        pre.column_resistance[column] = unit / system.column_wire[column]
    modes = mode_values.shape[1]
    if modes > 0:
        # What a row of the mean array takes from the columns in each mode: its cells in series with its wire and shunt.
        taken = np.empty((rows, modes))
        for row in range(rows):
            wire = 0.0 if system.ideal_rows else row_wire[row]
            short = np.inf if system.ideal_rows else 4.0 * row_wire[row]
            start = min(row_start[row], short)
            stop = min(row_stop[row], short)
            for mode in range(modes):
                value = wire * mode_values[0, mode] + start * mode_values[1, mode] + stop * mode_values[2, mode]
                value += row_shunt[row]
                if value == np.inf:
                    taken[row, mode] = means[row]
                elif value > 0.0:
                    taken[row, mode] = means[row] * value / (means[row] + value)
                else:
                    taken[row, mode] = 0.0
        wires = np.full(modes, column_mean)
        factor_columns(
            taken,
            wires,
            np.full(modes, column_start_mean),
            np.full(modes, column_stop_mean),
            np.full(modes, column_shunt_mean),
            pre.mode_factor,
            parallel,
        )
        for mode in range(modes):
            pre.mode_resistance[mode] = unit / column_mean
