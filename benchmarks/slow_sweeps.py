"""Sweeps and thresholds by escape rates, compared with the equation of motion where both can simulate a ramp.

And how long a laboratory's sweep takes by rates.  `--quick` takes a quarter of the walls.  About fifteen minutes on one
core without it.

`slow_sweeps.py WALLS STEP SEEDS` compares instead where so many walls are on the fastest ramp over the shallow sites
with one H_K, simulated with this step (ps), and in as many sweeps by rates as seeds, of 1000 walls each.
`slow_sweeps.py WALLS` takes so many walls on the middle ramp over sites with the force of H_K(x).
`slow_sweeps.py rise WALLS` shows what a sudden step of the current does that rates do not know.
"""

import sys
import time
from itertools import pairwise
from typing import Any

import numpy as np

from compact_model import (
    Current,
    DeviceParameters,
    Landscape,
    PiecewiseLinear,
    current_threshold,
    escape_rates,
    lequeux2016,
    lequeux2016_track,
    random_track,
    resistance_loop,
    resistance_sweep,
    simulate_ensemble,
)
from compact_model.constants import AMPERE_PER_SQUARE_CENTIMETRE, NANOSECOND, OERSTED

PACE = AMPERE_PER_SQUARE_CENTIMETRE / NANOSECOND
LARGEST = 6.5e-3  # A
POINTS = {1e2: 16, 3e2: 8, 1e3: 3}  # of a ramp, by its pace: a wall must come to rest at each
SITE = 7
SEEDS = (1, 2, 3, 4)
WITH_FORCE = "the same, with the force of H_K(x)"
DEVICE = lequeux2016()


def tracks() -> dict[str, tuple[DeviceParameters, Landscape]]:
    """The shallow sites of the many-level track, with one H_K and with their own, and ones that hold walls for long."""
    shallow = lequeux2016_track(DEVICE, 3)
    one_field = DEVICE.replace(anisotropy_field=80.0 * OERSTED)
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
    return {
        "shallow sites, one H_K": (one_field, Landscape(shallow.wells)),
        "deeper sites": (DEVICE, deeper),
        "shallow sites, H_K of each its own": (DEVICE, shallow),
        WITH_FORCE: (DEVICE.replace(anisotropy_gradient_force=1.0), shallow),
    }


def compare_ramps(name: str, device: DeviceParameters, track: Landscape, pace: float, walls: int) -> None:
    """A ramp of current from rest in one site: where the walls are at each current."""
    values = np.linspace(0.0, LARGEST, POINTS[pace] + 1)[1:]
    dwell = LARGEST / POINTS[pace] / device.junction_area / (pace * PACE)
    ramp: dict[str, Any] = {
        "dwell": dwell,
        "initial_position": track.wells[SITE].centre,
        "temperature": 300.0,
        "samples": 4,
    }
    means, errors, seconds = {}, [], {}
    # Sweeps by rates with one seed share the few walls that were followed: their error is that between seeds.
    for method, seeds in (("rates", SEEDS), ("heun", (11,))):
        begin = time.perf_counter()
        runs = [
            resistance_sweep(device, track, values, devices=walls, step=40e-12, method=method, seed=seed, **ramp)
            for seed in seeds
        ]
        seconds[method] = (time.perf_counter() - begin) / len(seeds)
        mean = 1e9 * np.array([run.position.mean("device").values for run in runs])
        means[method] = mean.mean(axis=0)
        within = 1e9 * runs[0].position.std("device").values / (len(seeds) * walls) ** 0.5
        between = mean.std(axis=0, ddof=1) / len(seeds) ** 0.5 if len(seeds) > 1 else 0.0
        errors.append(np.maximum(within, between))
    apart = (means["rates"] - means["heun"]) / np.maximum(np.hypot(*errors), 5.0)
    print(
        f"{name}, {pace:g} A/cm2/ns, dwell {1e6 * dwell:.2f} us: {seconds['rates']:.0f} s by rates, "
        f"{seconds['heun']:.0f} s simulated; distances in standard errors (of 5 nm or more) {np.abs(apart).max():.1f} "
        f"at most, {np.sqrt(np.mean(apart**2)):.1f} rms; {np.abs(means['rates'] - means['heun']).max():.0f} nm at most"
    )
    for method, mean in means.items():
        print(f"  {method:5s}", " ".join(f"{x:4.0f}" for x in mean), "nm", flush=True)


