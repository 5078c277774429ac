"""4096 devices at 300 K: device-steps per second of the SIMD lanes against a plain jitted scalar loop, and threads."""

import math

import numba
import numpy as np
from numba import njit
from timing import THREADS, alternate, print_table

from compact_model import Current, constant, ensemble, lequeux2016, lequeux2016_track
from compact_model.kernels import fixed_step

DEVICES = 4096
STEPS = 2000
STEP = 5e-12
DEVICE = lequeux2016()
TRACKS = [lequeux2016_track(DEVICE, seed) for seed in range(64)]


@njit(error_model="numpy")
def plain_heun(x, phi, steps, h, centres, fields, widths, anisotropies, device, noise):
    """The same equation, device after device, with numpy's normal deviates, math.sin and a search for the site."""
    gamma, alpha, delta, length, slonczewski, field_like = device

    def rates(x, phi, site, noise_1, noise_2):
        offset = (x - centres[site]) / widths[site]
        pinning = -fields[site] * offset if abs(offset) < 1.0 else 0.0
        a = gamma * (field_like + pinning + noise_1)
        b = gamma * (slonczewski + noise_2) + 0.5 * gamma * anisotropies[site] * math.sin(2.0 * phi)
        scale = 1.0 / (1.0 + alpha * alpha)
        return delta * (b + alpha * a) * scale, (a - alpha * b) * scale

    pitch = length / centres.size
    for index in range(x.size):
        here, turn = x[index], phi[index]
        for _ in range(steps):
            noise_1 = noise * np.random.normal()  # noqa: NPY002 (what jitted code offers)
            noise_2 = noise * np.random.normal()  # noqa: NPY002 (what jitted code offers)
            site = min(int(here / pitch), centres.size - 1)
            x1, p1 = rates(here, turn, site, noise_1, noise_2)
            ahead = min(max(here + h * x1, 0.0), length)
            site = min(int(ahead / pitch), centres.size - 1)
            x2, p2 = rates(ahead, turn + h * p1, site, noise_1, noise_2)
            here = min(max(here + 0.5 * h * (x1 + x2), 0.0), length)
            turn += 0.5 * h * (p1 + p2)
        x[index] = here
        phi[index] = turn


def main() -> None:
    """Time both on one thread, then the lanes on one and on two."""
    drive = Current.of(1e-3)
    case = ensemble.Ensemble(
        ensemble.device_arrays([DEVICE], drive, "both", np.full(DEVICES, 300.0), DEVICES),
        ensemble.density_mode(drive, "current"),
        ensemble.landscape_table([TRACKS[i % 64] for i in range(DEVICES)], [DEVICE]),
        ensemble.drive_table([drive], [constant(0.0)], 0.0, STEPS * STEP),
    )
    starts = np.linspace(0.05e-6, 0.95e-6, DEVICES)
    plan = ensemble.plan_steps(np.array([0.0, STEPS * STEP]), np.empty(0), STEP)
    record = np.empty((DEVICES, 2))

    def run_lanes():
        infinite = np.full(DEVICES, np.inf)
        cold = np.zeros(DEVICES)
        never, passed = -infinite, infinite.copy()
        wall = fixed_step.WallState(starts.copy(), np.zeros(DEVICES), never, never, infinite, passed, cold, cold)
        ensemble.integrate_side_by_side(
            numba.get_num_threads(),
            case.devices,
            case.mode,
            case.landscape,
            case.drive,
            plan,
            fixed_step.HEUN,
            np.uint64(1),
            np.arange(DEVICES),
            wall,
            record,
            record,
            np.empty((0, 0)),
        )

    wells = TRACKS[0].wells
    sites = [
        np.array(values) for values in zip(*((w.centre, w.coercive_field, w.half_width) for w in wells), strict=True)
    ]
    profile = TRACKS[0].anisotropy
    assert profile is not None
    anisotropies = np.array(profile.anisotropy_fields[::2])
    torque = DEVICE.torque_per_current_density * 1e-3 / DEVICE.junction_area
    numbers = (
        DEVICE.gyromagnetic_ratio,
        DEVICE.damping,
        DEVICE.wall_width,
        DEVICE.track_length,
        torque,
        DEVICE.field_like_ratio * torque,
    )
    noise = DEVICE.thermal_field_per_root_time(300.0) / math.sqrt(STEP)

    def run_plain():
        centres, fields, widths = sites
        walls = starts.copy(), np.zeros(DEVICES)
        plain_heun(*walls, STEPS, STEP, centres, fields, widths, anisotropies, numbers, noise)

    def on_threads(threads):
        def run():
            numba.set_num_threads(threads)
            run_lanes()

        return run

    seconds = alternate({"plain scalar loop": run_plain, "lanes, 1 thread": on_threads(1)})
    most = min(2, THREADS)
    threads = alternate({"1": on_threads(1), str(most): on_threads(most)}, rounds=31)
    work = DEVICES * STEPS
    print(f"# {DEVICES} devices at 300 K, own track each, stochastic Heun\n")
    print_table(
        ["loop", "1e6 device-steps per second per core", "ratio"],
        [
            [name, f"{1e-6 * work / value:.1f}", f"{seconds['plain scalar loop'] / value:.1f}"]
            for name, value in seconds.items()
        ],
    )
    print_table(
        ["threads", "1e6 device-steps per second", "ratio"],
        [[name, f"{1e-6 * work / value:.1f}", f"{threads['1'] / value:.2f}"] for name, value in threads.items()],
    )


if __name__ == "__main__":
    main()
