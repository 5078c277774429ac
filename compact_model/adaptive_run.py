"""The adaptive method over many devices, in SIMD, in parts short enough to be interrupted."""

import numpy as np

from .ensemble import Ensemble, check_duration, new_rises
from .kernels import adaptive, adaptive_lanes, fixed_step
from .kernels.heating import HeatedDevice
from .kernels.interpreted import run_by_python
from .kernels.tables import IntegerArray, find_pieces
from .support.arrays import FloatArray
from .support.progress import Progress
from .support.threads import run_shares, threads
from .support.validation import ConvergenceError

# Work between two checks for an interrupt and two updates of the progress bar: a few tenths of a second.
_ADAPTIVE_STEPS_PER_CALL = 200_000
# Starting a second thread takes as long as a few steps of this many devices; so does filling lanes.
_SHARED_FROM = 128
_FEW_STEPS = 64
_STEPS_TO_SHARE = 4_000  # of all devices together: fewer are taken before a second thread is awake
_STEPS_AT_AN_EDGE = 16  # taken by a wall that leaves its lane, before it gets one again
_MOST_BY_PYTHON = 16  # devices whose first steps Python may take, before the kernels are compiled


def run_adaptive(
    ensemble: Ensemble,
    state: fixed_step.WallState,
    times: FloatArray,
    *,
    tolerance: float,
    progress: Progress,
    checked: bool = False,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Positions, angles and temperature rises, (devices, times), by the adaptive method; the state is advanced in
    place. The rises are empty where no device heats up.

    checked: whether `check_duration` has accepted the fields and a time of this length.
    """
    if not checked:
        check_duration(ensemble, float(times[-1] - times[0]))
    return _walk(ensemble, state, times, tolerance, progress, np.full(ensemble.count, adaptive.FIRST_STEP), False)


def advance_adaptive(
    ensemble: Ensemble,
    state: fixed_step.WallState,
    duration: float,
    *,
    tolerance: float,
    step: FloatArray,
    side_by_side: bool = True,
    pieces: IntegerArray | None = None,
) -> None:
    """The state a number of seconds later, by the adaptive method; many devices go side by side in SIMD, unless they
    heat up.

    step: s, (devices,), each device's first trial step; on return its next one.  Not checked.
    side_by_side: False if each device takes only a few steps until its next event.
    pieces: (devices,), guesses of the pieces of the landscape that hold the walls; on return the actual ones.
    """
    alike = ensemble.count >= _SHARED_FROM and not isinstance(ensemble.devices, HeatedDevice)
    side_by_side = side_by_side and alike
    _walk(ensemble, state, np.array([0.0, duration]), tolerance, Progress(), step, side_by_side, pieces)


def _walk(
    ensemble: Ensemble,
    state: fixed_step.WallState,
    times: FloatArray,
    tolerance: float,
    progress: Progress,
    step: FloatArray,
    side_by_side: bool,
    pieces: IntegerArray | None = None,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The adaptive method over all the times; side_by_side: without recording in between, mostly in SIMD."""
    count = ensemble.count
    positions = np.empty((count, times.size))
    angles = np.empty_like(positions)
    rises = new_rises(ensemble.devices, positions.shape)
    walk = adaptive.AdaptiveProgress(
        time=np.maximum(times[0], state.release_time),
        step=step,
        track_piece=np.zeros(count, dtype=np.int64) if pieces is None else pieces,
        drive_piece=np.zeros(count, dtype=np.int64),
        held=np.zeros(count, dtype=np.int64),
        column=np.zeros(count, dtype=np.int64),
        status=np.full(count, adaptive.RUNNING, dtype=np.int64),
        steps=np.zeros(count, dtype=np.int64),
    )
    by_python = count <= _MOST_BY_PYTHON
    finds = [(ensemble.drive, np.minimum(walk.time, times[-1]), walk.drive_piece)]
    if not side_by_side:
        finds.append((ensemble.landscape, state.position, walk.track_piece))
    for find in finds:
        if not (by_python and run_by_python(find_pieces, *find)):
            find_pieces(*find)
    span = times[-1] - times[0]
    expected = np.maximum((times[-1] - walk.time) / walk.step, 0.0).sum()
    shares = min(threads(), count) if expected >= _STEPS_TO_SHARE else 1
    per_call = max(100, _ADAPTIVE_STEPS_PER_CALL // count)
    if count < _SHARED_FROM:  # a call of a few steps, as between two solutions of an array, stays on one thread
        run_steps, run_by = _FEW_STEPS, 1
    else:
        run_steps, run_by = per_call, shares
    done = 0.0
    with progress.bar(1000, "permille") as advance:
        while (walk.status == adaptive.RUNNING).any():
            if side_by_side:
                _advance_lanes(shares, ensemble, float(times[-1]), tolerance, per_call, state, walk)
                run_steps = _STEPS_AT_AN_EDGE
            arguments = (
                ensemble.devices,
                ensemble.mode,
                ensemble.landscape,
                ensemble.drive,
                times,
                tolerance,
                run_steps,
                state,
                walk,
                positions,
                angles,
                rises,
            )
            by_python = by_python and run_by_python(adaptive.advance_devices, 0, 1, *arguments)
            if not by_python and (not side_by_side or (walk.status == adaptive.RUNNING).any()):
                run_shares(adaptive.advance_devices, run_by, *arguments)
            if not by_python:
                run_steps, run_by = per_call, shares
            ended = walk.status != adaptive.RUNNING
            now = np.where(ended, times[-1], walk.time).min()
            permille = 1000.0 * (now - times[0]) / span
            advance(int(permille) - int(done))
            done = permille
    stuck = walk.status == adaptive.STUCK
    if stuck.any():
        device = int(np.argmax(stuck))
        raise ConvergenceError(
            f"the adaptive method stopped at t = {walk.time[device]:.6g} s, x = {state.position[device]:.6g} m (device "
            f"{device} of {count}): the step fell below the resolution of the time.  Either the fields are far out of "
            "range, or the wall slides along a jump of its landscape: then use smooth wells, or method='rk4'"
        )
    return positions, angles, rises


def _advance_lanes(
    shares: int,
    ensemble: Ensemble,
    end_time: float,
    tolerance: float,
    most_steps: int,
    state: fixed_step.WallState,
    walk: adaptive.AdaptiveProgress,
) -> None:
    """`adaptive_lanes.advance_lanes` over all devices, on a number of threads."""
    tables = ensemble.devices, ensemble.mode, ensemble.landscape, ensemble.drive
    run_shares(adaptive_lanes.advance_lanes, shares, *tables, end_time, tolerance, most_steps, state, walk)
