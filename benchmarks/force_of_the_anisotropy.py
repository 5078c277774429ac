"""The effect of an H_K that varies along the track on walls on a ramp, with and without the force of its energy.

An integration of its own, of Eq. 1 with thermal fields, in which a track's anisotropy energy M_s Delta W t H_K(x)
sin^2(phi) also pushes the wall: -Delta/2 H_K'(x) sin^2(phi) beside the pinning field, which the model leaves out unless
anisotropy_gradient_force is 1.  It prints mean positions on the ramp of benchmarks/slow_sweeps.py, 100 A/cm2/ns, with
J = I/A.  About a minute on one core.  `levels` counts instead the levels of Fig. 1c with and without the force, on the
16 tracks and with the settings of examples/lequeux2016_fig1ac.py, at four resolutions; some minutes.
"""

import sys
from typing import Any

import numba
import numpy as np

from compact_model import count_levels, lequeux2016, lequeux2016_track, resistance_loop
from compact_model.constants import BOLTZMANN_CONSTANT

DEVICE = lequeux2016()
TRACK = lequeux2016_track(DEVICE, 3)
CURRENTS = np.linspace(0.0, 6.5e-3, 17)[1:]  # A
RAMP = 1e15  # A/(m2 s), 100 A/cm2/ns
WALLS, STEP = 96, 40e-12
TEMPERATURE = 300.0

CENTRES = np.array([well.centre for well in TRACK.wells])
HALF_WIDTHS = np.array([well.half_width for well in TRACK.wells])
STRENGTHS = np.array([well.coercive_field for well in TRACK.wells])
assert TRACK.anisotropy is not None
KNOTS = np.array(TRACK.anisotropy.positions)
FIELDS = np.array(TRACK.anisotropy.anisotropy_fields)
DELTA, DAMPING, GAMMA = DEVICE.wall_width, DEVICE.damping, DEVICE.gyromagnetic_ratio
LENGTH, ZETA, PER_DENSITY = DEVICE.track_length, DEVICE.field_like_ratio, DEVICE.torque_per_current_density
VOLUME = DELTA * DEVICE.track_width * DEVICE.thickness
THERMAL = np.sqrt(
    DAMPING * BOLTZMANN_CONSTANT * TEMPERATURE / (GAMMA * DEVICE.saturation_magnetisation * VOLUME * STEP)
)


@numba.njit
def fields(position):  # numba knows its types
    """H_pin and H_K in T, and dH_K/dx in T/m, at a position in m; every site lies on its own stretch of the track."""
    site = min(int(position / LENGTH * CENTRES.size), CENTRES.size - 1)
    offset = (position - CENTRES[site]) / HALF_WIDTHS[site]
    pinning = -STRENGTHS[site] * offset if abs(offset) < 1.0 else 0.0
    after = int(np.searchsorted(KNOTS, position))
    if after == 0 or after == KNOTS.size:
        return pinning, FIELDS[min(after, KNOTS.size - 1)], 0.0
    slope = (FIELDS[after] - FIELDS[after - 1]) / (KNOTS[after] - KNOTS[after - 1])
    return pinning, FIELDS[after - 1] + slope * (position - KNOTS[after - 1]), slope


@numba.njit
def ramp(densities: np.ndarray, steps: int, start: float, with_force: bool, draw: np.random.Generator) -> np.ndarray:
    """Positions in m at the end of each dwell, by the stochastic Heun method, shape (walls, densities)."""
    result = np.zeros((WALLS, densities.size))
    rate = GAMMA / (1.0 + DAMPING**2)
    for wall in range(WALLS):
        position, angle = start, 0.0
        for number in range(densities.size):
            torque = PER_DENSITY * densities[number]
            for _ in range(steps):
                along, about = THERMAL * draw.standard_normal(), THERMAL * draw.standard_normal()
                moved, turned, x, phi = 0.0, 0.0, position, angle
                for _ in range(2):
                    pinning, anisotropy, slope = fields(x)
                    a = ZETA * torque + pinning + along
                    if with_force:
                        a -= 0.5 * DELTA * slope * np.sin(phi) ** 2
                    b = torque + 0.5 * anisotropy * np.sin(2.0 * phi) + about
                    velocity, turning = rate * DELTA * (b + DAMPING * a), rate * (a - DAMPING * b)
                    moved, turned = moved + 0.5 * STEP * velocity, turned + 0.5 * STEP * turning
                    x = min(max(x + STEP * velocity, 0.0), LENGTH)
                    phi += STEP * turning
                position, angle = min(max(position + moved, 0.0), LENGTH), angle + turned
            result[wall, number] = position
    return result


def levels() -> None:
    """Of 20 cycles, by resolution."""
    tracks = [lequeux2016_track(DEVICE, seed) for seed in range(16)]
    sweep: dict[str, Any] = {
        "points": 132,
        "dwell": 300e-9,
        "external_field": 85e-4,
        "temperature": TEMPERATURE,
        "step": 50e-12,
    }
    for name, share in (("without the force", 0.0), ("with the force", 1.0)):
        device = DEVICE.replace(anisotropy_gradient_force=share)
        loop = resistance_loop(device, tracks, amplitude=6.5e-3, cycles=20, seed=2016, **sweep)
        for ohms in (0.1, 0.25, 0.5, 1.0):
            found = count_levels(loop, device, resolution=ohms)
            many = int(((found.levels >= 15) & (found.levels <= 20)).sum())
            print(
                f"{name}, {ohms:g} Ohm: {float(found.levels.mean()):.1f} levels, {many} tracks with 15 to 20, "
                f"{float(found.branch_levels.mean()):.1f} in a branch",
                flush=True,
            )


def main() -> None:
    """Both rows, or the levels."""
    if "levels" in sys.argv:
        levels()
        return
    densities = CURRENTS / DEVICE.junction_area
    steps = int((densities[1] - densities[0]) / RAMP / STEP)
    for name, with_force in (("without the force", False), ("with the force", True)):
        found = ramp(densities, steps, float(CENTRES[7]), with_force, np.random.default_rng(1))
        mean = 1e9 * found.mean(axis=0)
        print(f"{name}: " + " ".join(f"{x:4.0f}" for x in mean) + " nm", flush=True)


if __name__ == "__main__":
    main()
