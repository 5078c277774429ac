"""Fits of simulated R-I loops at 300 K whose points nobody has sorted: how many are as accurate as their errors say.

    python benchmarks/fits_of_loops.py [SEEDS]

Nine tracks of the paper's device, 7 seeds unless told otherwise, 0.4 Ohm of noise.  A row for each fit in which R_P,
TMR_0 or V_h is more than four standard errors from the truth.  About half a minute on one core.
"""

import sys

import numpy as np

from compact_model import fit_resistance, lequeux2016, lequeux2016_track, resistance_loop
from compact_model.constants import OERSTED

DEVICE = lequeux2016()
TRACKS = 9
NOISE = 0.4  # Ohm
NEAR = 0.005  # share of the track in AP, up to which a point counts as P


def main() -> None:
    """Print the fits that are far from the truth, and their number."""
    seeds = range(1, 1 + int(sys.argv[1] if len(sys.argv) > 1 else 7))
    start = DEVICE.replace(parallel_resistance=100.0, tmr=0.3, tmr_half_voltage=np.inf)
    truth = np.array([DEVICE.parallel_resistance, DEVICE.tmr, DEVICE.tmr_half_voltage])
    tracks = [lequeux2016_track(DEVICE, number) for number in range(TRACKS)]
    far = 0
    for seed in seeds:
        loop = resistance_loop(
            DEVICE, tracks, temperature=300.0, external_field=85.0 * OERSTED, seed=seed, amplitude=7e-3
        )
        noise = np.random.default_rng(2)
        for number, ohms in enumerate(loop.resistance.values):
            noisy = ohms + NOISE * noise.normal(size=ohms.size)
            found = fit_resistance(start, {"current": loop.current.values, "resistance": noisy})
            pulls = (np.array(found.values) - truth) / np.array(found.standard_errors)
            if np.abs(pulls).max() <= 4.0:
                continue
            far += 1
            bound = truth[1] / (1.0 + (loop.current.values * ohms / truth[2]) ** 2)
            at_p = int(((1.0 - truth[0] / ohms) * (1.0 + bound) / bound < NEAR).sum())
            print(
                f"seed {seed}, track {number}: R_P, TMR_0, V_h {', '.join(f'{each:.4g}' for each in found.values)}, "
                f"off by {', '.join(f'{each:.1f}' for each in pulls)} standard errors; {at_p} points of the loop in P",
                flush=True,
            )
    print(f"{far} of {TRACKS * len(seeds)} fits are more than four standard errors from the truth")


if __name__ == "__main__":
    main()