def compare_places(walls: int, step: float, seeds: int) -> None:
    """Shares of walls in the site where they began, at the other sites and at the end, on the fastest ramp."""
    device, track = tracks()["shallow sites, one H_K"]
    pace = max(POINTS)
    values = np.linspace(0.0, LARGEST, POINTS[pace] + 1)[1:]
    last = track.wells[-1]
    middles = np.array([0.5 * (a.centre + b.centre) for a, b in pairwise(track.wells)])
    # The edge of the last site is passed by walls held at the end, but not by their mean over a second half of a dwell.
    limits = np.append(middles, last.centre + 0.8 * last.reach)
    groups = {
        "site of the start": [SITE],
        "others": [place for place in range(len(track.wells) - 1) if place != SITE],
        "last site": [len(track.wells) - 1],
        "end": [len(track.wells)],
    }
    for method, each, runs in (("heun", walls, 1), ("rates", 1000, seeds)):
        shares = []
        means = []
        for seed in range(runs):
            sweep = resistance_sweep(
                device,
                track,
                values,
                dwell=LARGEST / POINTS[pace] / device.junction_area / (pace * PACE),
                devices=each,
                initial_position=track.wells[SITE].centre,
                temperature=300.0,
                samples=4,
                step=step,
                method=method,
                seed=seed,
            )
            place = np.searchsorted(limits, sweep.position.values)
            shares.append([np.isin(place, places).mean(axis=0) for places in groups.values()])
            # A wall at the end swings away from it, by 1 to 8 nm on average, in the simulation only.
            rest = np.where(place == len(track.wells), device.track_length, sweep.position.values)
            means.append((1e9 * rest.mean(axis=0), 1e9 * sweep.position.values.mean(axis=0)))
        mean = np.mean(shares, axis=0)
        at_rest, position = np.mean(means, axis=0)
        if runs > 1:
            errors = np.std(shares, axis=0, ddof=1) / runs**0.5
            error = np.std([each[0] for each in means], axis=0, ddof=1) / runs**0.5
        else:
            errors, error = np.sqrt(mean * (1.0 - mean) / each), 1e9 * rest.std(axis=0) / each**0.5
        for point, value in enumerate(values):
            text = ", ".join(
                f"{name} {100.0 * mean[row, point]:.2f} +- {100.0 * errors[row, point]:.2f}"
                for row, name in enumerate(groups)
            )
            print(
                f"{method:5s} {1e3 * value:.2f} mA: {text} %; mean {position[point]:.1f} nm, "
                f"{at_rest[point]:.1f} +- {error[point]:.1f} with walls at the end counted there",
                flush=True,
            )


