"""One device, deterministic, precessing through wells for 1 us: the adaptive method, RK4 at 5 ps, and cmtj.

Accuracy is stated against the adaptive method at tolerance 1e-13.  Two RK4 are timed: the package's, and a plain jitted
loop written here with this one case built in (no tables, no options), the fastest RK4 that numba gives.  cmtj's
MultilayerWallDynamics integrates another model (a wall in each of several layers, no truncated wells); it is run at its
own default tolerance (rtol 1e-12), so only simulated time per second is compared.

Kernels are timed without labels and validation; the table after them adds both, and the last one (alone with `--small`)
is of small calls: a result of 501 recorded states.
"""

import math
import sys
from functools import partial

import numpy as np
from numba import njit
from timing import alternate, print_table

from compact_model import (
    Current,
    CurrentDensity,
    Landscape,
    ParabolicWell,
    ensemble,
    lequeux2016,
    lequeux2016_track,
    simulate,
    single_well,
)
from compact_model.kernels import adaptive, fixed_step
from compact_model.kernels.tables import find_pieces

DURATION = 1e-6
DENSITY = 3e10
COERCIVE_FIELD = 15e-4
HALF_WIDTH = 100e-9
PITCH = 300e-9
START = 0.6e-6
DEVICE = lequeux2016().replace(track_length=20e-6, stray_field=0.0)
LANDSCAPE = Landscape(
    tuple(
        ParabolicWell(centre=centre, coercive_field=COERCIVE_FIELD, half_width=HALF_WIDTH)
        for centre in np.arange(0.3e-6, 19.8e-6, PITCH).tolist()
    )
)
TIMES = np.array([0.0, DURATION])


@njit(error_model="numpy")
def plain_rk4(x, phi, steps, h, gamma, alpha, delta, slonczewski, field_like, anisotropy):
    """RK4 of Eq. 1 with equal wells at equal distance, everything a scalar."""

    def rates(x, phi):
        offset = (x - PITCH * math.floor(x / PITCH + 0.5)) / HALF_WIDTH
        pinning = -COERCIVE_FIELD * offset if abs(offset) < 1.0 else 0.0
        a = gamma * (field_like + pinning)
        b = gamma * (slonczewski + 0.5 * anisotropy * math.sin(2.0 * phi))
        scale = 1.0 / (1.0 + alpha * alpha)
        return delta * (b + alpha * a) * scale, (a - alpha * b) * scale

    for _ in range(steps):
        x1, p1 = rates(x, phi)
        x2, p2 = rates(x + 0.5 * h * x1, phi + 0.5 * h * p1)
        x3, p3 = rates(x + 0.5 * h * x2, phi + 0.5 * h * p2)
        x4, p4 = rates(x + h * x3, phi + h * p3)
        x += h / 6.0 * (x1 + 2.0 * x2 + 2.0 * x3 + x4)
        phi += h / 6.0 * (p1 + 2.0 * p2 + 2.0 * p3 + p4)
    return x, phi


def circuit():
    """The case as the kernels read it."""
    drive = CurrentDensity.of(DENSITY)
    from compact_model import constant

    return ensemble.Ensemble(
        ensemble.device_arrays([DEVICE], drive, "both", np.zeros(1), 1),
        ensemble.density_mode(drive, "voltage"),
        ensemble.landscape_table([LANDSCAPE], [DEVICE]),
        ensemble.drive_table([drive], [constant(0.0)], 0.0, DURATION),
    )


def state():
    """A wall at rest in the second well."""
    infinite = np.full(1, np.inf)
    return fixed_step.WallState(
        np.full(1, START), np.zeros(1), -infinite, -infinite, infinite, infinite.copy(), np.zeros(1), np.zeros(1)
    )


