"""The adaptive method: order 8(5,3) by Dormand and Prince, with every discontinuity of the model located in time.

A high order needs smooth right-hand sides.  The pinning field jumps at the edge of a truncated well, the drive jumps at
the edge of a pulse, and the wall is held at the track's ends.  So a step is always taken with one smooth branch of the
model (the polynomials of one region, continued beyond it), and where the solution crosses to another branch the step
is repeated with the length that ends exactly there.

Leaving a branch and being released by the track's end are functions of their own: numba's time grows faster than the
length of a function, and a first call waits for it.
"""

import math
from typing import NamedTuple

import numpy as np

from .dop853 import Start, interpolated, prepare_interpolation, take_step
from .dop853_coefficients import ALL_STAGES, NODES, POWERS, STAGES
from .jit import inlined, inner_kernel, kernel
from .tables import REGION_LEFT, REGION_RIGHT, RIGHT, FloatArray, IntegerArray, device_at, rows_of, walk_in_region

RUNNING = 0
FINISHED = 1
PASSED = 2  # the wall passed a stop
STUCK = 3  # the step fell below the resolution of the time

FIRST_STEP = 1e-11  # s; the control multiplies it by up to GROWTH in each step
GROWTH = 2.0  # more would let an error estimate that vanishes by accident through to a step far too long
SHRINKAGE = 0.2
SAFETY = 0.9
# An edge is met to within this part of the step; the rest is bridged by the rates there, which leaves its square.
LOCATION_TOLERANCE = 1e-5
RELEASE_TOLERANCE = 1e-7  # of the rate of the position, which vanishes where a held wall is released
INTERPOLATION_ERROR = 5.0  # in tolerances; with a larger one, half of the step is interpolated
_MOST_HALVINGS = 8  # more than the order ever needs, unless the tolerance is below round-off
_LOCATION_TRIALS = 60
# Of the track's length: a wall that is beyond an edge by less stands on it.  At the start of the track, positions have
# a far finer resolution than the forces on a wall at rest, and round-off alone would drive it to and fro.
_RESOLUTION = 1e-15
_MOST_TURNS_BACK = 4
_MOST_STANDSTILLS = 8  # steps in succession too short for the clock, as one to an edge may be; a call takes more


class AdaptiveProgress(NamedTuple):
    """Where each device is, so that a run can go on in a later call; each of shape (devices,)."""

    time: FloatArray
    step: FloatArray  # the next step to try
    track_piece: IntegerArray
    drive_piece: IntegerArray
    held: IntegerArray  # +1 and -1: at the track's upper and lower end, 0: free
    column: IntegerArray  # the next sample to record
    status: IntegerArray
    steps: IntegerArray  # accepted steps so far


@inlined
def _cubic(fraction, start, start_slope, end, end_slope):
    """Hermite's cubic on [0, 1]."""
    rest = 1.0 - fraction
    return rest * rest * ((1.0 + 2.0 * fraction) * start + fraction * start_slope) + fraction * fraction * (
        (3.0 - 2.0 * fraction) * end - rest * end_slope
    )


@inlined
def _cubic_extremum(start, start_slope, end, end_slope, sign):
    """Where in (0, 1) Hermite's cubic times sign is largest; 0 where it has no such point."""
    a = 3.0 * (2.0 * (start - end) + start_slope + end_slope)
    b = 2.0 * (3.0 * (end - start) - 2.0 * start_slope - end_slope)
    c = start_slope
    discriminant = b * b - 4.0 * a * c
    best = 0.0
    if discriminant > 0.0:
        q = -0.5 * (b + math.copysign(math.sqrt(discriminant), b))
        for root in (q / a if a != 0.0 else 0.0, c / q if q != 0.0 else 0.0):
            if 0.0 < root < 1.0 and sign * (2.0 * a * root + b) < 0.0:
                best = root
    return best


@inlined
def _cubic_root(value, start, start_slope, end, end_slope, lowest):
    """Where in (lowest, 1) Hermite's cubic takes a value, roughly: a first guess (four secant steps)."""
    before = 1.0
    gap_before = end - value
    here = lowest
    gap = _cubic(here, start, start_slope, end, end_slope) - value
    for _ in range(4):
        if gap == gap_before:
            break
        following = here - gap * (here - before) / (gap - gap_before)
        before = here
        gap_before = gap
        here = following
        gap = _cubic(here, start, start_slope, end, end_slope) - value
    return here if lowest < here < 1.0 else 0.5 * (lowest + 1.0)


