"""Conjugate gradients on the column nodes, preconditioned by line - modes - line, on any number of threads.

In the preconditioner, L solves along the columns as if the row nodes were at ground, F solves the mean array in its
slow modes, and C = G (Tw + G)^-1 G is the part of S that L neglects: M = L + L C L + L C F C L, symmetric and positive.

All threads run one function, `solve`.  It proceeds in phases, each of them a loop over blocks of rows or bands of
columns that the threads share (see `sharing`); between two phases the leading thread adds up the blocks' values in
`sums`, always in the same order, so the bits do not depend on the number of threads.  It is one function, instead of
one for each phase, because numba compiles a function again in everything that calls it; the decisions between two
phases are a function of their own, because numba's time grows faster than the length of a function.
"""

import numpy as np

from compact_model.kernels.jit import inlined, inner_kernel, kernel

from .arrays import LANES, LEAST_WIDTH, WIDTH, Drive
from .columns import multiply, product_band, step_band, sweep_band
from .rows import apply_block, couple_block, evaluate_block, imbalance_block
from .sharing import INDEX, KIND, announce, await_news, await_others, end, finish, take

CONVERGED = 0
ROUND_OFF = 1  # converged within the resolution of voltages in float64
STOPPED = 2

_CYCLE = 1e-5  # reduction between two computations of the true residual if every entry counts
_ROUND_OFF = 32 * 2.2e-16

# The phases.  EVALUATE, LOAD and IMBALANCE use the true equations; the others make up an iteration.
_EVALUATE = 0  # row voltages, currents and the residual r of the true equations
_LOAD = 1  # pass r to the preconditioner and sweep along the columns
_FIRST_ROWS = 2  # C z, in the slow modes
_MODES = 3  # solve in the slow modes
_SECOND_ROWS = 4  # C (z + the result of the modes)
_LAST_SWEEP = 5  # along the columns, and the products of z = M r
_IMBALANCE = 6
_APPLY = 7  # the next direction p, and S p
_STEP = 8  # along p, then continue like LOAD

# Places in Workspace.scalars: what the leading thread tells the others,
_LENGTH, _SCALE, _BACK, _SHARE = 0, 1, 2, 3
# and its own of the present input.  FRESH: 1 where the present residual is that of the true equations.
_ITERATIONS, _STALLED, _PREVIOUS, _TARGET, _FRESH = 4, 5, 6, 7, 8
_PRODUCT, _PRODUCT_BEFORE, _PREDICTED, _MEASURED = 9, 10, 11, 12
_NORM, _CURRENT_NORM, _VOLTAGE_NORM, _LEAK_NORM, _FLOOR, _LEAK_FLOOR = 13, 14, 15, 16, 17, 18


@inlined
def _drive(given, index):
    """The sources of one input."""
    return Drive(
        given.row_start[index],
        given.row_stop[index],
        given.column_start[index],
        given.column_stop[index],
        given.fed[index] if given.fed.shape[0] > 0 else given.nothing,
        given.drawn[index] if given.drawn.shape[0] > 0 else given.nothing,
    )


@inlined
def _work_on(kind, block, width, thread, turn, system, pre, drive, work, voltage, rows_voltage, current):
    """Do one block of a phase."""
    if kind == _EVALUATE:
        evaluate_block(block, thread, system, drive, voltage, rows_voltage, current, work)
    elif kind == _IMBALANCE:
        imbalance_block(block, system, drive, voltage, current, work)
    elif kind in (_LOAD, _STEP):
        length, scale = work.scalars[_LENGTH], work.scalars[_SCALE]
        step_band(block, width, thread, pre, work, kind == _STEP, length, scale, turn, voltage)
    elif kind in (_FIRST_ROWS, _SECOND_ROWS):
        first = block * LANES
        count = min(LANES, voltage.shape[0] - first)
        again = kind == _SECOND_ROWS
        scratch = work.short_rows[thread]
        values = work.mode_values[first : first + count]
        left, right, out = scratch, pre.modes, values
        if again:
            left, right, out = values, pre.modes_transposed, scratch
        # Each function is called at one place in the code, whichever comes first: `multiply` is compiled at each.
        for part in range(2):
            if again == (part == 0):
                multiply(count, left, right, out)
            else:
                couple_block(block, thread, pre, work, again)
    elif kind == _MODES:
        sweep_band(block, width, work.mode_values, pre.mode_factor, pre.mode_resistance, pre.bias[0])
    elif kind == _LAST_SWEEP:
        sweep_band(block, width, work.second, pre.column_factor, pre.column_resistance, pre.bias[0])
        product_band(block, width, thread, pre, work)
    else:
        apply_block(block, thread, system, work, work.scalars[_BACK], work.scalars[_SHARE], turn)


