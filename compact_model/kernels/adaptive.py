"""The adaptive method: order 8(5,3) by Dormand and Prince, with every discontinuity of the model located in time.

A high order needs smooth right-hand sides.  The pinning field jumps at the edge of a truncated well, the drive jumps at
the edge of a pulse, and the wall is held at the track's ends.  So a step is always taken with one smooth branch of the
model (the polynomials of one region, continued beyond it), and where the solution crosses to another branch the step
is repeated with the length that ends exactly there.
"""

from typing import NamedTuple

import numpy as np
from numba import prange

from .dop853 import rates_at, take_step
from .dop853_coefficients import NODES, STAGES
from .jit import fused_kernel, inlined, parallel_kernel
from .tables import REGION_LEFT, REGION_RIGHT, RIGHT, FloatArray, IntegerArray, device_at, rows_of, walk, walk_in_region

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
_LOCATION_TRIALS = 60
_MOST_TURNS_BACK = 4


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


@fused_kernel
def _cubic_extremum(start, start_slope, end, end_slope, sign):
    """Where in (0, 1) Hermite's cubic times sign is largest; 0 where it has no such point."""
    a = 3.0 * (2.0 * (start - end) + start_slope + end_slope)
    b = 2.0 * (3.0 * (end - start) - 2.0 * start_slope - end_slope)
    c = start_slope
    discriminant = b * b - 4.0 * a * c
    best = 0.0
    if discriminant > 0.0:
        q = -0.5 * (b + np.copysign(np.sqrt(discriminant), b))
        for root in (q / a if a != 0.0 else 0.0, c / q if q != 0.0 else 0.0):
            if 0.0 < root < 1.0 and sign * (2.0 * a * root + b) < 0.0:
                best = root
    return best


@fused_kernel
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


@fused_kernel
def _locate_edge(
    device, mode, track, track_piece, waveform, drive_piece, time, position, angle, tolerance, slopes,
    edge, sign, inner, outer, guess,
):  # fmt: skip
    """The step that ends on an edge: Newton's method, kept inside the bracket (inner, outer) of steps.

    sign is +1 where the wall leaves upwards and -1 downwards.  Returns step and angle.
    """
    step = guess
    for _ in range(_LOCATION_TRIALS):
        end, end_angle, _error = take_step(
            device, mode, track, track_piece, waveform, drive_piece, 1.0, time, position, angle, step, tolerance, slopes
        )
        speed, turning = rates_at(device, mode, track, track_piece, waveform, drive_piece, time + step, end, end_angle)
        if sign * (end - edge) > 0.0:
            outer = step
        else:
            inner = step
        missing = (edge - end) / speed if speed != 0.0 else np.inf
        if abs(missing) <= LOCATION_TOLERANCE * step or outer - inner <= 1e-15 * outer:
            break
        step = step + missing
        if not inner < step < outer:
            step = 0.5 * (inner + outer)
    return step + missing, end_angle + missing * turning


@fused_kernel
def _locate_release(
    device, mode, track, track_piece, waveform, drive_piece, time, position, angle, tolerance, slopes,
    held, outer, outer_speed, outer_angle,
):  # fmt: skip
    """The step after which a held wall starts to move inwards (regula falsi of Illinois).  Returns step and angle.

    The end of the bracket where the wall does move inwards is returned: on the other one it would be held again.
    """
    inner = 0.0
    inner_speed = held * slopes[0, 0]
    outer_speed = held * outer_speed
    scale = max(abs(inner_speed), abs(outer_speed))
    inner_weight = inner_speed
    outer_weight = outer_speed
    for _ in range(_LOCATION_TRIALS):
        if -outer_speed <= RELEASE_TOLERANCE * scale or outer - inner <= 1e-9 * outer:
            break
        step = (inner * outer_weight - outer * inner_weight) / (outer_weight - inner_weight)
        _end, end_angle, _error = take_step(
            device, mode, track, track_piece, waveform, drive_piece, 0.0, time, position, angle, step, tolerance, slopes
        )
        speed, _turning = rates_at(
            device, mode, track, track_piece, waveform, drive_piece, time + step, position, end_angle
        )
        speed *= held
        if speed < 0.0:
            outer = step
            outer_angle = end_angle
            outer_speed = speed
            outer_weight = speed
            inner_weight *= 0.5
        else:
            inner = step
            inner_weight = speed
            outer_weight *= 0.5
    return outer, outer_angle


