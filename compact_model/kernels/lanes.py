"""The methods of `fixed_step.py` for many devices at once, in SIMD.

Devices are processed in blocks of lanes, and each stage is a sequence of short loops over the lanes, which LLVM
vectorises.  Two rules make this possible: each loop writes one array and reads at most eight (with more, LLVM gives up
proving that they do not overlap), and every array is a local variable (an array accessed through a tuple is reloaded
after each store).
"""

import numpy as np

from .added_terms import add_terms_to_lanes, own_widths, reads_slope
from .equations import (
    DENSITY_FROM_DRIVE,
    density_from_state,
    field_about_angle,
    field_along_z,
    rate_of_angle,
    rate_of_position,
)
from .fast_math import sine
from .jit import inner_kernel, kernel
from .noise import fill_normal_pairs
from .tables import (
    COEFFICIENTS,
    INVERSE_HALF_WIDTH,
    LEFT,
    MIDDLE,
    RIGHT,
    devices_between,
    evaluate,
    object_of,
    walk,
    walk_in_region,
)

LANES = 128


@inner_kernel
def _enter_pieces(table, first, position, piece, left, right, middle, inverse_half_width, coefficients):
    """Load the polynomials of the pieces that hold the lanes' positions."""
    rows = table.rows
    for lane in range(position.size):
        if position[lane] < left[lane] or position[lane] > right[lane]:
            item = object_of(table, first + lane)
            lowest = table.offsets[item]
            highest = table.offsets[item + 1] - 1
            here = walk(rows, piece[lane], lowest, highest, position[lane])
            piece[lane] = here
            left[lane] = -np.inf if here == lowest else rows[here, LEFT]
            right[lane] = np.inf if here == highest else rows[here, RIGHT]
            middle[lane] = rows[here, MIDDLE]
            inverse_half_width[lane] = rows[here, INVERSE_HALF_WIDTH]
            for column in range(coefficients.shape[0]):
                coefficients[column, lane] = rows[here, COEFFICIENTS + column]


@inner_kernel
def _enter_run(drive, first, piece, time):
    """Set each lane's piece of the drive to the one that contains a time within the run."""
    for lane in range(piece.size):
        item = object_of(drive, first + lane)
        piece[lane] = walk(drive.rows, piece[lane], drive.offsets[item], drive.offsets[item + 1] - 1, time)


@inner_kernel
def _set_drive(rows, shared, piece, time, electrical, net_field):
    """The drive and the net field at a time within the run; shared: all lanes have the same waveform."""
    for lane in range(1 if shared else piece.size):
        here = walk_in_region(rows, piece[lane], time)
        piece[lane] = here
        electrical[lane], net_field[lane] = evaluate(rows, here, time)
    if shared:
        piece[:] = piece[0]
        electrical[:] = electrical[0]
        net_field[:] = net_field[0]


@inner_kernel
def _stop_lanes(state, first, reached, moved, time, step, rate):
    """Halt the lanes whose wall passed a stop in the last step; the time of passage is interpolated within the step."""
    for lane in range(reached.size):
        device = first + lane
        lower = state.lower_stop[device]
        upper = state.upper_stop[device]
        beyond = reached[lane] < lower or reached[lane] > upper
        if beyond and state.passage_time[device] == np.inf:
            stop = lower if reached[lane] < lower else upper
            state.passage_time[device] = max(time, time + step * (1.0 + (stop - reached[lane]) / moved[lane]))
            rate[lane] = 0.0


