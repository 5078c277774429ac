"""Explicit Runge-Kutta methods with a fixed step, the paper's RK4 and stochastic Heun, for one device after another.

`lanes.py` does the same for many devices at once, in SIMD; both give bitwise identical results.
"""

from typing import NamedTuple

import numpy as np

from .added_terms import reads_slope
from .equations import wall_rates
from .fast_math import sine
from .jit import kernel
from .noise import fill_normal_pairs
from .tables import (
    FloatArray,
    IntegerArray,
    device_at,
    evaluate,
    rows_of,
    slope_of_second,
    walk,
    walk_in_region,
)


class StepPlan(NamedTuple):
    """Runs of equal steps.  The drive has no hard edge within a run; the state at the end of a run can be recorded."""

    start: FloatArray  # (runs,) time in s
    step: FloatArray  # (runs,) in s
    skipped: IntegerArray  # (runs,) steps of the run taken earlier, so that times do not depend on how a plan is split
    steps: IntegerArray  # (runs,) steps to take
    first_index: IntegerArray  # (runs,) counter of the first step, which selects the random numbers
    column: IntegerArray  # (runs,) where the state at the end of the run is recorded; -1: not recorded


class Tableau(NamedTuple):
    """A method whose stage s needs only stage s - 1; its slopes are evaluated at t + nodes[s] h."""

    nodes: FloatArray
    weights: FloatArray


RK4 = Tableau(np.array([0.0, 0.5, 0.5, 1.0]), np.array([1.0, 2.0, 2.0, 1.0]) / 6.0)
HEUN = Tableau(np.array([0.0, 1.0]), np.array([0.5, 0.5]))


class WallState(NamedTuple):
    """The initial state of a run, overwritten by its final state; arrays of shape (devices,)."""

    position: FloatArray
    angle: FloatArray
    release_time: FloatArray  # until then the wall does not move (it has not been nucleated)
    lower_stop: FloatArray  # a wall that passes a stop stays there
    upper_stop: FloatArray
    passage_time: FloatArray  # when the wall passed a stop; inf: not yet
    rise: FloatArray  # of the junction's temperature, K; 0 for devices that do not heat up
    highest_rise: FloatArray  # so far


@kernel
def integrate_devices(
    first, every, devices, mode, landscape, drive, plan, tableau, key, numbers, state, positions, angles, rises
):
    """Advance the devices first, first + every, ... through the plan; the state and the records are written in place.

    devices: a tables.Device of arrays; mode: one of equations.DENSITY_*; landscape, drive: PiecewiseTable.
    key: uint64, the random stream; numbers: int64 (devices,), the numbers of the devices in that stream.
    positions, angles, rises: float64 (devices, columns); rises may be empty if no device heats up.
    """
    bits = np.empty((3, 1), dtype=np.uint64)
    normal_z = np.zeros(1)
    normal_angle = np.zeros(1)
    for index in range(first, devices.damping.size, every):
        device = device_at(devices, index)
        length = device.track_length
        position = state.position[index]
        angle = state.angle[index]
        rise = highest_rise = state.rise[index]
        track = rows_of(landscape, index)
        track_piece = 0
        waveform = rows_of(drive, index)
        drive_piece = 0
        hot = device.thermal_field_per_root_time > 0.0
        thermal_z = 0.0
        thermal_angle = 0.0
        for run in range(plan.start.size):
            step = plan.step[run]
            inverse_root_step = 1.0 / np.sqrt(step)
            middle_of_run = plan.start[run] + step * (plan.skipped[run] + 0.5 * plan.steps[run])
            drive_piece = walk(waveform, drive_piece, 0, waveform.shape[0] - 1, middle_of_run)
            still = state.passage_time[index] < np.inf or state.release_time[index] > middle_of_run
            for count in range(0 if still else plan.steps[run]):
                time = plan.start[run] + (plan.skipped[run] + count) * step
                if hot:
                    counter = plan.first_index[run] + count
                    fill_normal_pairs(key, numbers[index : index + 1], counter, bits, normal_z, normal_angle)
                    thermal_z = normal_z[0] * (device.thermal_field_per_root_time * inverse_root_step)
                    thermal_angle = normal_angle[0] * (device.thermal_field_per_root_time * inverse_root_step)
                position_rate = 0.0
                angle_rate = 0.0
                rise_rate = 0.0
                position_sum = 0.0
                angle_sum = 0.0
                rise_sum = 0.0
                for stage in range(tableau.nodes.size):
                    reach = tableau.nodes[stage] * step
                    stage_position = min(max(position + reach * position_rate, 0.0), length)
                    stage_angle = angle + reach * angle_rate
                    stage_rise = rise + reach * rise_rate
                    drive_piece = walk_in_region(waveform, drive_piece, time + reach)
                    electrical, net_field = evaluate(waveform, drive_piece, time + reach)
                    track_piece = walk(track, track_piece, 0, track.shape[0] - 1, stage_position)
                    pinning, anisotropy = evaluate(track, track_piece, stage_position)
                    slope = 0.0
                    if reads_slope(device):
                        slope = slope_of_second(track, track_piece, stage_position)
                    position_rate, angle_rate, rise_rate = wall_rates(
                        device,
                        mode,
                        electrical,
                        net_field,
                        pinning,
                        anisotropy,
                        slope,
                        stage_position,
                        stage_angle,
                        sine(2.0 * stage_angle),
                        thermal_z,
                        thermal_angle,
                        stage_rise,
                    )
                    position_sum += tableau.weights[stage] * position_rate
                    angle_sum += tableau.weights[stage] * angle_rate
                    rise_sum += tableau.weights[stage] * rise_rate
                moved = step * position_sum
                reached = position + moved  # before clipping, as a stop may lie on the end of the track
                position = min(max(reached, 0.0), length)
                angle += step * angle_sum
                rise += step * rise_sum
                highest_rise = max(highest_rise, rise)
                if reached < state.lower_stop[index] or reached > state.upper_stop[index]:
                    stop = state.lower_stop[index] if reached < state.lower_stop[index] else state.upper_stop[index]
                    state.passage_time[index] = max(time, time + step * (1.0 + (stop - reached) / moved))
                    break
            if plan.column[run] >= 0:
                positions[index, plan.column[run]] = position
                angles[index, plan.column[run]] = angle
                if rises.size > 0:
                    rises[index, plan.column[run]] = rise
        state.position[index] = position
        state.angle[index] = angle
        state.rise[index] = rise
        state.highest_rise[index] = max(state.highest_rise[index], highest_rise)