@fused_kernel
def advance_device(
    index, devices, mode, landscape, drive, times, tolerance, most_steps, state, progress, positions, angles
):
    """Advance one device, number `index` of the arrays; see `advance_adaptively` for the arguments."""
    device = device_at(devices, index)
    track = rows_of(landscape, index)
    waveform = rows_of(drive, index)
    track_last = track.shape[0] - 1
    drive_last = waveform.shape[0] - 1
    position = state.position[index]
    angle = state.angle[index]
    time = progress.time[index]
    step = progress.step[index]
    track_piece = progress.track_piece[index]
    drive_piece = progress.drive_piece[index]
    held = progress.held[index]
    column = progress.column[index]
    status = RUNNING
    end_time = times[-1]
    slopes = np.empty((STAGES, 2))
    turns_back = 0
    steps = 0
    speed = 0.0
    turning = 0.0
    rates_known = False  # from the end of the last step, where the same branch goes on

    while status == RUNNING and steps < most_steps:
        while column < times.size and times[column] <= time:
            positions[index, column] = position
            angles[index, column] = angle
            column += 1
        if time >= end_time:
            status = FINISHED
            break
        region_end = min(end_time, waveform[drive_piece, REGION_RIGHT])
        if waveform[drive_piece, REGION_RIGHT] >= waveform[drive_last, RIGHT]:
            region_end = end_time  # the last region goes on for ever
        elif time >= region_end:
            drive_piece = walk_in_region(waveform, drive_piece, region_end) + 1
            continue
        if not rates_known:
            speed, turning = rates_at(device, mode, track, track_piece, waveform, drive_piece, time, position, angle)
        rates_known = False
        lower = track[track_piece, REGION_LEFT]
        upper = track[track_piece, REGION_RIGHT]

        # A wall that stands on an edge belongs to the region that it moves into, or is held by the track's end.
        if held * speed < 0.0:
            held = 0
        if held == 0 and turns_back <= _MOST_TURNS_BACK:
            if position >= upper and speed > 0.0:
                turns_back += 1
                track_piece = walk_in_region(track, track_piece, upper)
                if track_piece == track_last:
                    held = 1
                else:
                    track_piece += 1
                continue
            if position <= lower and speed < 0.0:
                turns_back += 1
                track_piece = walk_in_region(track, track_piece, lower)
                if track_piece == 0:
                    held = -1
                else:
                    track_piece -= 1
                continue
        if turns_back > _MOST_TURNS_BACK:
            status = STUCK
            break
        # A wall that stands on a stop and is driven outwards passes it here: there is no step to locate.
        at_upper_stop = position >= state.upper_stop[index] and speed > 0.0
        if at_upper_stop or (position <= state.lower_stop[index] and speed < 0.0):
            status = PASSED
            break
        free = 0.0 if held != 0 else 1.0
        slopes[0, 0] = speed
        slopes[0, 1] = turning

        planned = step
        trial = min(step, region_end - time)
        end, end_angle, error = take_step(
            device,
            mode,
            track,
            track_piece,
            waveform,
            drive_piece,
            free,
            time,
            position,
            angle,
            trial,
            tolerance,
            slopes,
        )
        if error > 1.0:
            step = trial * max(SHRINKAGE, SAFETY * error**-0.125)
            if time + 0.01 * step == time:
                status = STUCK
            rates_known = True
            continue
        step = trial * (GROWTH if error < 1e-8 else min(GROWTH, SAFETY * error**-0.125))
        if trial < planned:
            step = max(step, planned)
        taken = trial

        # Does the step leave the branch that it was taken with?
        if held != 0:
            outer = 0.0
            outer_speed = 0.0
            for stage in range(1, STAGES):
                if held * slopes[stage, 0] < 0.0 and (outer == 0.0 or NODES[stage] * trial < outer):
                    outer = NODES[stage] * trial
                    outer_speed = slopes[stage, 0]
            if outer > 0.0:
                _end, outer_angle, _error = take_step(
                    device, mode, track, track_piece, waveform, drive_piece, 0.0, time, position, angle, outer,
                    tolerance, slopes,
                )  # fmt: skip
                outer_speed, _turning = rates_at(
                    device, mode, track, track_piece, waveform, drive_piece, time + outer, position, outer_angle
                )
                if held * outer_speed < 0.0:
                    taken, end_angle = _locate_release(
                        device, mode, track, track_piece, waveform, drive_piece, time, position, angle, tolerance,
                        slopes, held, outer, outer_speed, outer_angle,
                    )  # fmt: skip
                    held = 0
        else:
            end_speed, end_turning = rates_at(
                device, mode, track, track_piece, waveform, drive_piece, time + trial, end, end_angle
            )
            rates_known = True
            lower_edge = max(lower, state.lower_stop[index])
            upper_edge = min(upper, state.upper_stop[index])
            for sign in (1.0, -1.0):
                edge = upper_edge if sign > 0.0 else lower_edge
                beyond = sign * (end - edge) > 0.0
                inner = 0.0
                outer = trial
                outer_end = end
                outer_speed = end_speed
                # The wall may turn within the step: outwards and back in, or inwards before it goes out.
                turn = _cubic_extremum(position, trial * speed, end, trial * end_speed, sign if not beyond else -sign)
                if turn > 0.0:
                    at_turn = _cubic(turn, position, trial * speed, end, trial * end_speed)
                    near = 0.05 * (abs(end - position) + abs(at_turn - position))
                    from_edge = sign * (position - edge) >= 0.0
                    if (not beyond and sign * (at_turn - edge) > -near) or (beyond and from_edge):
                        at_turn, turn_angle, _error = take_step(
                            device, mode, track, track_piece, waveform, drive_piece, 1.0, time, position, angle,
                            turn * trial, tolerance, slopes,
                        )  # fmt: skip
                        if not beyond and sign * (at_turn - edge) > 0.0:
                            beyond = True
                            outer = turn * trial
                            outer_end = at_turn
                            outer_speed, _turning = rates_at(
                                device, mode, track, track_piece, waveform, drive_piece, time + outer, at_turn,
                                turn_angle,
                            )  # fmt: skip
                        elif beyond and from_edge:
                            inner = turn * trial
                if beyond:
                    rates_known = False
                    guess = _cubic_root(edge, position, outer * speed, outer_end, outer * outer_speed, inner / outer)
                    taken, end_angle = _locate_edge(
                        device, mode, track, track_piece, waveform, drive_piece, time, position, angle, tolerance,
                        slopes, edge, sign, inner, outer, outer * guess,
                    )  # fmt: skip
                    end = edge
                    if (
                        (sign > 0.0 and edge < upper)
                        or (sign < 0.0 and edge > lower)
                        or edge == (state.upper_stop[index] if sign > 0.0 else state.lower_stop[index])
                    ):
                        status = PASSED
                    break

        while column < times.size and times[column] < time + taken:
            positions[index, column], angles[index, column], _error = take_step(
                device, mode, track, track_piece, waveform, drive_piece, free, time, position, angle,
                times[column] - time, tolerance, slopes,
            )  # fmt: skip
            column += 1
        if not taken > 0.0:
            status = STUCK
            break
        if rates_known:
            speed = end_speed
            turning = end_turning
            rates_known = time + taken < region_end
        turns_back = 0
        steps += 1
        time = region_end if taken == region_end - time else time + taken
        position = end
        angle = end_angle
        track_piece = walk_in_region(track, track_piece, position)
        drive_piece = walk_in_region(waveform, drive_piece, time)

    if status == PASSED:
        state.passage_time[index] = time
        for later in range(column, times.size):
            positions[index, later] = position
            angles[index, later] = angle
    state.position[index] = position
    state.angle[index] = angle
    progress.time[index] = time
    progress.step[index] = step
    progress.track_piece[index] = track_piece
    progress.drive_piece[index] = drive_piece
    progress.held[index] = held
    progress.column[index] = column
    progress.status[index] = status
    progress.steps[index] += steps


@parallel_kernel
def advance_adaptively(
    devices, mode, landscape, drive, times, tolerance, most_steps, state, progress, positions, angles
):
    """Advance every device that is RUNNING by at most so many steps towards times[-1]; all is written in place.

    tolerance: local error of phi in rad and of x in units of the wall width, per step.
    """
    for index in prange(devices.damping.size):
        if progress.status[index] == RUNNING:
            advance_device(
                np.int64(index), devices, mode, landscape, drive, times, tolerance, most_steps, state, progress,
                positions, angles,
            )  # fmt: skip


@fused_kernel
def find_pieces(table, position):
    """The piece of each device's object, counted from the object's first, that holds a position of shape (devices,)."""
    pieces = np.empty(position.size, dtype=np.int64)
    for index in range(position.size):
        rows = rows_of(table, index)
        pieces[index] = walk(rows, 0, 0, rows.shape[0] - 1, position[index])
    return pieces