@kernel
def integrate_blocks(
    first_block, every, lanes, devices, mode, landscape, drive, plan, tableau, key, numbers, state, positions,
    angles,
):  # fmt: skip
    """`fixed_step.integrate_devices` for the blocks first_block, first_block + every, ... of so many lanes each."""
    total = devices.damping.size
    for block_number in range(first_block, (total + lanes - 1) // lanes, every):
        first = block_number * lanes
        count = min(lanes, total - first)
        block = slice(first, first + count)
        running_rate = devices.rate[block]
        damping = devices.damping[block]
        own = devices_between(devices, first, first + count)
        wall_width = own_widths(devices, devices.wall_width[block])
        track_length = devices.track_length[block]
        slonczewski = devices.slonczewski_per_density[block]
        field_like = devices.field_like_per_density[block]
        field_like_squared = devices.field_like_per_density_squared[block]
        share_per_length = devices.antiparallel_share_per_length[block]
        tmr = devices.tmr[block]
        inverse_half_voltage = devices.inverse_half_voltage[block]
        parallel_resistance = devices.parallel_resistance[block]
        density_per_drive = devices.density_per_drive[block]
        resistance_area = devices.resistance_area[block]
        thermal_strength = devices.thermal_field_per_root_time[block]
        lower_stop = state.lower_stop[block]
        upper_stop = state.upper_stop[block]
        hot = thermal_strength.max() > 0.0
        can_stop = lower_stop.max() > -np.inf or upper_stop.min() < np.inf

        position = state.position[block].copy()
        angle = state.angle[block].copy()
        rate = running_rate.copy()
        stage_position = np.empty(count)
        stage_angle = np.empty(count)
        position_rate = np.zeros(count)
        angle_rate = np.zeros(count)
        position_sum = np.empty(count)
        angle_sum = np.empty(count)
        moved = np.empty(count)
        reached = np.empty(count)
        electrical = np.empty(count)
        net_field = np.empty(count)
        share = np.empty(count)
        density = np.empty(count)
        along_z = np.empty(count)
        about_angle = np.empty(count)
        thermal_z = np.zeros(count)
        thermal_angle = np.zeros(count)
        bits = np.empty((3, count), dtype=np.uint64)

        columns = landscape.rows.shape[1] - COEFFICIENTS
        shared_drive = drive.offsets.size == 2
        drive_rows = drive.rows
        pinning = np.empty(count)
        anisotropy = np.empty(count)
        slope = np.zeros(count)
        with_slope = reads_slope(own)
        track_piece = np.empty(count, dtype=np.int64)
        left = np.full(count, np.inf)  # no piece loaded yet
        right = np.full(count, -np.inf)
        middle = np.empty(count)
        inverse_half_width = np.empty(count)
        local = np.empty(count)
        coefficients = np.empty((columns, count))
        drive_piece = np.empty(count, dtype=np.int64)
        for lane in range(count):
            track_piece[lane] = landscape.offsets[object_of(landscape, first + lane)]
            drive_piece[lane] = drive.offsets[object_of(drive, first + lane)]

        for run in range(plan.start.size):
            step = plan.step[run]
            inverse_root_step = 1.0 / np.sqrt(step)
            middle_of_run = plan.start[run] + step * (plan.skipped[run] + 0.5 * plan.steps[run])
            _enter_run(drive, first, drive_piece, middle_of_run)
            running = 0
            for lane in range(count):
                still = state.passage_time[first + lane] < np.inf or state.release_time[first + lane] > middle_of_run
                rate[lane] = 0.0 if still else running_rate[lane]
                running += 0 if still else 1
            for index in range(plan.steps[run] if running > 0 else 0):
                time = plan.start[run] + (plan.skipped[run] + index) * step
                if hot:
                    counter = plan.first_index[run] + index
                    fill_normal_pairs(key, numbers[first : first + count], counter, bits, thermal_z, thermal_angle)
                    for lane in range(count):
                        thermal_z[lane] *= thermal_strength[lane] * inverse_root_step
                    for lane in range(count):
                        thermal_angle[lane] *= thermal_strength[lane] * inverse_root_step
                for lane in range(count):
                    position_sum[lane] = 0.0
                for lane in range(count):
                    angle_sum[lane] = 0.0
                for stage in range(tableau.nodes.size):
                    weight = tableau.weights[stage]
                    reach = tableau.nodes[stage] * step
                    for lane in range(count):
                        ahead = position[lane] + reach * position_rate[lane]
                        stage_position[lane] = min(max(ahead, 0.0), track_length[lane])
                    for lane in range(count):
                        stage_angle[lane] = angle[lane] + reach * angle_rate[lane]

                    _set_drive(drive_rows, shared_drive, drive_piece, time + reach, electrical, net_field)

                    outside = 0
                    for lane in range(count):
                        beyond = (stage_position[lane] < left[lane]) | (stage_position[lane] > right[lane])
                        outside += 1 if beyond else 0
                    if outside > 0:
                        _enter_pieces(
                            landscape,
                            first,
                            stage_position,
                            track_piece,
                            left,
                            right,
                            middle,
                            inverse_half_width,
                            coefficients,
                        )
                    for lane in range(count):
                        local[lane] = (stage_position[lane] - middle[lane]) * inverse_half_width[lane]
                    for lane in range(count):
                        pinning[lane] = coefficients[columns - 2, lane]
                    for lane in range(count):
                        anisotropy[lane] = coefficients[columns - 1, lane]
                    for column in range(columns - 4, -1, -2):
                        for lane in range(count):
                            pinning[lane] = pinning[lane] * local[lane] + coefficients[column, lane]
                        for lane in range(count):
                            anisotropy[lane] = anisotropy[lane] * local[lane] + coefficients[column + 1, lane]
                    if with_slope:
                        for lane in range(count):
                            slope[lane] = 0.0
                        for column in range(columns - 1, 1, -2):
                            for lane in range(count):
                                power = 0.5 * (column - 1)
                                slope[lane] = slope[lane] * local[lane] + power * coefficients[column, lane]
                        for lane in range(count):
                            slope[lane] = slope[lane] * inverse_half_width[lane]

                    if mode == DENSITY_FROM_DRIVE:
                        for lane in range(count):
                            density[lane] = electrical[lane] * density_per_drive[lane]
                    else:
                        for lane in range(count):
                            share[lane] = (track_length[lane] - stage_position[lane]) * share_per_length[lane]
                        for lane in range(count):
                            density[lane] = density_from_state(
                                mode,
                                electrical[lane],
                                share[lane],
                                tmr[lane],
                                inverse_half_voltage[lane],
                                parallel_resistance[lane],
                                resistance_area[lane],
                            )
                    for lane in range(count):
                        along_z[lane] = field_along_z(
                            net_field[lane],
                            density[lane],
                            field_like[lane],
                            field_like_squared[lane],
                            pinning[lane],
                            thermal_z[lane],
                        )
                    for lane in range(count):
                        about_angle[lane] = field_about_angle(
                            density[lane],
                            slonczewski[lane],
                            anisotropy[lane],
                            sine(2.0 * stage_angle[lane]),
                            thermal_angle[lane],
                        )
                    add_terms_to_lanes(
                        own,
                        density,
                        stage_position,
                        stage_angle,
                        slope,
                        along_z,
                        about_angle,
                        thermal_z,
                        thermal_angle,
                        wall_width,
                    )
                    for lane in range(count):
                        position_rate[lane] = rate_of_position(
                            rate[lane], wall_width[lane], damping[lane], along_z[lane], about_angle[lane]
                        )
                    for lane in range(count):
                        angle_rate[lane] = rate_of_angle(rate[lane], damping[lane], along_z[lane], about_angle[lane])
                    for lane in range(count):
                        position_sum[lane] += weight * position_rate[lane]
                    for lane in range(count):
                        angle_sum[lane] += weight * angle_rate[lane]
                for lane in range(count):
                    moved[lane] = step * position_sum[lane]
                for lane in range(count):
                    reached[lane] = position[lane] + moved[lane]
                for lane in range(count):
                    position[lane] = min(max(reached[lane], 0.0), track_length[lane])
                for lane in range(count):
                    angle[lane] += step * angle_sum[lane]
                if can_stop:
                    passed = 0
                    for lane in range(count):
                        beyond = (reached[lane] < lower_stop[lane]) | (reached[lane] > upper_stop[lane])
                        passed += 1 if beyond & (rate[lane] > 0.0) else 0
                    if passed > 0:
                        _stop_lanes(state, first, reached, moved, time, step, rate)
                        running -= passed
                        if running == 0:
                            break
            column = plan.column[run]
            if column >= 0:
                for lane in range(count):
                    positions[first + lane, column] = position[lane]
                    angles[first + lane, column] = angle[lane]
        for lane in range(count):
            state.position[first + lane] = position[lane]
            state.angle[first + lane] = angle[lane]