@inner_kernel
def _release(device, mode, track, waveform, start, held, step, angle, rise, tolerance, slopes, trials):
    """The part of a step after which a wall that is held is driven inwards, and the angle and the rise there.

    start, step: a `Start` and a step (s) from there, whose slopes are known and which ends at this angle and rise.
    trials: for the slopes of shorter steps.
    Returns (released, length, angle, rise): the whole step where the wall is held throughout.
    """
    outer = 0.0
    for stage in range(1, STAGES):
        if held * slopes[stage, 0] < 0.0 and (outer == 0.0 or NODES[stage] * step < outer):
            outer = NODES[stage] * step
    if outer == 0.0:
        return False, step, angle, rise
    for component in range(3):
        trials[0, component] = slopes[0, component]
    _, outer_angle, outer_rise, _ = take_step(device, mode, track, waveform, start, outer, tolerance, np.inf, trials)
    outer_speed = held * trials[STAGES, 0]
    if not outer_speed < 0.0:
        return False, step, angle, rise
    # The regula falsi of Illinois for the time at which the speed vanishes.
    inner = 0.0
    inner_weight = held * slopes[0, 0]
    outer_weight = outer_speed
    scale = max(abs(inner_weight), abs(outer_speed))
    for _ in range(_LOCATION_TRIALS):
        if -outer_speed <= RELEASE_TOLERANCE * scale or outer - inner <= 1e-9 * outer:
            break
        length = (inner * outer_weight - outer * inner_weight) / (outer_weight - inner_weight)
        _, end_angle, end_rise, _ = take_step(device, mode, track, waveform, start, length, tolerance, np.inf, trials)
        speed = held * trials[STAGES, 0]
        if speed < 0.0:
            outer = length
            outer_angle = end_angle
            outer_rise = end_rise
            outer_speed = speed
            outer_weight = speed
            inner_weight *= 0.5
        else:
            inner = length
            inner_weight = speed
            outer_weight *= 0.5
    # The end of the bracket where the wall moves inwards is taken: on the other one it would be held again.
    return True, outer, outer_angle, outer_rise


@inner_kernel
def _leave(device, mode, track, waveform, start, step, reached, edges, tolerance, slopes, trials):
    """The part of a step after which the wall leaves through one of two edges (m), the lower and the upper one.

    start, step: a `Start` and a step (s) from there, which ends at the position `reached`, with its slopes known.
    trials: for the slopes of shorter steps.
    Returns (side, length, position, angle, rise): side is 1 or -1 for the edge that is met, or 0, and the rest is then
    of no use.
    """
    start_slope = step * slopes[0, 0]
    reached_speed = slopes[STAGES, 0]
    resolution = _RESOLUTION * device.track_length
    for component in range(3):
        trials[0, component] = slopes[0, component]
    for side in (1, -1):
        edge = edges[1] if side > 0 else edges[0]
        beyond = side * (reached - edge) > resolution
        inner = 0.0
        outer = step
        outer_end = reached
        outer_speed = reached_speed
        # The wall may turn within the step: outwards and back in, or inwards before it goes out.
        turn = _cubic_extremum(
            start.position, start_slope, reached, step * reached_speed, side if not beyond else -side
        )
        if turn > 0.0:
            at_turn = _cubic(turn, start.position, start_slope, reached, step * reached_speed)
            near = 0.05 * (abs(reached - start.position) + abs(at_turn - start.position))
            if beyond and side * (start.position - edge) >= 0.0:
                inner = turn * step
            elif not beyond and side * (at_turn - edge) > -near:
                length = turn * step
                end, _, _, _ = take_step(device, mode, track, waveform, start, length, tolerance, np.inf, trials)
                if side * (end - edge) > resolution:
                    beyond = True
                    outer = length
                    outer_end = end
                    outer_speed = trials[STAGES, 0]
        if not beyond:
            continue
        # Newton's method, kept inside a bracket; the rest of the way is bridged with the rates there.
        length = outer * _cubic_root(
            edge, start.position, outer * slopes[0, 0], outer_end, outer * outer_speed, inner / outer
        )
        missing = end_angle = end_rise = 0.0
        for trial in range(_LOCATION_TRIALS):
            if trial > 0:
                length += missing
                if not inner < length < outer:
                    length = 0.5 * (inner + outer)
            end, end_angle, end_rise, _ = take_step(
                device, mode, track, waveform, start, length, tolerance, np.inf, trials
            )
            if side * (end - edge) > 0.0:
                outer = length
            else:
                inner = length
            missing = (edge - end) / trials[STAGES, 0] if trials[STAGES, 0] != 0.0 else np.inf
            if abs(missing) <= LOCATION_TOLERANCE * length or outer - inner <= 1e-15 * outer:
                break
        if not abs(missing) <= LOCATION_TOLERANCE * length:
            missing = 0.0  # at a speed of 0, or where the bracket is as short as round-off
        angle = end_angle + missing * trials[STAGES, 1]
        rise = end_rise + missing * trials[STAGES, 2]
        return side, length + missing, edge, angle, rise
    return 0, step, reached, 0.0, 0.0