def compare_rises(walls: int) -> None:
    """Shares of walls still in their site after a current of the fastest ramp has risen, at once and in 0.2 us.

    By rates those are exp(-integral of the rate of leaving), which knows neither how walls began nor a sudden step.
    """
    device, track = tracks()["shallow sites, one H_K"]
    third, later = LARGEST / POINTS[max(POINTS)], np.array([0.05e-6, 0.4e-6, 1.6e-6])
    middles = np.array([0.5 * (a.centre + b.centre) for a, b in pairwise(track.wells)])

    def rate(site: int, current: float) -> float:
        found = escape_rates(device, Landscape((track.wells[site],)), current=current, destinations=False)
        return float(found.left_rate[0] + found.right_rate[0])

    for site, lower, upper, wait in (
        (SITE, 0.0, third, 0.0),
        (SITE, 0.0, third, 0.5e-6),
        (13, third, 2 * third, 0.5e-6),
    ):
        for rise in (1e-12, 0.2e-6):
            walk = simulate_ensemble(
                device,
                track,
                Current(PiecewiseLinear((-1e-7, 0.0, wait, wait + rise), (0.0, lower, lower, upper))),
                np.concatenate([[0.0], wait + np.array([1e-12]), wait + rise + later]),
                devices=walls,
                initial_position=track.wells[site].centre,
                temperature=300.0,
                step=20e-12,
                seed=1,
            )
            inside = np.searchsorted(middles, walk.position.values) == site
            stay = inside[:, 2:].mean(axis=0) / inside[:, 1].mean()
            errors = np.sqrt(stay * (1.0 - stay) / inside[:, 1].sum())
            rising = np.mean([rate(site, each) for each in np.linspace(lower, upper, 9)])
            by_rates = np.exp(-rising * rise - rate(site, upper) * later)
            found = (f"{100.0 * a:.1f} +- {100.0 * b:.1f}" for a, b in zip(stay, errors, strict=True))
            moments = ", ".join(f"{1e9 * each:.0f}" for each in later)
            print(
                f"{walls} walls {'settled' if wait else 'at rest'} in site {site}, {1e3 * lower:.2f} to "
                f"{1e3 * upper:.2f} mA in {1e9 * rise:.3g} ns, still there {moments} "
                f"ns later: {', '.join(found)} %; by rates {', '.join(f'{100.0 * each:.1f}' for each in by_rates)} %",
                flush=True,
            )


def compare_thresholds(anisotropy: float, pace: float, walls: int) -> None:
    """Quartiles of the threshold of the paper's site at Delta_H = 15 Oe."""
    device = DEVICE.replace(anisotropy_field=anisotropy * OERSTED)
    ramp: dict[str, Any] = {"ramp_rate": pace * PACE, "temperature": 300.0, "seed": 2}
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


def time_a_laboratorys_loops() -> None:
    """20 cycles of +-6.5 mA at 20 uA per ms, a reading each 20 uA, on tracks of 20 sites."""
    for seed, (strength, name) in enumerate(((60.0, "shallow"), (160.0, "deeper"))):
        track = random_track(
            DEVICE.replace(anisotropy_field=120.0 * OERSTED),
            20,
            seed=seed,
            coercive_field=strength * OERSTED,
            coercive_field_spread=0.2,
            half_width=18e-9,
            half_width_spread=0.15,
            anisotropy_spread=15.0 * OERSTED,
        )
        begin = time.perf_counter()
        loop = resistance_loop(
            DEVICE, track, amplitude=LARGEST, points=1300, dwell=1e-3, cycles=20, temperature=300.0, seed=1
        )
        print(
            f"a laboratory's loop of {loop.sizes['point']} readings, 20 {name} sites: "
            f"{time.perf_counter() - begin:.1f} s by {loop.attrs['method']}",
            flush=True,
        )


def main() -> None:
    """All rows, or the comparison that the arguments ask for."""
    numbers = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if numbers and numbers[0] == "rise":
        compare_rises(int(numbers[1]))
        return
    if len(numbers) == 1:
        compare_ramps(WITH_FORCE, *tracks()[WITH_FORCE], 3e2, int(numbers[0]))
        return
    if numbers:
        compare_places(int(numbers[0]), float(numbers[1]) * 1e-12, int(numbers[2]))
        return
    walls = 32 if "--quick" in sys.argv else 128
    time_a_laboratorys_loops()
    for name, (device, track) in tracks().items():
        for pace in POINTS:
            compare_ramps(name, device, track, pace, walls)
    for anisotropy in (30.0, 60.0, 100.0, 200.0):
        for pace in (1e2, 3e2, 1e3, 3e3, 1e4):
            compare_thresholds(anisotropy, pace, 2 * walls)


if __name__ == "__main__":
    main()
