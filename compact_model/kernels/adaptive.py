"""The adaptive method: order 8(5,3) by Dormand and Prince, with every discontinuity of the model located in time.

A high order needs smooth right-hand sides.  The pinning field jumps at the edge of a truncated well, the drive jumps at
the edge of a pulse, and the wall is held at the track's ends.  So a step is always taken with one smooth branch of the
model (the polynomials of one region, continued beyond it), and where the solution crosses to another branch the step
is repeated with the length that ends exactly there.

A step is taken at one place in the code, whatever for (see the purposes below): each further place would be compiled
for itself, and the ten of them took most of the time of a first call.
"""

from typing import NamedTuple

import numpy as np

from .dop853 import take_step
from .dop853_coefficients import NODES, STAGES
from .heating import (
    END,
    FIRST_SLOPE,
    LAST_SLOPE,
    OUTER,
    REACHED,
    REACHED_SLOPE,
    RISE,
    SLOPE,
    bridge_heat,
    copy_heat,
    load_heat,
    new_heat,
    record_heat,
    store_heat,
    take_up_heat,
)
from .jit import fused_kernel, fused_part, inlined
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
_LOCATION_TRIALS = 60
_MOST_TURNS_BACK = 4

# What is to be done next with one device.
_BEGIN = 0  # at the start of a step: record, look at the regions of the drive
_BRANCH = 1  # the rates there are known: choose the region of the track
# What the rates, or a step and the rates at its end, are evaluated for.
_RATES = 2  # no step: the rates at its start
_STEP = 3  # the step itself
_TURN = 4  # to where a wall that turns within the step is farthest out
_EDGE = 5  # to an edge, by Newton's method kept inside a bracket
_INWARDS = 6  # a held wall: to the first stage at which it is driven inwards
_RELEASE = 7  # a held wall: to where that begins, by the regula falsi of Illinois
_RECORD = 8  # to a time that is recorded
# Between two of these: whether the step leaves its region at one side, and whether it does in fact.
_SIDE = 9
_LEAVING = 10


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


@fused_part
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