@inner_kernel
def _record(
    device, mode, track, waveform, start, step, end, known, tolerance, times, column, index, positions, angles, rises,
    slopes, trials, powers,
):  # fmt: skip
    """Record the states at the times within a step from `start`, from a column of the results on; returns the next one.

    end: position, angle and rise after the step; known: whether the slopes are those of this step.  The states are
    interpolated between its ends, or between those of parts of it, as short as the interpolation needs.
    """
    stop = start.time + step
    part = start
    length = step
    halvings = 0
    while column < times.size and times[column] < stop:
        alone = column + 1 == times.size or times[column + 1] >= stop
        if alone:
            length = times[column] - part.time
        if alone or not known:
            position, angle, rise, _ = take_step(device, mode, track, waveform, part, length, tolerance, np.inf, slopes)
            end = (position, angle, rise)
        if alone:  # a step to it takes less than an interpolation
            _write(end, track, index, column, positions, angles, rises)
            return column + 1
        known = False
        error = prepare_interpolation(
            device, mode, track, waveform, part, length, end, tolerance, slopes, trials, powers
        )
        shorter = part.time + 0.25 * length > part.time and halvings < _MOST_HALVINGS
        if error > INTERPOLATION_ERROR and shorter:
            length *= 0.5
            halvings += 1
            continue
        until = min(part.time + length, stop)
        while column < times.size and times[column] < until:
            share = (times[column] - part.time) / length
            between = (
                interpolated(0, part.position, share, powers),
                interpolated(1, part.angle, share, powers),
                interpolated(2, part.rise, share, powers),
            )
            _write(between, track, index, column, positions, angles, rises)
            column += 1
        part = Start(part.track_piece, part.drive_piece, part.free, until, end[0], end[1], end[2])
        length = min(length, stop - until)
        for component in range(3):
            slopes[0, component] = slopes[STAGES, component]
    return column


@inlined
def _write(state, track, index, column, positions, angles, rises):
    """Position, angle and rise of a device at one time, the position within the track."""
    positions[index, column] = min(max(state[0], track[0, REGION_LEFT]), track[-1, REGION_RIGHT])
    angles[index, column] = state[1]
    if rises.size > 0:
        rises[index, column] = state[2]


