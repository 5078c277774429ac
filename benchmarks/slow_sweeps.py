"""Sweeps and thresholds by rates of escape against the equation of motion, where both can follow a ramp.

`--quick` takes a quarter of the walls.  About fifteen minutes on one core without it.
"""

import sys
import time

import numpy as np
import xarray as xr

from compact_model import (
    Landscape,
    current_threshold,
    lequeux2016,
    lequeux2016_track,
    random_track,
    resistance_sweep,
)
from compact_model.constants import AMPERE_PER_SQUARE_CENTIMETRE, NANOSECOND, OERSTED

PACE = AMPERE_PER_SQUARE_CENTIMETRE / NANOSECOND
LARGEST = 6.5e-3  # A
POINTS = 16
SITE = 7
DEVICE = lequeux2016()


def tracks() -> dict[str, Landscape]:
    """The shallow sites of the many-level track, and ones that hold a wall for a second at rest."""
    deeper = random_track(
        DEVICE.replace(anisotropy_field=120.0 * OERSTED),
        16,
        seed=3,
        coercive_field=160.0 * OERSTED,
        coercive_field_spread=0.1,
        half_width=22e-9,
        half_width_spread=0.1,
        anisotropy_spread=15.0 * OERSTED,
    )
    return {"shallow": lequeux2016_track(DEVICE, 3), "deeper": deeper}


def compare_ramps(name: str, track: Landscape, pace: float, walls: int) -> None:
    """A ramp of current from rest in one site: where the walls are at each current."""
    values = np.linspace(0.0, LARGEST, POINTS + 1)[1:]
    dwell = LARGEST / POINTS / DEVICE.junction_area / (pace * PACE)
    ramp = {"dwell": dwell, "initial_position": track.wells[SITE].centre, "temperature": 300.0, "samples": 4}
    found: dict[str, xr.Dataset] = {}
    seconds = {}
    for method, count in (("rates", 8 * walls), ("heun", walls)):
        begin = time.perf_counter()
        found[method] = resistance_sweep(
            DEVICE, track, values, devices=count, step=40e-12, method=method, seed=11, **ramp
        )
        seconds[method] = time.perf_counter() - begin
    means = {method: 1e9 * result.position.mean("device").values for method, result in found.items()}
    errors = [1e9 * result.position.std("device").values / result.sizes["device"] ** 0.5 for result in found.values()]
    apart = (means["rates"] - means["heun"]) / np.maximum(np.hypot(*errors), 2.0)
    print(
        f"{name} sites, {pace:g} A/cm2/ns, dwell {1e6 * dwell:.2f} us: {seconds['rates']:.0f} s by rates, "
        f"{seconds['heun']:.0f} s simulated; distances in standard errors {np.abs(apart).max():.1f} at most, "
        f"{np.sqrt(np.mean(apart**2)):.1f} rms"
    )
    for method, mean in means.items():
        print(f"  {method:5s}", " ".join(f"{x:4.0f}" for x in mean), "nm", flush=True)


def compare_thresholds(anisotropy: float, pace: float, walls: int) -> None:
    """Quartiles of the threshold of the paper's site at Delta_H = 15 Oe."""
    device = DEVICE.replace(anisotropy_field=anisotropy * OERSTED)
    ramp = {"ramp_rate": pace * PACE, "temperature": 300.0, "seed": 2}
    try:
        rates = current_threshold(device, [15.0 * OERSTED], repeats=4000, method="rates", **ramp)
    except ValueError as refused:
        print(f"H_K = {anisotropy:g} Oe, {pace:g} A/cm2/ns: {refused}")
        return
    simulated = current_threshold(device, [15.0 * OERSTED], repeats=walls, method="heun", step=20e-12, **ramp)
    quartiles = [np.percentile(each.threshold.values / 1e10, [25, 50, 75]) for each in (rates, simulated)]
    shown = ["  ".join(f"{value:.3f}" for value in each) for each in quartiles]
    error = 1.25 * float(simulated.threshold.std()) / 1e10 / walls**0.5
    print(
        f"H_K = {anisotropy:g} Oe, {pace:g} A/cm2/ns: quartiles {shown[0]} by rates, {shown[1]} simulated, each to "
        f"{error:.3f} (1e6 A/cm2)",
        flush=True,
    )


def main() -> None:
    """All rows."""
    walls = 32 if "--quick" in sys.argv else 128
    for anisotropy in (30.0, 60.0, 100.0, 200.0):
        for pace in (1e2, 3e2, 1e3, 3e3, 1e4):
            compare_thresholds(anisotropy, pace, 2 * walls)
    for name, track in tracks().items():
        for pace in (1e2, 3e2):
            compare_ramps(name, track, pace, walls)


if __name__ == "__main__":
    main()
