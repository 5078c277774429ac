"""One step of Dormand and Prince's method of order 8(5,3), with one smooth branch of the model.

A branch is the polynomials of one region of the track and of one region of the drive, continued beyond their edges.
"""

import numpy as np

from .dop853_coefficients import ERROR_3, ERROR_5, MATRIX, NODES, STAGES, WEIGHTS
from .equations import wall_rates
from .fast_math import short_cosine, short_sine, sine
from .jit import fused_part
from .tables import evaluate, walk_in_region

SHORT_TURN = 1.5  # rad; within it the short sine and cosine hold


@fused_part
def branch_rates(device, mode, track, track_piece, waveform, drive_piece, time, position, angle, sine_of_double_angle):
    """Eq. 1 with the smooth branch that the two pieces belong to."""
    drive_piece = walk_in_region(waveform, drive_piece, time)
    track_piece = walk_in_region(track, track_piece, position)
    electrical, net_field = evaluate(waveform, drive_piece, time)
    pinning, anisotropy = evaluate(track, track_piece, position)
    return wall_rates(
        device, mode, electrical, net_field, pinning, anisotropy, position, angle, sine_of_double_angle, 0.0, 0.0
    )


@fused_part
def rates_at(device, mode, track, track_piece, waveform, drive_piece, time, position, angle):
    return branch_rates(
        device, mode, track, track_piece, waveform, drive_piece, time, position, angle, sine(2.0 * angle)
    )


@fused_part
def take_step(
    device, mode, track, track_piece, waveform, drive_piece, free, time, position, angle, step, tolerance, slopes
):
    """One step; slopes[0] holds the rates at its start, the other rows are overwritten.

    free is 1, or 0 while the wall is held.  Returns position, angle and the error relative to the tolerance.

    sin(2 phi) of the stages follows from that of the start by the addition theorem: a stage waits for the one before,
    and without the reduction of a large argument it waits half as long.
    """
    start_sine = sine(2.0 * angle)
    start_cosine = sine(2.0 * angle + 0.5 * np.pi)
    for stage in range(1, STAGES):
        position_sum = 0.0
        angle_sum = 0.0
        for column in range(stage):
            position_sum += MATRIX[stage, column] * slopes[column, 0]
            angle_sum += MATRIX[stage, column] * slopes[column, 1]
        turn = 2.0 * step * angle_sum
        if abs(turn) < SHORT_TURN:
            double_sine = start_sine * short_cosine(turn) + start_cosine * short_sine(turn)
        else:
            double_sine = sine(2.0 * (angle + step * angle_sum))
        slopes[stage, 0], slopes[stage, 1] = branch_rates(
            device,
            mode,
            track,
            track_piece,
            waveform,
            drive_piece,
            time + NODES[stage] * step,
            position + free * step * position_sum,
            angle + step * angle_sum,
            double_sine,
        )
    position_sum = 0.0
    angle_sum = 0.0
    position_error_3 = 0.0
    angle_error_3 = 0.0
    position_error_5 = 0.0
    angle_error_5 = 0.0
    for stage in range(STAGES):
        position_sum += WEIGHTS[stage] * slopes[stage, 0]
        angle_sum += WEIGHTS[stage] * slopes[stage, 1]
        position_error_3 += ERROR_3[stage] * slopes[stage, 0]
        angle_error_3 += ERROR_3[stage] * slopes[stage, 1]
        position_error_5 += ERROR_5[stage] * slopes[stage, 0]
        angle_error_5 += ERROR_5[stage] * slopes[stage, 1]
    scale = free / device.wall_width
    error_3 = (scale * position_error_3) ** 2 + angle_error_3**2
    error_5 = (scale * position_error_5) ** 2 + angle_error_5**2
    denominator = error_5 + 0.01 * error_3
    error = 0.0
    if denominator > 0.0:
        error = abs(step) * error_5 / np.sqrt(2.0 * denominator) / tolerance
    elif denominator != 0.0:
        error = np.inf  # an overflow far beyond the branch's region: reject the step
    return position + free * step * position_sum, angle + step * angle_sum, error