@kernel
def advance_devices(
    first, every, devices, mode, landscape, drive, times, tolerance, most_steps, state, progress, positions, angles,
    rises,
):  # fmt: skip
    """Advance each RUNNING one of the devices first, first + every, ... by at most so many steps towards times[-1].

    devices: tables.Device of arrays; mode: one of equations.DENSITY_*; landscape, drive: PiecewiseTable.
    tolerance: local error of phi in rad and of x in units of the wall width, per step.
    state: fixed_step.WallState; progress: AdaptiveProgress; positions, angles, rises: float64 (devices, times), the
    last one not read where nothing heats up; all of these are written in place.
    """
    end_time = times[-1]
    slopes = np.empty((ALL_STAGES, 3))
    trials = np.empty((ALL_STAGES, 3))
    powers = np.empty((POWERS, 3))
    for index in range(first, devices.damping.size, every):
        if progress.status[index] != RUNNING:
            continue
        device = device_at(devices, index)
        track = rows_of(landscape, index)
        waveform = rows_of(drive, index)
        position = state.position[index]
        angle = state.angle[index]
        rise = state.rise[index]
        highest_rise = state.highest_rise[index]
        time = progress.time[index]
        step = progress.step[index]
        track_piece = progress.track_piece[index]
        drive_piece = progress.drive_piece[index]
        held = progress.held[index]
        column = progress.column[index]
        lower_stop = state.lower_stop[index]
        upper_stop = state.upper_stop[index]
        status = RUNNING
        turns_back = 0
        standstills = 0
        steps = 0
        rates_known = False  # from the end of the last step, where the same branch goes on
        speed = turning = warming = 0.0  # the rates at the step's start
        while steps < most_steps:
            while column < times.size and times[column] <= time:
                positions[index, column] = position
                angles[index, column] = angle
                if rises.size > 0:
                    rises[index, column] = rise
                column += 1
            if time >= end_time:
                status = FINISHED
                break
            region_end = min(end_time, waveform[drive_piece, REGION_RIGHT])
            if waveform[drive_piece, REGION_RIGHT] >= waveform[-1, RIGHT]:
                region_end = end_time  # the last region goes on for ever
            elif time >= region_end:
                drive_piece = walk_in_region(waveform, drive_piece, region_end) + 1
                continue
            if not rates_known:
                start = Start(track_piece, drive_piece, 0.0, time, position, angle, rise)
                take_step(device, mode, track, waveform, start, 0.0, tolerance, np.inf, slopes)
                speed = slopes[STAGES, 0]
                turning = slopes[STAGES, 1]
                warming = slopes[STAGES, 2]
            rates_known = False

            # A wall that stands on an edge belongs to the region that it moves into, or is held by the track's end.
            lower = track[track_piece, REGION_LEFT]
            upper = track[track_piece, REGION_RIGHT]
            if held * speed < 0.0:
                held = 0
            if turns_back > _MOST_TURNS_BACK:
                status = STUCK
                break
            if held == 0:
                outwards = 1 if position >= upper and speed > 0.0 else 0
                if position <= lower and speed < 0.0:
                    outwards = -1
                if outwards != 0:
                    turns_back += 1
                    track_piece = walk_in_region(track, track_piece, upper if outwards > 0 else lower)
                    if track_piece == (track.shape[0] - 1 if outwards > 0 else 0):
                        held = outwards
                    else:
                        track_piece += outwards
                    continue
            # A wall that stands on a stop and is driven outwards passes it here: there is no step to locate.
            if (position >= upper_stop and speed > 0.0) or (position <= lower_stop and speed < 0.0):
                status = PASSED
                break

            # The step, and the part of it that stays within its branch.
            slopes[0, 0] = speed
            slopes[0, 1] = turning
            slopes[0, 2] = warming
            start = Start(track_piece, drive_piece, 0.0 if held != 0 else 1.0, time, position, angle, rise)
            trial = min(step, region_end - time)
            reached, reached_angle, reached_rise, error = take_step(
                device, mode, track, waveform, start, trial, tolerance, 1.0, slopes
            )
            if error > 1.0:
                step = trial * max(SHRINKAGE, SAFETY * error**-0.125)
                rates_known = True
                if time + 0.01 * step == time:
                    status = STUCK
                    break
                continue
            planned = step
            step = trial * (GROWTH if error < 1e-8 else min(GROWTH, SAFETY * error**-0.125))
            if trial < planned:
                step = max(step, planned)
            taken = trial
            if held != 0:
                released, taken, reached_angle, reached_rise = _release(
                    device, mode, track, waveform, start, held, trial, reached_angle, reached_rise, tolerance,
                    slopes, trials,
                )  # fmt: skip
                if released:
                    held = 0
            else:
                speed = slopes[STAGES, 0]
                turning = slopes[STAGES, 1]
                warming = slopes[STAGES, 2]
                edges = (max(lower, lower_stop), min(upper, upper_stop))
                side, length, end, end_angle, end_rise = _leave(
                    device, mode, track, waveform, start, trial, reached, edges, tolerance, slopes, trials
                )
                if side != 0:
                    taken = length
                    reached = end
                    reached_angle = end_angle
                    reached_rise = end_rise
                    if side > 0:
                        passed = reached < upper or reached == upper_stop
                    else:
                        passed = reached > lower or reached == lower_stop
                    if passed:
                        status = PASSED
                else:
                    reached = min(max(reached, edges[0]), edges[1])  # within the resolution
                    rates_known = True

            standstills = 0 if time + taken > time else standstills + 1
            if not taken > 0.0 or standstills > _MOST_STANDSTILLS:
                status = STUCK
                break
            if column < times.size and times[column] < time + taken:
                column = _record(
                    device, mode, track, waveform, start, taken, (reached, reached_angle, reached_rise),
                    taken == trial, tolerance, times, column, index, positions, angles, rises, slopes, trials,
                    powers,
                )  # fmt: skip
            rates_known = rates_known and time + taken < region_end
            turns_back = 0
            steps += 1
            time = region_end if taken == region_end - time else time + taken
            position = reached
            angle = reached_angle
            rise = reached_rise
            highest_rise = max(highest_rise, rise)
            track_piece = walk_in_region(track, track_piece, position)
            drive_piece = walk_in_region(waveform, drive_piece, time)
            if status == PASSED:
                break

        if status == PASSED:
            state.passage_time[index] = time
            for later in range(column, times.size):
                positions[index, later] = position
                angles[index, later] = angle
                if rises.size > 0:
                    rises[index, later] = rise
        state.position[index] = position
        state.angle[index] = angle
        state.rise[index] = rise
        state.highest_rise[index] = highest_rise
        progress.time[index] = time
        progress.step[index] = step
        progress.track_piece[index] = track_piece
        progress.drive_piece[index] = drive_piece
        progress.held[index] = held
        progress.column[index] = column
        progress.status[index] = status
        progress.steps[index] += steps