@inlined
def _root(sums, blocks, each):
    """The root of the sum of one kind of squares over the blocks."""
    result = 0.0
    for block in range(blocks):
        result += sums[block, each]
    return np.sqrt(result)


@inlined
def _begin(kept, tolerance):
    """Initialise the values of the leading thread for an input."""
    kept[_ITERATIONS] = kept[_STALLED] = 0.0
    kept[_PREVIOUS] = np.inf
    kept[_TARGET] = tolerance
    kept[_FRESH] = 1.0


@inner_kernel
def _after(kind, row_blocks, columns, sums, kept, column_shunt, unit, largest, tolerance, entrywise, most):
    """The phase after one whose blocks are all done, and how the input ended, or -1 if it has not.

    kept: Workspace.scalars; column_shunt: of the System; unit, largest: of the preconditioner.
    """
    ending = -1
    if kind == _EVALUATE:
        kept[_CURRENT_NORM], kept[_FLOOR] = _root(sums, row_blocks, 0), _root(sums, row_blocks, 1)
        kept[_VOLTAGE_NORM], kept[_NORM] = _root(sums, row_blocks, 2), _root(sums, row_blocks, 3)
        kept[_LEAK_NORM], kept[_LEAK_FLOOR] = _root(sums, row_blocks, 4), _root(sums, row_blocks, 5)
        kept[_SCALE] = 1.0 / kept[_NORM] if 1e-300 < kept[_NORM] < np.inf else 1.0
        if kept[_NORM] == 0.0:
            kept[_MEASURED] = 0.0
            ending = CONVERGED
        return _LOAD, ending
    if kind == _STEP:
        before = kept[_NORM]
        norm = 0.0
        for column in range(columns):
            norm += sums[column, 0]
        norm = np.sqrt(norm)
        kept[_NORM] = norm
        kept[_ITERATIONS] += 1.0
        # Evaluate where the error, if it fell like the residual, is small enough; and if the currents were unknown.
        fresh = kept[_PREDICTED] * norm <= 0.5 * kept[_TARGET] * before or kept[_CURRENT_NORM] == 0.0
        kept[_FRESH] = 1.0 if fresh else 0.0
        return (_EVALUATE if fresh else _FIRST_ROWS), ending
    if kind == _APPLY:
        bend = 0.0
        for each in range(row_blocks):
            bend += sums[each, 0]
        if 0.0 < bend < np.inf:
            kept[_LENGTH] = kept[_PRODUCT] / bend
            kept[_PRODUCT_BEFORE] = kept[_PRODUCT]
        else:
            kept[_MEASURED] = kept[_PREDICTED]
            ending = STOPPED
        return _STEP, ending
    if kind != _LAST_SWEEP and kind != _IMBALANCE:
        return kind + 1, ending

    fresh = kept[_FRESH] > 0.0
    floored = False
    if kind == _LAST_SWEEP:
        back = 1.0 / (kept[_SCALE] * unit)  # the unit of the preconditioner's voltages
        with_residual = with_image = cells = size = leaks = 0.0
        for column in range(columns):
            with_residual += sums[column, 0]
            with_image += sums[column, 1]
            cells += sums[column, 2]
            size += sums[column, 3]
            leaks += column_shunt[column] ** 2 * sums[column, 3]
        cells, size, leaks = np.sqrt(cells), np.sqrt(size), np.sqrt(leaks)
        current_norm = kept[_CURRENT_NORM]
        product = back * with_residual
        # Two bounds of the currents' error: with the row nodes held, and from the power of the error.
        error = min(back * unit * cells, np.sqrt(largest * max(product, 0.0)))
        predicted = max(
            error / current_norm if error > 0.0 else 0.0, back * size / kept[_VOLTAGE_NORM] if size > 0.0 else 0.0
        )
        whole = np.sqrt(current_norm**2 + kept[_LEAK_NORM] ** 2)
        if leaks > 0.0:
            predicted = max(predicted, back * leaks / whole)
        # The preconditioner is rounded, and only this form of the share, not the shorter, keeps directions conjugate.
        kept[_SHARE] = 0.0 if fresh else -kept[_LENGTH] * back * with_image / kept[_PRODUCT_BEFORE]
        kept[_BACK] = back
        kept[_PRODUCT] = product
        kept[_PREDICTED] = kept[_MEASURED] = predicted
        if fresh:
            round_off = _ROUND_OFF * max(1.0, kept[_FLOOR] / current_norm if current_norm > 0.0 else np.inf)
            if leaks > 0.0:
                round_off = max(round_off, _ROUND_OFF * kept[_LEAK_FLOOR] / whole)
            floored = predicted <= round_off and predicted < np.inf
            if entrywise:
                return _IMBALANCE, ending
    else:
        measured = excess = 0.0
        for each in range(row_blocks):
            measured = max(measured, sums[each, 0])
            excess = max(excess, sums[each, 1])
        floored = excess <= tolerance
        kept[_MEASURED] = measured
        kept[_TARGET] = _CYCLE * kept[_PREDICTED]
    if fresh:
        measured, previous = kept[_MEASURED], kept[_PREVIOUS]
        # Small entries are resolved only after many decades of the norm; their nodes show no progress before.
        patience = 10.0 if entrywise else 0.0
        if measured <= tolerance:
            ending = CONVERGED
        elif floored and (entrywise or measured >= 0.5 * previous):
            ending = ROUND_OFF
        else:
            further = kept[_ITERATIONS] > 0.0 and not measured < 0.9 * previous
            kept[_STALLED] = kept[_STALLED] + 1.0 if further else 0.0
            if kept[_STALLED] > patience or kept[_ITERATIONS] >= most:
                ending = STOPPED
            kept[_PREVIOUS] = min(previous, measured)
    elif kept[_PREDICTED] <= kept[_TARGET] or kept[_ITERATIONS] >= most:
        kept[_FRESH] = 1.0
        return _EVALUATE, ending
    return _APPLY, ending