def main() -> None:
    """Time the three, state their accuracy, print the ratios."""
    if "--small" in sys.argv:
        small_calls()
        return
    case = circuit()
    record, no_rises = np.empty((1, 2)), np.empty((0, 0))
    plan = ensemble.plan_steps(TIMES, np.empty(0), 5e-12)

    def run_adaptive(tolerance=3e-9):
        wall = state()
        progress = adaptive.AdaptiveProgress(
            np.zeros(1),
            np.full(1, adaptive.FIRST_STEP),
            *(np.zeros(1, dtype=np.int64) for _ in range(6)),
        )
        find_pieces(case.landscape, wall.position, progress.track_piece)
        adaptive.advance_devices(
            0,
            1,
            case.devices,
            case.mode,
            case.landscape,
            case.drive,
            TIMES,
            tolerance,
            10**8,
            wall,
            progress,
            record,
            record,
            no_rises,
        )
        return wall.position[0], wall.angle[0], int(progress.steps[0])

    def run_rk4():
        wall = state()
        fixed_step.integrate_devices(
            0,
            1,
            case.devices,
            case.mode,
            case.landscape,
            case.drive,
            plan,
            fixed_step.RK4,
            np.uint64(0),
            np.arange(1),
            wall,
            record,
            record,
            no_rises,
        )
        return wall.position[0], wall.angle[0]

    torque = DEVICE.torque_per_current_density * DENSITY

    def run_plain():
        return plain_rk4(
            START,
            0.0,
            200_000,
            5e-12,
            DEVICE.gyromagnetic_ratio,
            DEVICE.damping,
            DEVICE.wall_width,
            torque,
            DEVICE.field_like_ratio * torque,
            DEVICE.anisotropy_field,
        )

    reference = run_adaptive(1e-13)
    seconds = alternate({"adaptive": run_adaptive, "RK4, package": run_rk4, "RK4, plain loop": run_plain})
    errors = {
        "adaptive": run_adaptive(),
        "RK4, package": run_rk4(),
        "RK4, plain loop": run_plain(),
    }
    print(f"# One device, {DURATION * 1e6:g} us, {(reference[0] - START) * 1e6:.1f} um, {reference[1]:.0f} rad\n")
    print_table(
        ["method", "ms", "error in x (nm)", "error in phi (rad)", "slower than adaptive by"],
        [
            [
                name,
                f"{1e3 * time:.3f}",
                f"{1e9 * abs(errors[name][0] - reference[0]):.1e}",
                f"{abs(errors[name][1] - reference[1]):.1e}",
                f"{time / seconds['adaptive']:.0f}",
            ]
            for name, time in seconds.items()
        ],
    )
    compare_with_cmtj(seconds["adaptive"])
    drive = CurrentDensity.of(DENSITY)
    labelled = alternate(
        {
            method: partial(simulate, DEVICE, LANDSCAPE, drive, TIMES, initial_position=START, method=method)
            for method in ("adaptive", "rk4")
        }
    )
    print("With validation, compilation of the landscape and labels (`compact_model.simulate`):\n")
    print_table(["method", "ms"], [[name, f"{1e3 * value:.2f}"] for name, value in labelled.items()])
    small_calls()


def small_calls() -> None:
    """`simulate` of 50 ns, in which a driven wall rings: with many recorded states, and with the last one alone."""
    device, counts = lequeux2016(), (501, 2)
    tracks = {
        "one well": single_well(device, coercive_field=15e-4, half_width=100e-9),
        "the paper's track": lequeux2016_track(device, 1),
    }
    cases = [(name, current) for name in tracks for current in (0.1e-3, 1e-3)]
    seconds = alternate(
        {
            f"{name} {current} {count}": partial(
                simulate, device, tracks[name], Current.of(current), np.linspace(0.0, 50e-9, count)
            )
            for name, current in cases
            for count in counts
        }
    )
    print("# `simulate` of 50 ns, ms, by the number of recorded states\n")
    print_table(
        ["track", "current (mA)", *(f"{count}" for count in counts)],
        [
            [name, f"{1e3 * current:g}", *(f"{1e3 * seconds[f'{name} {current} {count}']:.2f}" for count in counts)]
            for name, current in cases
        ],
    )


def compare_with_cmtj(adaptive_seconds: float) -> None:
    """Simulated time per second of cmtj's domain-wall solver, where it is installed."""
    try:
        from cmtj.models.domain_dynamics import DomainWallDynamics, MultilayerWallDynamics, VectorObj
    except ImportError as error:
        print(f"cmtj is not installed ({error}); `pip install cmtj` brings the comparison\n")
        return
    simulated = 5e-9
    # The same damping, magnetisation, H_K and wall width; a current above its Walker threshold, its sinusoidal pinning.
    wall = DomainWallDynamics(
        H=VectorObj(0.0, 0.0, 0.0),
        alpha=DEVICE.damping,
        Ms=DEVICE.saturation_magnetisation,
        thickness=DEVICE.thickness,
        SHE_angle=DEVICE.polarisation,
        D=0.0,
        Ku=1e-11 / DEVICE.wall_width**2,
        Kp=0.5 * DEVICE.anisotropy_field * DEVICE.saturation_magnetisation,
        moving_field="inplane",
        p=0.0,
    )
    wall.set_current_function(lambda t: DENSITY)

    def run():
        return MultilayerWallDynamics(layers=[wall], J=0.0).run(
            sim_time=simulated, starting_conditions=[0.0, 1.0, 1e-8]
        )

    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seconds = alternate({"cmtj": run}, rounds=3)["cmtj"]
    rates = {"adaptive": DURATION / adaptive_seconds, "cmtj MultilayerWallDynamics": simulated / seconds}
    print_table(
        ["solver", "simulated us per second", "adaptive is faster by"],
        [[name, f"{1e6 * rate:.3g}", f"{rates['adaptive'] / rate:.0f}"] for name, rate in rates.items()],
    )


if __name__ == "__main__":
    main()
