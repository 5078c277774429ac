"""The adaptive method for many devices at once, in SIMD, for as long as their walls move smoothly.

Most steps of most walls start and end in the same region of the track.  Such steps are taken here for LANES devices
side by side, each with its own time and step size; when a lane's device is done, the lane takes the next one.  A device
whose next step might leave its region, or that is held, stands at an edge, or reaches the end of the drive's region,
is left as it is: `adaptive.advance_devices` then takes that step and locates the events in it.  The result for a device
does not depend on the other devices.

As in `lanes.py`, each loop writes one array and reads at most eight.  All arrays have LANES elements, so that LLVM has
no remainder to compute with different rounding.
"""

from typing import NamedTuple

import numpy as np
from numba.extending import overload

from .adaptive import FINISHED, GROWTH, RUNNING, SAFETY, SHRINKAGE
from .added_terms import add_terms_to_lanes, own_widths, reads_slope
from .dop853_coefficients import ERROR_3, ERROR_5, MATRIX, NODES, STAGES
from .equations import (
    DENSITY_FROM_DRIVE,
    density_from_state,
    field_about_angle,
    field_along_z,
    rate_of_angle,
    rate_of_position,
)
from .fast_math import sine
from .jit import fused_inner_kernel, fused_kernel
from .tables import (
    COEFFICIENTS,
    INVERSE_HALF_WIDTH,
    LEFT,
    MIDDLE,
    REGION_LEFT,
    REGION_RIGHT,
    RIGHT,
    FloatArray,
    IntegerArray,
    object_of,
    walk_in_region,
)

LANES = 64
_GROUP = 4  # slopes summed in one loop
_NEAR = 0.275  # of step x the larger rate at its ends: a cubic overshoots the two ends by at most a quarter of that


class _Pieces(NamedTuple):
    """The polynomial that each lane uses: arrays of shape (LANES,), except for the coefficients."""

    piece: IntegerArray  # its row in the table
    left: FloatArray  # limits of the piece; -inf and inf at the ends of its region
    right: FloatArray
    middle: FloatArray
    inverse_half_width: FloatArray
    coefficients: FloatArray  # (columns, LANES)


@fused_inner_kernel
def _no_pieces(columns):
    return _Pieces(
        np.zeros(LANES, dtype=np.int64),
        np.full(LANES, -np.inf),
        np.full(LANES, np.inf),
        np.zeros(LANES),
        np.zeros(LANES),
        np.zeros((columns, LANES)),
    )


def lanes_like(devices):
    """The parameters of LANES devices, all initially 1."""
    raise NotImplementedError  # only called from compiled code


@overload(lanes_like)
def _lanes_like(devices):
    kind = devices.instance_class
    fields = ", ".join(f"{name}=np.ones(LANES)" for name in kind._fields)
    return eval(f"lambda devices: kind({fields})", {"kind": kind, "np": np, "LANES": LANES})


def load_device(own, lane, devices, index):
    """Copy the parameters of a device into a lane."""
    raise NotImplementedError


@overload(load_device)
def _load_device(own, lane, devices, index):
    names = devices.instance_class._fields
    lines = "".join(f"\n    own.{name}[lane] = devices.{name}[index]" for name in names)
    scope = {}
    exec(f"def load(own, lane, devices, index):{lines}", scope)
    return scope["load"]


@fused_inner_kernel
def _load_piece(pieces, rows, lane, here):
    """Copy the polynomial of a row into a lane; at the ends of its region it is extrapolated."""
    row = rows[here]
    pieces.piece[lane] = here
    pieces.left[lane] = -np.inf if row[LEFT] <= row[REGION_LEFT] else row[LEFT]
    pieces.right[lane] = np.inf if row[RIGHT] >= row[REGION_RIGHT] else row[RIGHT]
    pieces.middle[lane] = row[MIDDLE]
    pieces.inverse_half_width[lane] = row[INVERSE_HALF_WIDTH]
    for column in range(pieces.coefficients.shape[0]):
        pieces.coefficients[column, lane] = row[COEFFICIENTS + column]