@fused_part
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
    slopes = np.empty((STAGES + 1, 2))
    heat = new_heat(devices)
    for index in range(first, devices.damping.size, every):
        if progress.status[index] != RUNNING:
            continue
        device = device_at(devices, index)
        track = rows_of(landscape, index)
        waveform = rows_of(drive, index)
        track_last = track.shape[0] - 1
        drive_last = waveform.shape[0] - 1
        position = state.position[index]
        angle = state.angle[index]
        load_heat(device, heat, state.rise, index)
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
        steps = 0
        trials = 0
        rates_known = False  # from the end of the last step, where the same branch goes on
        passed = False
        beyond = False
        # The rates at the step's start; the step and its end; what is evaluated, and its end.
        speed = turning = 0.0
        trial = taken = reached = reached_angle = reached_speed = reached_turning = 0.0
        length = end_speed = end_turning = 0.0
        # The step's region, and a side of it; a bracket of lengths, and what is known at its ends.
        free = lower = upper = region_end = planned = edge = 0.0
        sign = 1.0
        inner = outer = outer_end = outer_angle = outer_speed = inner_weight = outer_weight = scale = 0.0

        purpose = _BEGIN
        while status == RUNNING:
            if purpose == _BEGIN:
                if steps >= most_steps:
                    break
                while column < times.size and times[column] <= time:
                    positions[index, column] = position
                    angles[index, column] = angle
                    record_heat(device, heat, RISE, rises, index, column)
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
                purpose = _BRANCH if rates_known else _RATES

            if purpose == _BRANCH:
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
                        purpose = _BEGIN
                        continue
                    if position <= lower and speed < 0.0:
                        turns_back += 1
                        track_piece = walk_in_region(track, track_piece, lower)
                        if track_piece == 0:
                            held = -1
                        else:
                            track_piece -= 1
                        purpose = _BEGIN
                        continue
                if turns_back > _MOST_TURNS_BACK:
                    status = STUCK
                    break
                # A wall that stands on a stop and is driven outwards passes it here: there is no step to locate.
                at_upper_stop = position >= upper_stop and speed > 0.0
                if at_upper_stop or (position <= lower_stop and speed < 0.0):
                    status = PASSED
                    break
                free = 0.0 if held != 0 else 1.0
                slopes[0, 0] = speed
                slopes[0, 1] = turning
                copy_heat(device, heat, FIRST_SLOPE, SLOPE)
                planned = step
                trial = min(step, region_end - time)
                length = trial
                purpose = _STEP

            # The one place where a step is taken, and where rates are asked for.
            wanted = np.inf  # the largest error with which the rates at the end are of use
            if purpose == _RATES:
                length = 0.0
            elif purpose == _RECORD or (purpose == _STEP and held != 0):
                wanted = -1.0
            elif purpose == _STEP:
                wanted = 1.0
            end, end_angle, error = take_step(
                device, mode, track, track_piece, waveform, drive_piece, free, time, position, angle, length,
                tolerance, wanted, slopes, heat,
            )  # fmt: skip
            end_speed = slopes[STAGES, 0]
            end_turning = slopes[STAGES, 1]

            if purpose == _RATES:
                speed = end_speed
                turning = end_turning
                copy_heat(device, heat, SLOPE, LAST_SLOPE)
                purpose = _BRANCH
                continue

            if purpose == _STEP:
                if error > 1.0:
                    step = trial * max(SHRINKAGE, SAFETY * error**-0.125)
                    if time + 0.01 * step == time:
                        status = STUCK
                    rates_known = True
                    purpose = _BEGIN
                    continue
                step = trial * (GROWTH if error < 1e-8 else min(GROWTH, SAFETY * error**-0.125))
                if trial < planned:
                    step = max(step, planned)
                taken = trial
                reached = end
                reached_angle = end_angle
                copy_heat(device, heat, REACHED, END)
                # Does the step leave the branch that it was taken with?
                if held != 0:
                    outer = 0.0
                    for stage in range(1, STAGES):
                        if held * slopes[stage, 0] < 0.0 and (outer == 0.0 or NODES[stage] * trial < outer):
                            outer = NODES[stage] * trial
                    if outer > 0.0:
                        length = outer
                        purpose = _INWARDS
                        continue
                    purpose = _RECORD
                else:
                    reached_speed = end_speed
                    reached_turning = end_turning
                    copy_heat(device, heat, REACHED_SLOPE, LAST_SLOPE)
                    rates_known = True
                    sign = 1.0
                    purpose = _SIDE

            elif purpose == _INWARDS:
                if held * end_speed < 0.0:
                    inner = 0.0
                    inner_weight = held * slopes[0, 0]
                    outer_speed = held * end_speed
                    outer_weight = outer_speed
                    outer_angle = end_angle
                    copy_heat(device, heat, OUTER, END)
                    scale = max(abs(inner_weight), abs(outer_speed))
                    trials = 0
                    purpose = _RELEASE
                else:
                    purpose = _RECORD

            elif purpose == _RELEASE:
                if held * end_speed < 0.0:
                    outer = length
                    outer_angle = end_angle
                    copy_heat(device, heat, OUTER, END)
                    outer_speed = held * end_speed
                    outer_weight = outer_speed
                    inner_weight *= 0.5
                else:
                    inner = length
                    inner_weight = held * end_speed
                    outer_weight *= 0.5

            elif purpose == _TURN:
                if sign * (end - edge) > 0.0:
                    beyond = True
                    outer = length
                    outer_end = end
                    outer_speed = end_speed
                purpose = _LEAVING

            elif purpose == _EDGE:
                if sign * (end - edge) > 0.0:
                    outer = length
                else:
                    inner = length
                missing = (edge - end) / end_speed if end_speed != 0.0 else np.inf
                trials += 1
                if not (
                    abs(missing) <= LOCATION_TOLERANCE * length
                    or outer - inner <= 1e-15 * outer
                    or trials == _LOCATION_TRIALS
                ):
                    length += missing
                    if not inner < length < outer:
                        length = 0.5 * (inner + outer)
                    continue
                taken = length + missing
                reached = edge
                reached_angle = end_angle + missing * end_turning
                bridge_heat(device, heat, missing)
                passed = (
                    (sign > 0.0 and edge < upper)
                    or (sign < 0.0 and edge > lower)
                    or edge == (upper_stop if sign > 0.0 else lower_stop)
                )
                purpose = _RECORD

            elif purpose == _RECORD:
                positions[index, column] = end
                angles[index, column] = end_angle
                record_heat(device, heat, END, rises, index, column)
                column += 1

            if purpose == _RELEASE:
                # The end of the bracket where the wall moves inwards is taken: on the other one it would be held again.
                if (
                    -outer_speed <= RELEASE_TOLERANCE * scale
                    or outer - inner <= 1e-9 * outer
                    or trials == _LOCATION_TRIALS
                ):
                    taken = outer
                    reached_angle = outer_angle
                    copy_heat(device, heat, REACHED, OUTER)
                    held = 0
                    purpose = _RECORD
                else:
                    length = (inner * outer_weight - outer * inner_weight) / (outer_weight - inner_weight)
                    trials += 1
                    continue

            while purpose in (_SIDE, _LEAVING):
                if purpose == _SIDE:
                    edge = max(lower, lower_stop)
                    if sign > 0.0:
                        edge = min(upper, upper_stop)
                    beyond = sign * (reached - edge) > 0.0
                    inner = 0.0
                    outer = trial
                    outer_end = reached
                    outer_speed = reached_speed
                    purpose = _LEAVING
                    # The wall may turn within the step: outwards and back in, or inwards before it goes out.
                    turn = _cubic_extremum(
                        position, trial * speed, reached, trial * reached_speed, sign if not beyond else -sign
                    )
                    if turn > 0.0:
                        at_turn = _cubic(turn, position, trial * speed, reached, trial * reached_speed)
                        near = 0.05 * (abs(reached - position) + abs(at_turn - position))
                        if beyond and sign * (position - edge) >= 0.0:
                            inner = turn * trial
                        elif not beyond and sign * (at_turn - edge) > -near:
                            length = turn * trial
                            purpose = _TURN
                elif beyond:
                    rates_known = False
                    trials = 0
                    length = outer * _cubic_root(
                        edge, position, outer * speed, outer_end, outer * outer_speed, inner / outer
                    )
                    purpose = _EDGE
                elif sign > 0.0:
                    sign = -1.0
                    purpose = _SIDE
                else:
                    purpose = _RECORD
            if purpose != _RECORD:
                continue

            if column < times.size and times[column] < time + taken:
                length = times[column] - time
                continue
            if not taken > 0.0:
                status = STUCK
                break
            if rates_known:
                speed = reached_speed
                turning = reached_turning
                copy_heat(device, heat, SLOPE, REACHED_SLOPE)
                rates_known = time + taken < region_end
            turns_back = 0
            steps += 1
            time = region_end if taken == region_end - time else time + taken
            position = reached
            angle = reached_angle
            take_up_heat(device, heat)
            track_piece = walk_in_region(track, track_piece, position)
            drive_piece = walk_in_region(waveform, drive_piece, time)
            if passed:
                status = PASSED
            purpose = _BEGIN

        if status == PASSED:
            state.passage_time[index] = time
            for later in range(column, times.size):
                positions[index, later] = position
                angles[index, later] = angle
                record_heat(device, heat, RISE, rises, index, later)
        state.position[index] = position
        state.angle[index] = angle
        store_heat(device, heat, state.rise, state.highest_rise, index)
        progress.time[index] = time
        progress.step[index] = step
        progress.track_piece[index] = track_piece
        progress.drive_piece[index] = drive_piece
        progress.held[index] = held
        progress.column[index] = column
        progress.status[index] = status
        progress.steps[index] += steps
