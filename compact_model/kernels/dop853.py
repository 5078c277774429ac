"""One step of Dormand and Prince's method of order 8(5,3), with one smooth branch of the model.

A branch is the polynomials of one region of the track and of one region of the drive, continued beyond their edges.

States between a step's start and its end come from the method's own interpolation of order 7: three more stages for
all of them, instead of twelve for each.
"""

import math
from typing import NamedTuple

import numpy as np

from .added_terms import slope_if_read
from .dop853_coefficients import (
    ALL_STAGES,
    ERROR_3,
    ERROR_5,
    ERROR_BY_SLOPE,
    INTERPOLATION,
    MATRIX,
    NODES,
    POWERS,
    STAGES,
    TRIED,
    TRIED_SLOPES,
)
from .equations import wall_rates
from .fast_math import short_cosine, short_sine, sine
from .heating import inverse_scale
from .jit import inlined, inner_kernel
from .tables import evaluate, walk_in_region

SHORT_TURN = 1.5  # rad; within it the short sine and cosine hold
FURTHER_STAGES = -1.0  # in the place of an error: it is never below 0


class Start(NamedTuple):
    """Where a step starts."""

    track_piece: int
    drive_piece: int
    free: float  # 1, or 0 while the wall is held
    time: float  # s
    position: float  # m
    angle: float  # rad
    rise: float  # of the junction's temperature, K; 0 where nothing heats up


@inner_kernel
def take_step(device, mode, track, waveform, start, step, tolerance, wanted, slopes):
    """One step, and the rates at its end; or with a step of 0 the rates alone.

    slopes, of shape (ALL_STAGES, 3), holds the rates of position, angle and rise at the start in its first row; the
    stages' are written to the others, and to row STAGES those at the end.  Those are left out where the error comes out
    above `wanted`.  Returns position, angle, rise and the error relative to the tolerance.
    With FURTHER_STAGES as `wanted`, the stages of the interpolation alone are added to the slopes of a step that has
    been taken, and what is returned has no meaning.

    sin(2 phi) of the stages follows from that of the start by the addition theorem: a stage waits for the one before,
    and without the reduction of a large argument it waits half as long.

    The rates at the end are one more stage, so that Eq. 1 is compiled at one place.
    """
    track_piece, drive_piece, free, time, position, angle, rise = start
    start_sine = sine(2.0 * angle)
    start_cosine = sine(2.0 * angle + 0.5 * np.pi)
    position_sum = 0.0
    angle_sum = 0.0
    rise_sum = 0.0
    error = 0.0
    first = 1 if step != 0.0 else STAGES
    last = STAGES
    if wanted == FURTHER_STAGES:
        first = STAGES + 1
        last = ALL_STAGES - 1
    for stage in range(first, last + 1):
        position_sum = 0.0
        angle_sum = 0.0
        rise_sum = 0.0
        if step != 0.0:
            for column in range(stage):
                position_sum += MATRIX[stage, column] * slopes[column, 0]
                angle_sum += MATRIX[stage, column] * slopes[column, 1]
                rise_sum += MATRIX[stage, column] * slopes[column, 2]
        turn = 2.0 * step * angle_sum
        if stage != STAGES and abs(turn) < SHORT_TURN:
            sine_of_double_angle = start_sine * short_cosine(turn) + start_cosine * short_sine(turn)
        else:
            sine_of_double_angle = sine(2.0 * (angle + step * angle_sum))
        if stage == STAGES and step != 0.0:
            error = _error(device, free, step, tolerance, slopes)
            if error > wanted:
                break
        stage_time = time + NODES[stage] * step
        stage_position = position + free * step * position_sum
        drive_piece = walk_in_region(waveform, drive_piece, stage_time)
        track_piece = walk_in_region(track, track_piece, stage_position)
        electrical, net_field = evaluate(waveform, drive_piece, stage_time)
        pinning, anisotropy = evaluate(track, track_piece, stage_position)
        anisotropy_slope = slope_if_read(device, track, track_piece, stage_position)
        slopes[stage, 0], slopes[stage, 1], slopes[stage, 2] = wall_rates(
            device,
            mode,
            electrical,
            net_field,
            pinning,
            anisotropy,
            anisotropy_slope,
            stage_position,
            angle + step * angle_sum,
            sine_of_double_angle,
            0.0,
            0.0,
            rise + step * rise_sum,
        )
    return position + free * step * position_sum, angle + step * angle_sum, rise + step * rise_sum, error