@fused_inner_kernel
def _enter_pieces(pieces, rows, where):
    """Move the lanes that have left their piece to the piece they are in."""
    for lane in range(LANES):
        if where[lane] < pieces.left[lane] or where[lane] > pieces.right[lane]:
            _load_piece(pieces, rows, lane, walk_in_region(rows, pieces.piece[lane], where[lane]))


@fused_inner_kernel
def _find_pieces(landscape, first, every, last, state, progress):
    """The pieces of the track that hold the walls of the devices first, first + every, ... before last, as by
    `tables.find_pieces`.

    All in one go, because then the reads of a large table wait for the memory at the same time.
    """
    for index in range(first, last, every):
        if progress.status[index] != RUNNING:
            continue
        item = object_of(landscape, index)
        begin = landscape.offsets[item]
        end = landscape.offsets[item + 1] - 1
        piece = begin + progress.track_piece[index]
        where = state.position[index]
        while piece < end and where > landscape.rows[piece, RIGHT]:
            piece += 1
        while piece > begin and where <= landscape.rows[piece, LEFT]:
            piece -= 1
        progress.track_piece[index] = piece - begin


@fused_kernel
def advance_lanes(
    first, every, devices, mode, landscape, drive, end_time, tolerance, most_steps, state, progress
):  # fmt: skip
    """Advance towards end_time those of the devices first, first + every, ... whose walls move smoothly.

    most_steps: the limit for each device; the other arguments are those of `adaptive.advance_devices`, except that the
    pieces of the track in `progress` need not hold the walls: on return they do.  A device that reaches end_time is
    marked FINISHED; the others stay RUNNING.  No intermediate states are recorded.
    """
    count = devices.damping.size
    rows = landscape.rows
    drive_rows = drive.rows
    track = _no_pieces(rows.shape[1] - COEFFICIENTS)
    waveform = _no_pieces(drive_rows.shape[1] - COEFFICIENTS)
    own = lanes_like(devices)
    width = own_widths(devices, own.wall_width)
    slopes = np.zeros((2, STAGES + 1, LANES))
    rate, damping, wall_width = own.rate, own.damping, own.wall_width
    density_per_drive, track_length, share_per_length = (
        own.density_per_drive, own.track_length, own.antiparallel_share_per_length,
    )  # fmt: skip
    tmr, inverse_half_voltage = own.tmr, own.inverse_half_voltage
    parallel_resistance, resistance_area = own.parallel_resistance, own.resistance_area
    field_like, field_like_squared = own.field_like_per_density, own.field_like_per_density_squared
    slonczewski = own.slonczewski_per_density
    left, right, middle, inverse = track.left, track.right, track.middle, track.inverse_half_width
    coefficients, columns = track.coefficients, track.coefficients.shape[0]
    begin, finish, centre, inverse_half_time = (
        waveform.left,
        waveform.right,
        waveform.middle,
        waveform.inverse_half_width,
    )
    in_time, terms = waveform.coefficients, waveform.coefficients.shape[0]
    local = np.zeros(LANES)
    electrical = np.zeros(LANES)
    net_field = np.zeros(LANES)
    pinning = np.zeros(LANES)
    anisotropy = np.zeros(LANES)
    slope = np.zeros(LANES)
    with_slope = reads_slope(devices)
    share = np.zeros(LANES)
    density = np.zeros(LANES)
    along_z = np.zeros(LANES)
    about_angle = np.zeros(LANES)
    nothing = np.zeros(LANES)
    lower_order = np.zeros(LANES)
    higher_order = np.zeros(LANES)
    of_device = np.full(LANES, -1)
    steps = np.zeros(LANES, dtype=np.int64)
    attention = np.zeros(LANES, dtype=np.int64)
    accepted = np.zeros(LANES, dtype=np.int64)
    time = np.zeros(LANES)
    step = np.zeros(LANES)
    position = np.zeros(LANES)
    angle = np.zeros(LANES)
    until = np.zeros(LANES)  # the end of the drive's region or of the run
    lower = np.full(LANES, -np.inf)  # limits of the track's region, narrowed by the stops
    upper = np.full(LANES, np.inf)
    trial = np.zeros(LANES)
    stage_time = np.zeros(LANES)
    stage_position = np.zeros(LANES)
    stage_angle = np.zeros(LANES)
    position_sum = np.zeros(LANES)
    angle_sum = np.zeros(LANES)
    error = np.zeros(LANES)
    reach = np.zeros(LANES)
    factor = np.zeros(LANES)
    following = first
    found = first  # the devices before it have their pieces
    busy = 0
    while True:
        newcomers = 0
        for lane in range(LANES if following < count else 0):
            while of_device[lane] < 0 and following < count:
                if following >= found:
                    found = following + LANES * every
                    _find_pieces(landscape, following, every, min(found, count), state, progress)
                index = following
                following += every
                if progress.status[index] != RUNNING or progress.held[index] != 0:
                    continue
                piece = landscape.offsets[object_of(landscape, index)] + progress.track_piece[index]
                low = max(rows[piece, REGION_LEFT], state.lower_stop[index])
                high = min(rows[piece, REGION_RIGHT], state.upper_stop[index])
                item = object_of(drive, index)
                part = walk_in_region(
                    drive_rows, drive.offsets[item] + progress.drive_piece[index], progress.time[index]
                )
                end = min(end_time, drive_rows[part, REGION_RIGHT])
                if drive_rows[part, REGION_RIGHT] >= drive_rows[drive.offsets[item + 1] - 1, RIGHT]:
                    end = end_time
                if not (low < state.position[index] < high and progress.time[index] < end):
                    continue
                load_device(own, lane, devices, index)
                _load_piece(track, rows, lane, piece)
                _load_piece(waveform, drive_rows, lane, part)
                if width.size > 0:
                    width[lane] = own.wall_width[lane]
                slopes[:, :, lane] = 0.0  # an infinite slope times a weight of 0 would be NaN
                of_device[lane] = index
                steps[lane] = 0
                time[lane] = progress.time[index]
                step[lane] = progress.step[index]
                position[lane] = state.position[index]
                angle[lane] = state.angle[index]
                until[lane] = end
                lower[lane] = low
                upper[lane] = high
                newcomers += 1
                busy += 1
        if busy == 0:
            break
        for lane in range(LANES):
            trial[lane] = min(step[lane], until[lane] - time[lane])
        # If a lane has a new device, the initial rates of all lanes are evaluated; those already known do not change.
        for stage in range(0 if newcomers > 0 else 1, STAGES + 1):
            for lane in range(LANES):
                position_sum[lane] = 0.0
            for lane in range(LANES):
                angle_sum[lane] = 0.0
            for column in range(0, stage, _GROUP):
                # The weights beyond the current stage are 0.
                a, b, c, d = (
                    MATRIX[stage, column], MATRIX[stage, column + 1], MATRIX[stage, column + 2],
                    MATRIX[stage, column + 3],
                )  # fmt: skip
                for lane in range(LANES):
                    position_sum[lane] += (
                        a * slopes[0, column, lane]
                        + b * slopes[0, column + 1, lane]
                        + c * slopes[0, column + 2, lane]
                        + d * slopes[0, column + 3, lane]
                    )
                for lane in range(LANES):
                    angle_sum[lane] += (
                        a * slopes[1, column, lane]
                        + b * slopes[1, column + 1, lane]
                        + c * slopes[1, column + 2, lane]
                        + d * slopes[1, column + 3, lane]
                    )
            node = NODES[stage]
            for lane in range(LANES):
                stage_time[lane] = time[lane] + node * trial[lane]
            for lane in range(LANES):
                stage_position[lane] = position[lane] + trial[lane] * position_sum[lane]
            for lane in range(LANES):
                stage_angle[lane] = angle[lane] + trial[lane] * angle_sum[lane]

            outside = 0
            for lane in range(LANES):
                outside += 1 if (stage_time[lane] < begin[lane]) | (stage_time[lane] > finish[lane]) else 0
            if outside > 0:
                _enter_pieces(waveform, drive_rows, stage_time)
            for lane in range(LANES):
                local[lane] = (stage_time[lane] - centre[lane]) * inverse_half_time[lane]
            for lane in range(LANES):
                electrical[lane] = 0.0  # a copy of the highest coefficients would not be vectorised
            for lane in range(LANES):
                net_field[lane] = 0.0
            for column in range(terms - 2, -1, -2):
                for lane in range(LANES):
                    electrical[lane] = electrical[lane] * local[lane] + in_time[column, lane]
                for lane in range(LANES):
                    net_field[lane] = net_field[lane] * local[lane] + in_time[column + 1, lane]
            outside = 0
            for lane in range(LANES):
                outside += 1 if (stage_position[lane] < left[lane]) | (stage_position[lane] > right[lane]) else 0
            if outside > 0:
                _enter_pieces(track, rows, stage_position)
            for lane in range(LANES):
                local[lane] = (stage_position[lane] - middle[lane]) * inverse[lane]
            for lane in range(LANES):
                pinning[lane] = coefficients[columns - 4, lane] + coefficients[columns - 2, lane] * local[lane]
            for lane in range(LANES):
                anisotropy[lane] = coefficients[columns - 3, lane] + coefficients[columns - 1, lane] * local[lane]
            for column in range(columns - 6, -1, -2):
                for lane in range(LANES):
                    pinning[lane] = pinning[lane] * local[lane] + coefficients[column, lane]
                for lane in range(LANES):
                    anisotropy[lane] = anisotropy[lane] * local[lane] + coefficients[column + 1, lane]
            if with_slope:
                for lane in range(LANES):
                    slope[lane] = 0.0
                for column in range(columns - 1, 1, -2):
                    power = 0.5 * (column - 1)
                    for lane in range(LANES):
                        slope[lane] = slope[lane] * local[lane] + power * coefficients[column, lane]
                for lane in range(LANES):
                    slope[lane] = slope[lane] * inverse[lane]

            if mode == DENSITY_FROM_DRIVE:
                for lane in range(LANES):
                    density[lane] = electrical[lane] * density_per_drive[lane]
            else:
                for lane in range(LANES):
                    share[lane] = (track_length[lane] - stage_position[lane]) * share_per_length[lane]
                for lane in range(LANES):
                    density[lane] = density_from_state(
                        mode,
                        electrical[lane],
                        share[lane],
                        tmr[lane],
                        inverse_half_voltage[lane],
                        parallel_resistance[lane],
                        resistance_area[lane],
                    )
            for lane in range(LANES):
                along_z[lane] = field_along_z(
                    net_field[lane], density[lane], field_like[lane], field_like_squared[lane], pinning[lane], 0.0
                )
            for lane in range(LANES):
                about_angle[lane] = field_about_angle(
                    density[lane], slonczewski[lane], anisotropy[lane], sine(2.0 * stage_angle[lane]), 0.0
                )
            add_terms_to_lanes(
                own, density, stage_position, stage_angle, slope, along_z, about_angle, nothing, nothing, width
            )
            for lane in range(LANES):
                slopes[0, stage, lane] = rate_of_position(
                    rate[lane], width[lane], damping[lane], along_z[lane], about_angle[lane]
                )
            for lane in range(LANES):
                slopes[1, stage, lane] = rate_of_angle(rate[lane], damping[lane], along_z[lane], about_angle[lane])

        # The error estimate, as in `dop853`.
        for lane in range(LANES):
            lower_order[lane] = 0.0
        for lane in range(LANES):
            higher_order[lane] = 0.0
        for channel in range(2):
            for lane in range(LANES):
                position_sum[lane] = 0.0
            for lane in range(LANES):
                angle_sum[lane] = 0.0
            for column in range(STAGES):
                third, fifth = ERROR_3[column], ERROR_5[column]
                for lane in range(LANES):
                    position_sum[lane] += third * slopes[channel, column, lane]
                for lane in range(LANES):
                    angle_sum[lane] += fifth * slopes[channel, column, lane]
            for lane in range(LANES):
                share[lane] = 1.0 / wall_width[lane] if channel == 0 else 1.0
            for lane in range(LANES):
                lower_order[lane] += (share[lane] * position_sum[lane]) ** 2
            for lane in range(LANES):
                higher_order[lane] += (share[lane] * angle_sum[lane]) ** 2
        for lane in range(LANES):
            # If both vanish, the error is 0; after an overflow it is NaN.
            both = 2.0 * (higher_order[lane] + 0.01 * lower_order[lane]) + 1e-300
            error[lane] = trial[lane] * higher_order[lane] / np.sqrt(both) / tolerance

        for lane in range(LANES):
            proposed = SAFETY / np.sqrt(np.sqrt(np.sqrt(error[lane] + 1e-300)))
            proposed = proposed if proposed > SHRINKAGE else SHRINKAGE  # also if proposed is NaN
            factor[lane] = proposed if proposed < GROWTH else GROWTH
        for lane in range(LANES):
            fastest = max(abs(slopes[0, 0, lane]), abs(slopes[0, STAGES, lane]))
            reach[lane] = _NEAR * trial[lane] * fastest
        # 0: continue; 1: this step completes the lane's run; 2: leave the device as it is.
        special = 0
        for lane in range(LANES):
            inside = (min(position[lane], stage_position[lane]) - reach[lane] > lower[lane]) & (
                max(position[lane], stage_position[lane]) + reach[lane] < upper[lane]
            )
            attention[lane] = 0 if (error[lane] > 1.0) | inside else 2
        for lane in range(LANES):
            done = (error[lane] <= 1.0) & ((trial[lane] == until[lane] - time[lane]) | (steps[lane] >= most_steps))
            stuck = (error[lane] > 1.0) & (time[lane] + 0.01 * factor[lane] * trial[lane] == time[lane])
            attention[lane] = max(attention[lane], 2 if stuck else (1 if done else 0))
        for lane in range(LANES):
            special += attention[lane]
        for lane in range(LANES):
            # The next step size; a step cut short by the end does not limit the ones after it.
            planned = step[lane]
            after = trial[lane] * factor[lane]
            after = max(after, planned) if (error[lane] <= 1.0) & (trial[lane] < planned) else after
            step[lane] = planned if attention[lane] == 2 else after
        for lane in range(LANES):
            accepted[lane] = 1 if (error[lane] <= 1.0) & (attention[lane] < 2) else 0
        # Both values are read before one is chosen: a choice of what to read would not be vectorised.
        for lane in range(LANES):
            here, ahead = position[lane], stage_position[lane]
            position[lane] = ahead if accepted[lane] > 0 else here
        for lane in range(LANES):
            here, ahead = angle[lane], stage_angle[lane]
            angle[lane] = ahead if accepted[lane] > 0 else here
        for lane in range(LANES):
            here, ahead = slopes[0, 0, lane], slopes[0, STAGES, lane]
            slopes[0, 0, lane] = ahead if accepted[lane] > 0 else here
        for lane in range(LANES):
            here, ahead = slopes[1, 0, lane], slopes[1, STAGES, lane]
            slopes[1, 0, lane] = ahead if accepted[lane] > 0 else here
        for lane in range(LANES):
            steps[lane] += accepted[lane]
        for lane in range(LANES):
            now, end = time[lane], until[lane]
            later = end if trial[lane] == end - now else now + trial[lane]
            time[lane] = later if accepted[lane] > 0 else now
        if special > 0:
            for lane in range(LANES):
                if attention[lane] > 0 and of_device[lane] >= 0:
                    index = of_device[lane]
                    state.position[index] = position[lane]
                    state.angle[index] = angle[lane]
                    progress.time[index] = time[lane]
                    progress.step[index] = step[lane]
                    progress.track_piece[index] = track.piece[lane] - landscape.offsets[object_of(landscape, index)]
                    progress.drive_piece[index] = waveform.piece[lane] - drive.offsets[object_of(drive, index)]
                    progress.steps[index] += steps[lane]
                    if time[lane] >= end_time:
                        progress.status[index] = FINISHED
                    of_device[lane] = -1
                    busy -= 1
