"""Conjugate gradients on the column nodes, preconditioned by line - modes - line, on any number of threads.

In the preconditioner, L solves along the columns as if the row nodes were at ground, F solves the mean array in its
slow modes, and C = G (Tw + G)^-1 G is the part of S that L neglects: M = L + L C L + L C F C L, symmetric and positive.

All threads run one function, `solve`.  It proceeds in phases, each of them a loop over blocks of rows or bands of
columns that the threads share (see `sharing`); between two phases the leading thread adds up the blocks' values in
`sums`, always in the same order, so the bits do not depend on the number of threads.  It is one function, instead of
one for each phase, because numba compiles a function again in everything that calls it.
"""

import numpy as np

from compact_model.kernels.jit import inlined, kernel

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

_LENGTH, _SCALE, _BACK, _SHARE = 0, 1, 2, 3  # places in Workspace.scalars


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
        # one call of each function in the code, whichever comes first
        if again:
            multiply(count, work.mode_values[first : first + count], pre.modes_transposed, scratch)
        couple_block(block, thread, pre, work, again)
        if not again:
            multiply(count, scratch, pre.modes, work.mode_values[first : first + count])
    elif kind == _MODES:
        sweep_band(block, width, work.mode_values, pre.mode_factor, pre.mode_resistance, pre.bias[0])
    elif kind == _LAST_SWEEP:
        sweep_band(block, width, work.second, pre.column_factor, pre.column_resistance, pre.bias[0])
        product_band(block, width, thread, pre, work)
    else:
        apply_block(block, thread, system, work, work.scalars[_BACK], work.scalars[_SHARE], turn)


@inlined
def _root(work, blocks, each):
    """The root of the sum of one kind of squares over the blocks."""
    result = 0.0
    for block in range(blocks):
        result += work.sums[block, each]
    return np.sqrt(result)


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
    scalars = work.scalars
    leads = thread == 0
    alone = threads == 1

    phase = 0
    index = first
    running = index < last
    kind = _EVALUATE
    blocks = row_blocks
    block = 0
    turn = 0
    # of the leading thread's input
    iterations = stalled = 0
    previous = np.inf
    target = tolerance
    length = product = product_before = predicted = measured = 0.0
    norm = current_norm = floor = voltage_norm = leak_norm = leak_floor = 0.0
    scale = 1.0
    fresh = True  # the present residual is that of the true equations
    # Small entries are resolved only after many decades of the norm; their nodes show no progress before.
    patience = 10 if entrywise else 0
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

        # All blocks are done; choose the next phase.
        ending = -1
        if kind == _EVALUATE:
            current_norm, floor = _root(work, row_blocks, 0), _root(work, row_blocks, 1)
            voltage_norm, norm = _root(work, row_blocks, 2), _root(work, row_blocks, 3)
            leak_norm, leak_floor = _root(work, row_blocks, 4), _root(work, row_blocks, 5)
            scale = 1.0 / norm if 1e-300 < norm < np.inf else 1.0
            kind = _LOAD
            if norm == 0.0:
                measured = 0.0
                ending = CONVERGED
        elif kind in (_LOAD, _FIRST_ROWS, _MODES, _SECOND_ROWS):
            kind += 1
        elif kind == _STEP:
            before = norm
            norm = 0.0
            for column in range(columns):
                norm += work.sums[column, 0]
            norm = np.sqrt(norm)
            iterations += 1
            # Evaluate where the error, if it decreased like the residual, is small enough; and if the currents were
            # unknown.
            fresh = predicted * norm <= 0.5 * target * before or current_norm == 0.0
            kind = _EVALUATE if fresh else _FIRST_ROWS
        elif kind in (_LAST_SWEEP, _IMBALANCE):
            back = 1.0 / (scale * pre.unit)  # the unit of the preconditioner's voltages
            floored = False
            if kind == _LAST_SWEEP:
                with_residual = with_image = cells = size = leaks = 0.0
                for column in range(columns):
                    with_residual += work.sums[column, 0]
                    with_image += work.sums[column, 1]
                    cells += work.sums[column, 2]
                    size += work.sums[column, 3]
                    leaks += system.column_shunt[column] ** 2 * work.sums[column, 3]
                cells, size, leaks = np.sqrt(cells), np.sqrt(size), np.sqrt(leaks)
                product = back * with_residual
                # Two bounds of the currents' error: with the row nodes held, and from the power of the error.
                error = min(back * pre.unit * cells, np.sqrt(pre.largest * max(product, 0.0)))
                predicted = max(
                    error / current_norm if error > 0.0 else 0.0, back * size / voltage_norm if size > 0.0 else 0.0
                )
                whole = np.sqrt(current_norm**2 + leak_norm**2)
                if leaks > 0.0:
                    predicted = max(predicted, back * leaks / whole)
                # The preconditioner is rounded, and only this form of the share, not the shorter one, keeps directions
                # conjugate.
                scalars[_SHARE] = 0.0 if fresh else -length * back * with_image / product_before
                scalars[_BACK] = back
                measured = predicted
                if fresh:
                    round_off = _ROUND_OFF * max(1.0, floor / current_norm if current_norm > 0.0 else np.inf)
                    if leaks > 0.0:
                        round_off = max(round_off, _ROUND_OFF * leak_floor / whole)
                    floored = measured <= round_off and measured < np.inf
            else:
                measured = excess = 0.0
                for each in range(row_blocks):
                    measured = max(measured, work.sums[each, 0])
                    excess = max(excess, work.sums[each, 1])
                floored = excess <= tolerance
                target = _CYCLE * predicted
            if fresh and entrywise and kind == _LAST_SWEEP:
                kind = _IMBALANCE
            elif fresh:
                kind = _APPLY
                if measured <= tolerance:
                    ending = CONVERGED
                elif floored and (entrywise or measured >= 0.5 * previous):
                    ending = ROUND_OFF
                else:
                    stalled = stalled + 1 if iterations > 0 and not measured < 0.9 * previous else 0
                    if stalled > patience or iterations >= most:
                        ending = STOPPED
                    previous = min(previous, measured)
            elif predicted <= target or iterations >= most:
                fresh = True
                kind = _EVALUATE
            else:
                kind = _APPLY
            if kind == _APPLY:
                turn = 1 - turn
        else:  # _APPLY
            bend = 0.0
            for each in range(row_blocks):
                bend += work.sums[each, 0]
            kind = _STEP
            if 0.0 < bend < np.inf:
                length = product / bend
                product_before = product
                scalars[_LENGTH] = length
            else:
                measured = predicted
                ending = STOPPED
        scalars[_SCALE] = scale
        if ending >= 0:
            results.iterations[index] = iterations
            results.measured[index] = measured
            results.ending[index] = ending
            index += 1
            running = index < last
            kind = _EVALUATE
            iterations = stalled = 0
            previous = np.inf
            target = tolerance
            fresh = True
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