@inlined
def _error(device, free, step, tolerance, slopes):
    """The estimated error of a step, in units of the tolerance, from the embedded formulas of order 3 and 5."""
    position_error_3 = 0.0
    angle_error_3 = 0.0
    rise_error_3 = 0.0
    position_error_5 = 0.0
    angle_error_5 = 0.0
    rise_error_5 = 0.0
    for stage in range(STAGES):
        position_error_3 += ERROR_3[stage] * slopes[stage, 0]
        angle_error_3 += ERROR_3[stage] * slopes[stage, 1]
        rise_error_3 += ERROR_3[stage] * slopes[stage, 2]
        position_error_5 += ERROR_5[stage] * slopes[stage, 0]
        angle_error_5 += ERROR_5[stage] * slopes[stage, 1]
        rise_error_5 += ERROR_5[stage] * slopes[stage, 2]
    scale = free / device.wall_width
    error_3 = _sum_of_squares(scale * position_error_3, angle_error_3, inverse_scale(device) * rise_error_3)
    error_5 = _sum_of_squares(scale * position_error_5, angle_error_5, inverse_scale(device) * rise_error_5)
    denominator = error_5 + 0.01 * error_3
    error = 0.0
    if denominator > 0.0:
        error = abs(step) * error_5 / math.sqrt(2.0 * denominator) / tolerance
    elif denominator != 0.0:
        error = np.inf  # an overflow far beyond the branch's region: reject the step
    return error


@inlined
def _sum_of_squares(first, second, third):
    return first * first + second * second + third * third


@inlined
def prepare_interpolation(device, mode, track, waveform, start, step, end, tolerance, slopes, trials, powers):
    """The coefficients of `interpolated` for a step, whose slopes are known, from `start` to position, angle and rise.

    trials: for further slopes; powers: (POWERS, 3), written.  Returns the largest error of the interpolation relative
    to the tolerance, estimated from what is missing in its slope at two places.

    The step's own error says little about it: where the length of a step is limited by stability, as that of a wall at
    rest is, the interpolation's error is up to a hundred times as large.
    """
    take_step(device, mode, track, waveform, start, step, tolerance, FURTHER_STAGES, slopes)
    before = (start.position, start.angle, start.rise)
    moving = (start.free * step, step, step)
    scale = (1.0 / device.wall_width, 1.0, inverse_scale(device))
    for component in range(3):
        change = end[component] - before[component]
        first = moving[component] * slopes[0, component]
        last = moving[component] * slopes[STAGES, component]
        powers[0, component] = change
        powers[1, component] = first - change
        powers[2, component] = 2.0 * change - (first + last)
        for power in range(4):
            summed = 0.0
            for stage in range(ALL_STAGES):
                summed += INTERPOLATION[power, stage] * slopes[stage, component]
            powers[3 + power, component] = moving[component] * summed
    largest = 0.0
    for place in range(TRIED.size):
        between = Start(
            start.track_piece,
            start.drive_piece,
            start.free,
            start.time + TRIED[place] * step,
            interpolated(0, start.position, TRIED[place], powers),
            interpolated(1, start.angle, TRIED[place], powers),
            interpolated(2, start.rise, TRIED[place], powers),
        )
        take_step(device, mode, track, waveform, between, 0.0, tolerance, np.inf, trials)
        squares = 0.0
        for component in range(3):
            slope = 0.0
            for power in range(POWERS):
                slope += TRIED_SLOPES[place, power] * powers[power, component]
            missing = scale[component] * (moving[component] * trials[STAGES, component] - slope)
            squares += missing * missing
        largest = max(largest, squares)
    return ERROR_BY_SLOPE * math.sqrt(largest) / tolerance


@inlined
def interpolated(component, before, share, powers):
    """Position, angle or rise (component 0, 1, 2) after a share of the step, from its value before the step.

    p0 s + p1 s (1 - s) + p2 s^2 (1 - s) + p3 s^2 (1 - s)^2 + ... up to p6 s^4 (1 - s)^3: the first three coefficients
    meet the values and rates at both ends, whatever the others are.
    """
    rest = 1.0 - share
    summed = 0.0
    for power in range(POWERS - 1, -1, -1):
        summed = (powers[power, component] + summed) * (share if power % 2 == 0 else rest)
    return before + summed