@kernel
def solve(thread, threads, first, last, shared, system, pre, given, work, tolerance, entrywise, most, results):
    """Solve for the inputs from first to last, from the column voltages in the results, and fill these.

    Thread 0 of `threads` leads and the others help; each calls this function with the same arguments.
    For each input: the iterations, the measured error and how it ended.  The error is that of M r, where r is the
    residual of the true equations: the largest of the errors of device currents, voltages and column-shunt currents,
    each relative and in the norm, the last one's scale being the total of devices, shunts and current sources; with
    entrywise, the largest residual of a node relative to its currents.
    """
    rows, columns = system.conductance.shape
    modes = pre.modes.shape[1]
    row_blocks = (rows + LANES - 1) // LANES
    width = WIDTH if threads == 1 else max(LEAST_WIDTH, min(WIDTH, columns // (2 * threads) // LANES * LANES))
    bands = (columns + width - 1) // width
    kept = work.scalars
    leads = thread == 0
    alone = threads == 1

    phase = 0
    index = first
    running = index < last
    kind = np.int64(_EVALUATE)  # not a constant, for which numba would compile `_after` once more
    blocks = row_blocks
    block = 0
    turn = 0
    if leads:
        _begin(kept, tolerance)
    if leads and running and not alone:
        shared[KIND] = kind
        shared[INDEX] = index
        announce(shared, phase, blocks)
    while running:
        if alone:
            mine = block if block < blocks else -1
            block += 1
        else:
            mine = take(shared)
        if mine >= 0:
            if not leads:
                kind = shared[KIND] & 15
                turn = shared[KIND] >> 4
                index = shared[INDEX]
            drive = _drive(given, index)
            _work_on(
                kind,
                mine,
                width,
                thread,
                turn,
                system,
                pre,
                drive,
                work,
                results.voltage[index],
                results.rows_voltage[index],
                results.current[index],
            )
            if not alone:
                finish(shared)
            continue
        if not leads:
            running = await_news(shared)
            continue
        if not alone:
            await_others(shared, blocks)

        kind, ending = _after(
            kind,
            row_blocks,
            columns,
            work.sums,
            kept,
            system.column_shunt,
            pre.unit,
            pre.largest,
            tolerance,
            entrywise,
            most,
        )
        if kind == _APPLY:
            turn = 1 - turn
        if ending >= 0:
            results.iterations[index] = int(kept[_ITERATIONS])
            results.measured[index] = kept[_MEASURED]
            results.ending[index] = ending
            index += 1
            running = index < last
            kind = _EVALUATE
            _begin(kept, tolerance)
        if kind == _MODES:
            blocks = (modes + width - 1) // width
        elif kind in (_LOAD, _STEP, _LAST_SWEEP):
            blocks = bands
        else:
            blocks = row_blocks
        block = 0
        if running and not alone:
            phase += 1
            shared[KIND] = kind | (turn << 4)
            shared[INDEX] = index
            announce(shared, phase, blocks)
    if leads and not alone:
        end(shared)
